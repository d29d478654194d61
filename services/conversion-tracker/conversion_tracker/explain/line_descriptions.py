"""A sentence for each line of a trace, for support staff. A type without a sentence is described by its name."""

from dataclasses import dataclass

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.explain.grant_descriptions import describe_grant
from conversion_tracker.explain.log_positions import LogLine
from conversion_tracker.named_person import note_text
from referral.events.attributions import (
    ConversionAppealed,
    ConversionReviewed,
    EvidenceKind,
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
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    OrderReinstated,
    PersonBanned,
    PersonFollowed,
    PersonUnbanned,
)
from referral.events.line import ClockTicked, type_tag
from referral.events.rewards import (
    RewardActionRequested,
    RewardAdjusted,
    RewardGranted,
    RewardHeld,
    RewardRevoked,
    RewardStopped,
)


@dataclass(frozen=True, slots=True)
class LineTexts:
    """The texts behind the ids in the lines about a person, from the directory: names, mentions and notes."""

    program: str
    person: str
    referrers: KnownReferrers

    def name(self, person: str) -> str:
        """Display name and platform id of a person; the person id if they were erased."""
        return self.referrers.label(person)

    def evidence(self, kind: EvidenceKind, code: str | None) -> str | None:
        """The code of evidence as people know it."""
        return self.referrers.evidence_text(self.program, kind, code)

    def note(self, person: str, note: str | None) -> str:
        """The text of a note about a person; empty without one, and after an erasure."""
        return note_text(person, note, self.referrers.people) or ""


_FIXED_TEXTS = {
    "person.unfollowed": "They unfollowed.",
    "edge.set": "Their referrer was recorded in the referral graph.",
    "edge.unset": "Their referrer was removed from the referral graph.",
    "edge.probed": "The referral graph was searched for a referral cycle.",
    "circle.opened": "A referral that may have been part of a referral cycle was reversed.",
    "reach.changed": "The friends of their friends were counted for the people above them.",
    "reach.refresh_requested": "Everyone below them was counted again for their referrer.",
    "referral.qualified": "The referral qualified.",
    "referral.ordered": "The order counts for the referral: rewards for orders may follow from it.",
    "referral.order_refunded": "The refund counts for the referral: rewards for the order shrink or end.",
    "referral.order_reinstated": "The order is valid after all, for the referral too: its rewards are due again.",
    "conversion.order_reinstated": "The reinstatement of the order was passed on to the conversion.",
    "order.reported": "What happened to the order was passed on to the ledger, for the code that it was paid with.",
    "order.code_sought": "The reward of the order's code was looked for.",
    "order.code_taken": "The reward of the order's code was used for the order.",
    "order.code_refused": "The code of the order was not taken.",
    "conversion.ordered": "The order was passed on to the conversion; it pays while the conversion is cleared.",
    "conversion.order_refunded": "The refund was passed on to the conversion.",
    "conversion.cleared": "The conversion passed screening: it counts and pays.",
    "reward.approved": "The reward is no longer held.",
    "reward.fulfilled": "The beneficiary has received the reward.",
    "reward.delivered": "The beneficiary was notified of the reward.",
    "reward.redeemed": "The reward was redeemed.",
    "clawback.opened": "The reward had been used: what was used stays used, and is owed until credit or an operator settles it.",
    "redemption.requested": "A shop asked to use or hold the reward.",
    "redemption.refused": "The shop's request was refused.",
    "redemption.held": "The reward, or a part of it, is held for an order.",
    "redemption.released": "A hold ended without a use.",
    "redemption.returned": "A use, or a part of it, was given back.",
    "redemption.change_requested": "A shop asked to change a redemption: to capture or release a hold, or to give a use back.",
    "balance.offset_requested": "The reward changed: debt and credit of its beneficiary are compared.",
    "budget.charge_review_requested": "A use of the revoked reward changed: what its budgets are charged follows.",
    "reward.offset": "Credit and debt of the beneficiary were set off.",
    "reward.action_refused": "The operator's decision was refused: it is not legal in the state that the reward was in.",
    "reward.released": "An operator's hold of the reward ended.",
    "reward.restored": "An operator gave the reward back.",
    "reward.expired": "The reward expired without being used.",
    "budget.requested": "The reward waits for its budget.",
    "budget.allotted": "The budget has enough for the reward.",
}


def describe_line(line: LogLine, texts: LineTexts) -> str:  # noqa: PLR0911 - a table
    """One sentence about the line."""
    match line:
        case ReferralAttributed() | ReferralUnattributed() | ReferralReversed():
            return _describe_attribution(line, texts)
        case ConversionHeld() | ConversionRejected() | ConversionReversed():
            return _describe_screening(line)
        case RewardGranted() | RewardStopped() | RewardAdjusted():
            return describe_grant(line, texts.name(line.beneficiary))
        case RewardHeld() | RewardRevoked() | RewardActionRequested():
            return _describe_reward(line, texts)
        case (
            ConversionReviewed()
            | ConversionAppealed()
            | PersonBanned()
            | PersonUnbanned()
            | ReferrerBanned()
            | ReferrerUnbanned()
        ):
            return _describe_decision(line, texts)
        case ReferralInCycle() | ReferralOutOfCycle():
            return _describe_cycle(line)
        case _:
            return _describe_event(line, texts) or _FIXED_TEXTS.get(type_tag(line)) or _humanize_type(type_tag(line))


def _humanize_type(type_name: str) -> str:
    return f"{type_name.replace('.', ' ').replace('_', ' ').capitalize()}."


def _describe_event(line: LogLine, texts: LineTexts) -> str | None:
    match line:
        case PersonFollowed():
            return _describe_follow(line, texts)
        case CodeScanned():
            code = line.data.scene or line.code
            return f"They scanned the code {code}." if code else "They scanned a code."
        case FriendTagged():
            return f"{texts.name(line.data.by)} tagged them."
        case OrderPaid() | OrderRefunded() | OrderCancelled() | OrderReinstated():
            return _describe_order(line)
        case ClockTicked():
            return f"The clock reached {line.occurred_at:%Y-%m-%d %H:%M} UTC."
        case _:
            return None


def _describe_order(line: OrderPaid | OrderRefunded | OrderCancelled | OrderReinstated) -> str:
    match line:
        case OrderPaid():
            return f"They paid order {line.data.order}: {line.data.amount} {line.data.currency}."
        case OrderRefunded():
            part = f" in part ({line.data.amount})" if line.data.amount else ""
            return f"Order {line.data.order} was refunded{part}."
        case OrderCancelled():
            return f"Order {line.data.order} was cancelled."
        case OrderReinstated():
            return f"Order {line.data.order} is valid after all."


def _describe_follow(line: PersonFollowed, texts: LineTexts) -> str:
    evidence = [f"the code {line.code}"] if line.code else []
    if line.mention:
        mention = texts.evidence("mention", line.mention)
        evidence.append(f"the mention {mention}" if mention else "a mention")
    evidence += ["a click on a link"] if line.click else []
    return f"They followed with {' and '.join(evidence)}." if evidence else "They followed."


def _describe_attribution(line: ReferralAttributed | ReferralUnattributed | ReferralReversed, texts: LineTexts) -> str:
    match line:
        case ReferralAttributed():
            code = texts.evidence(line.evidence.kind, line.evidence.code)
            by = f"{line.evidence.kind} {code}" if code else line.evidence.kind
            qualified = "; the referral qualified with the follow" if line.qualified else ""
            return f"{texts.name(line.referrer)} referred them by {by}, under version {line.version} of the rules{qualified}."
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


_DECISIONS = {"cleared": "Released", "rejected": "Rejected", "withdrawn": "The decision was taken back"}


def _describe_decision(
    line: ConversionReviewed | ConversionAppealed | PersonBanned | PersonUnbanned | ReferrerBanned | ReferrerUnbanned,
    texts: LineTexts,
) -> str:
    """Who decided what, and the note if there is one."""
    match line:
        case ConversionReviewed():
            return f"{_DECISIONS[line.decision]} by {line.by}{_note(texts.person, line.note, texts)}."
        case ConversionAppealed():
            return f"The referrer asked for another look{_note(line.referrer, line.note, texts)}."
        case PersonBanned(person=person) | ReferrerBanned(referrer=person):
            return f"{texts.name(person)} was banned by {line.by}{_note(person, line.note, texts)}."
        case PersonUnbanned(person=person) | ReferrerUnbanned(referrer=person):
            return f"{texts.name(person)} was unbanned by {line.by}{_note(person, line.note, texts)}."


def _note(person: str, note: str | None, texts: LineTexts) -> str:
    text = texts.note(person, note).strip().rstrip(".")
    return f": {text}" if text else ""


def _describe_cycle(line: ReferralInCycle | ReferralOutOfCycle) -> str:
    if isinstance(line, ReferralInCycle):
        return f"It closed a referral cycle of {len(line.circle)} referrals, and is the newest of them."
    return "The referral cycle that it had closed no longer exists."


def _describe_reward(line: RewardHeld | RewardRevoked | RewardActionRequested, texts: LineTexts) -> str:
    match line:
        case RewardHeld():
            return f"The reward is held: {line.reason}{f' {line.budget}' if line.budget else ''}."
        case RewardRevoked():
            return f"The reward was revoked: {line.reason}."
        case RewardActionRequested():
            return f"Operator {line.by} decided about the reward: {line.action}{_note(line.beneficiary, line.note, texts)}."
