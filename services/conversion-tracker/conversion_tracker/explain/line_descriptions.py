"""A sentence for each line of a trace, for support staff. A type without a sentence is described by its name."""

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
"""Returns the display name of a participant by id."""

_FIXED_TEXTS = {
    "person.unfollowed": "They unfollowed.",
    "edge.set": "Their referrer was recorded in the referral graph.",
    "edge.unset": "Their referrer was removed from the referral graph.",
    "edge.probed": "The referral graph was searched for a referral cycle.",
    "circle.opened": "A referral that may have been part of a referral cycle was reversed.",
    "referral.qualified": "The referral qualified.",
    "conversion.cleared": "The conversion passed screening: it counts and pays.",
    "reward.approved": "The reward is no longer held.",
    "reward.fulfilled": "The beneficiary has received the reward.",
    "reward.delivered": "The beneficiary was notified of the reward.",
    "reward.redeemed": "The reward was redeemed.",
    "clawback.opened": "The reward had been used: it stays redeemed, and an operator decides whether to reclaim its value.",
    "reward.expired": "The reward expired without being used.",
}


def describe_line(line: LogLine, name: NameOf) -> str:
    """One sentence about the line."""
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


def _humanize_type(type_name: str) -> str:
    return f"{type_name.replace('.', ' ').replace('_', ' ').capitalize()}."


def _describe_event(line: LogLine) -> str | None:
    match line:
        case PersonFollowed():
            return _describe_follow(line)
        case CodeScanned():
            code = line.data.scene or line.code
            return f"They scanned the code {code}." if code else "They scanned a code."
        case FriendTagged():
            return f"{line.data.by} tagged them."
        case OrderPaid() | OrderRefunded():
            return _describe_order(line)
        case ClockTicked():
            return f"The clock reached {line.occurred_at:%Y-%m-%d %H:%M} UTC."
        case _:
            return None


def _describe_order(line: OrderPaid | OrderRefunded) -> str:
    if isinstance(line, OrderPaid):
        return f"They paid order {line.data.order}: {line.data.amount} {line.data.currency}."
    return f"Order {line.data.order} was refunded."


def _describe_follow(line: PersonFollowed) -> str:
    evidence = [f"the code {line.code}"] if line.code else []
    evidence += [f"the mention {line.mention}"] if line.mention else []
    evidence += ["a click on a link"] if line.click else []
    return f"They followed with {' and '.join(evidence)}." if evidence else "They followed."


def _describe_attribution(line: ReferralAttributed | ReferralUnattributed | ReferralReversed, name: NameOf) -> str:
    match line:
        case ReferralAttributed():
            by = f"{line.evidence.kind} {line.evidence.code}" if line.evidence.code else line.evidence.kind
            return f"{name(line.referrer)} referred them by {by}, under version {line.version} of the rules."
        case ReferralUnattributed():
            return f"They have no referrer: {line.reason}."
        case ReferralReversed():
            return f"The attribution was reversed: {line.reason} ({', '.join(line.undoes)})."


def _describe_screening(line: ConversionHeld | ConversionRejected | ConversionReversed) -> str:
    match line:
        case ConversionHeld():
            return f"Screening holds the conversion for manual review: {', '.join(line.reasons)}."
        case ConversionRejected():
            return f"The conversion was rejected, so it neither counts nor pays: {', '.join(line.reasons)}."
        case ConversionReversed():
            return f"The conversion was reversed: {line.reason}."


def _describe_decision(
    line: ConversionReviewed | PersonBanned | PersonUnbanned | ReferrerBanned | ReferrerUnbanned,
) -> str:
    """Who decided what, and the note if there is one."""
    text = line.note.strip().rstrip(".")
    note = f": {text}" if text else ""
    match line:
        case ConversionReviewed():
            return f"{'Released' if line.decision == 'cleared' else 'Rejected'} by {line.by}{note}."
        case PersonBanned() | ReferrerBanned():
            return f"{line.person} was banned by {line.by}{note}."
        case PersonUnbanned() | ReferrerUnbanned():
            return f"{line.person} was unbanned by {line.by}{note}."


def _describe_cycle(line: ReferralInCycle | ReferralOutOfCycle) -> str:
    if isinstance(line, ReferralInCycle):
        return f"It closed a referral cycle of {len(line.circle)} referrals, and is the newest of them."
    return "The referral cycle that it had closed no longer exists."


def _describe_reward(line: RewardGranted | RewardHeld | RewardRevoked) -> str:
    match line:
        case RewardGranted():
            friends = milestone_count(line.trigger)
            reason = f" for {friends} {'friend' if friends == 1 else 'friends'}" if friends else ""
            return f"{line.beneficiary} was granted {line.rule} ({line.kind}) as {line.role}{reason}."
        case RewardHeld():
            return f"The reward is held: {line.reason}."
        case RewardRevoked():
            return f"The reward was revoked: {line.reason}."


def milestone_count(trigger: str) -> int | None:
    """How many friends a milestone reward is for; None for a reward for one conversion."""
    kind, _, number = trigger.partition(":")
    return int(number) if kind == "milestone" and number.isdecimal() else None
