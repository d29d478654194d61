"""What each line says, in words for somebody who has to answer a follower. A type without words of its own goes by its name."""

from collections.abc import Callable

from conversion_tracker.explain.log_positions import LogLine
from referral.events.attributions import (
    ConversionReviewed,
    ReferralAttributed,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
)
from referral.events.conversions import ConversionHeld, ConversionRejected, ConversionReversed
from referral.events.edges import ReferralInCycle, ReferralOutOfCycle
from referral.events.facts import (
    CodeScanned,
    FriendTagged,
    OrderPaid,
    OrderRefunded,
    PersonBanned,
    PersonFollowed,
    PersonUnbanned,
)
from referral.events.line import ClockTicked, type_tag
from referral.events.rewards import RewardGranted, RewardHeld, RewardRevoked

NameOf = Callable[[str], str]
"""The name of a participant by id, for people."""

_FIXED_TEXTS = {
    "person.unfollowed": "They unfollowed.",
    "edge.set": "Who brought them was noted, to count degrees and to see circles.",
    "edge.unset": "Nobody stands above them any more.",
    "edge.probed": "It was asked whether the referrals run in a circle.",
    "circle.opened": "A referral fell that might have been part of a circle.",
    "referral.qualified": "The referral did what the program pays for.",
    "conversion.cleared": "It counts and pays.",
    "reward.approved": "The reward is no longer held.",
    "reward.fulfilled": "The beneficiary has the reward.",
    "reward.delivered": "The beneficiary was told of the reward.",
    "reward.redeemed": "The reward was used.",
    "reward.expired": "The reward's time ran out unused.",
}


def describe_line(line: LogLine, name: NameOf) -> str:
    """One sentence."""
    match line:
        case ReferralAttributed() | ReferralUnattributed() | ReferralReversed():
            return _describe_attribution(line, name)
        case ConversionHeld() | ConversionRejected() | ConversionReversed():
            return _describe_screening(line)
        case RewardGranted() | RewardHeld() | RewardRevoked():
            return _describe_reward(line)
        case ConversionReviewed() | PersonBanned() | PersonUnbanned() | ReferrerBanned() | ReferrerUnbanned():
            return _describe_decision(line)
        case ReferralInCycle() | ReferralOutOfCycle():
            return _describe_cycle(line)
        case _:
            return _describe_event(line) or _FIXED_TEXTS.get(type_tag(line)) or _humanize_type(type_tag(line))


def _humanize_type(kind: str) -> str:
    return f"{kind.replace('.', ' ').replace('_', ' ').capitalize()}."


def _describe_event(line: LogLine) -> str | None:
    match line:
        case PersonFollowed():
            return _describe_follow(line)
        case CodeScanned():
            return f"They scanned {line.data.scene or line.code or 'a code'}."
        case FriendTagged():
            return f"{line.data.by} tagged them."
        case OrderPaid():
            return f"They paid order {line.data.order}: {line.data.amount} {line.data.currency}."
        case OrderRefunded():
            return f"Order {line.data.order} was given back."
        case _:
            return (
                f"The clock reached {line.occurred_at:%Y-%m-%d %H:%M} UTC." if isinstance(line, ClockTicked) else None
            )


def _describe_follow(line: PersonFollowed) -> str:
    said = [f"the code {line.code}"] if line.code else []
    said += [f"the mention {line.mention}"] if line.mention else []
    said += ["a click on a link"] if line.click else []
    return f"They followed, with {' and '.join(said)}." if said else "They followed."


def _describe_attribution(line: ReferralAttributed | ReferralUnattributed | ReferralReversed, name: NameOf) -> str:
    match line:
        case ReferralAttributed():
            by = f"{line.evidence.kind} {line.evidence.code}" if line.evidence.code else line.evidence.kind
            return f"{name(line.referrer)} brought them, by {by}, by the rules of version {line.version}."
        case ReferralUnattributed():
            return f"Nobody brought them: {line.reason}."
        case ReferralReversed():
            return f"What was said no longer holds: {line.reason} ({', '.join(line.undoes)})."


def _describe_screening(line: ConversionHeld | ConversionRejected | ConversionReversed) -> str:
    match line:
        case ConversionHeld():
            return f"Screening holds it until somebody looks: {', '.join(line.reasons)}."
        case ConversionRejected():
            return f"It neither counts nor pays: {', '.join(line.reasons)}."
        case ConversionReversed():
            return f"What counted counts no more: {line.reason}."


def _describe_decision(
    line: ConversionReviewed | PersonBanned | PersonUnbanned | ReferrerBanned | ReferrerUnbanned,
) -> str:
    """Who decided, what, and why if they said so."""
    why = line.note.strip().rstrip(".")
    note = f": {why}" if why else ""
    match line:
        case ConversionReviewed():
            return f"{'Released' if line.decision == 'cleared' else 'Rejected'} by {line.by}{note}."
        case PersonBanned() | ReferrerBanned():
            return f"{line.person} was banned by {line.by}{note}."
        case PersonUnbanned() | ReferrerUnbanned():
            return f"{line.person} was let in again by {line.by}{note}."


def _describe_cycle(line: ReferralInCycle | ReferralOutOfCycle) -> str:
    if isinstance(line, ReferralInCycle):
        return f"It closed a circle of {len(line.circle)} referrals, of which it is the newest."
    return "The circle that it had closed is open again."


def _describe_reward(line: RewardGranted | RewardHeld | RewardRevoked) -> str:
    match line:
        case RewardGranted():
            friends = milestone_count(line.trigger)
            why = f" for {friends} {'friend' if friends == 1 else 'friends'}" if friends else ""
            return f"{line.beneficiary} is owed {line.rule} ({line.kind}), as {line.role}{why}."
        case RewardHeld():
            return f"The reward waits: {line.reason}."
        case RewardRevoked():
            return f"The reward was taken back: {line.reason}."


def milestone_count(trigger: str) -> int | None:
    """How many friends a reward is for; None where it is for one conversion."""
    kind, _, number = trigger.partition(":")
    return int(number) if kind == "milestone" and number.isdecimal() else None
