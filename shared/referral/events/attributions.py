"""Attribution verdicts of the attribute fold, in `referral.attributions`, keyed by program and referrer.

For every follower exactly one of `referral.attributed` (credited to a referrer) and `referral.unattributed` is valid
at any time. An attribution that qualifies with the follow says so itself (`qualified`); otherwise `referral.qualified` follows it
once the program's qualifying event has happened.

Operators' decisions about a referrer or a conversion are on this topic too, so that screening reads them in log order.
"""

from datetime import datetime
from typing import Literal, assert_never

from msgspec import Struct

from referral.events.edges import EdgeFact
from referral.events.facts import Amount, Channel, Currency, DecidingKey, Note
from referral.events.keys import person_key, referrer_key
from referral.events.line import ClockTicked, Derived, Id, Name, PersonId, Timestamp

EvidenceKind = Literal["code", "click", "scan", "mention", "tag"]
Stage = Literal["attributed", "qualified", "unattributed"]
UnattributedReason = Literal[
    "no_evidence",
    "expired",
    "self_referral",
    "unknown_code",
    "unknown_mention",
    "program_closed",
    "refollowed",
    "banned",
]
# `banned`: the referee; for a banned referrer, see `referrer.banned`.
ReversalReason = Literal["unfollowed", "refunded", "corrected", "banned"]
ReferrerKind = Literal["follower", "partner"]


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The touch that won: what kind, when, in which fact, and through which channel, content and call to action.

    `partner` is the partner who referred them, or for whom the link was created; `campaign` is the link's. `root` is who began
    the chain of sharers, if that was not the referrer.
    """

    kind: EvidenceKind
    touched_at: Timestamp
    event: Id
    code: Name | None = None
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None
    partner: Id | None = None
    campaign: Name | None = None
    root: PersonId | None = None


class Referral(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A referral: `referrer` referred `person`; `referrer_kind` distinguishes followers and partners.

    `device`, `network`, `look_alike` and `handle_matches` are those of the first follow,
    and `spells` is how often the person began to follow.
    """

    id: Id
    person: PersonId
    referrer: Id
    version: int
    evidence: Evidence
    device: str | None = None
    network: str | None = None
    look_alike: str | None = None
    handle_matches: tuple[int, ...] = ()
    spells: int = 1
    referrer_kind: ReferrerKind = "follower"


class ReferralAttributed(Referral, frozen=True, kw_only=True, tag="referral.attributed"):
    """A follower was credited to a referrer. `qualified`: the follow is what the program pays for; no other line says so."""

    qualified: bool = False

    @property
    def followed_at(self) -> datetime:
        """The follow that it rests on."""
        return self.occurred_at

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What becomes valid by this line; a reversal `undoes` the same."""
        return ("attributed", "qualified") if self.qualified else ("attributed",)


class ReferralQualified(Referral, frozen=True, kw_only=True, tag="referral.qualified"):
    """The referral did what the program pays for, later than the follow that it rests on (`followed_at`)."""

    followed_at: Timestamp

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What becomes valid by this line; a reversal `undoes` the same."""
        return ("qualified",)


class ReferralOrder(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What happened to an order of a referred person, if the program rewards orders. Keyed by the referrer."""

    id: Id
    person: PersonId
    referrer: Id
    evidence: Evidence
    order: Id
    referrer_kind: ReferrerKind = "follower"


class ReferralOrdered(ReferralOrder, frozen=True, kw_only=True, omit_defaults=True, tag="referral.ordered"):
    """The order was paid. `followed_at` is the person's first follow, `amount` in the main unit of the currency.

    Repeated when the referral is attributed (again): a further one of the same order changes nothing.
    """

    followed_at: Timestamp
    amount: Amount
    currency: Currency


class ReferralOrderRefunded(
    ReferralOrder, frozen=True, kw_only=True, omit_defaults=True, tag="referral.order_refunded"
):
    """The order was refunded: all of it, or (with `amount`) a part. `refund` identifies it: its event's id."""

    refund: Id
    amount: Amount | None = None


class ReferralUnattributed(Derived, frozen=True, kw_only=True, tag="referral.unattributed"):
    """A follower without a referrer, and the reason. Keyed by the person."""

    person: PersonId
    reason: UnattributedReason


class ReferralReversed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="referral.reversed"):
    """What was published about a person is no longer valid. `undoes` names the stages; `since` is when the undone follow was.

    `referrer` and `id` are empty where the person had been unattributed; channel, content, call to action and partner are those of
    the referral's evidence.
    """

    person: PersonId
    undoes: tuple[Stage, ...]
    reason: ReversalReason
    since: Timestamp
    referrer: Id | None = None
    id: Id | None = None
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None
    partner: Id | None = None


class ConversionReviewed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.reviewed"):
    """An operator's decision about a conversion: it counts, or it does not, whatever the rules found.

    `withdrawn` takes the decision back: what the rules found is in force again.
    """

    id: Id
    referral: Id
    referrer: Id
    decision: Literal["cleared", "rejected", "withdrawn"]
    by: Name
    note: Note = None
    api_key: DecidingKey = None


class ConversionAppealed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.appealed"):
    """The referrer asks for another look at a conversion that does not count: once, and it changes nothing by itself."""

    id: Id
    referral: Id
    referrer: Id
    note: Note = None


class ReferrerBanDecision(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A ban decision, forwarded to the partition of the person's referrals, whether `referrer` is enrolled or not."""

    referrer: PersonId
    by: Name
    note: Note = None
    api_key: DecidingKey = None


class ReferrerBanned(ReferrerBanDecision, frozen=True, kw_only=True, tag="referrer.banned"):
    """No referral of this referrer counts, earlier or later ones."""


class ReferrerUnbanned(ReferrerBanDecision, frozen=True, kw_only=True, tag="referrer.unbanned"):
    """The referrer's referrals count again as if there had been no ban."""


class ReferralOrderReinstated(
    ReferralOrder, frozen=True, kw_only=True, omit_defaults=True, tag="referral.order_reinstated"
):
    """The order is valid after all: what was refunded before is void. `reinstatement` is the id of its event."""

    reinstatement: Id


QualifyingLine = ReferralAttributed | ReferralQualified
"""A line by which a referral may qualify: an attribution that is `qualified`, or `referral.qualified`."""

ReferralLine = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed
OrderLine = ReferralOrdered | ReferralOrderRefunded | ReferralOrderReinstated
DecisionLine = ConversionReviewed | ConversionAppealed | ReferrerBanned | ReferrerUnbanned
AttributionLine = ReferralLine | OrderLine | DecisionLine | EdgeFact | ClockTicked


def attribution_key(line: ReferralLine | OrderLine | DecisionLine) -> str:
    """The key of the referrer; if the person is unattributed, of the person."""
    match line:
        case (
            ReferralAttributed()
            | ReferralQualified()
            | ReferralOrdered()
            | ReferralOrderRefunded()
            | ReferralOrderReinstated()
            | ConversionReviewed()
            | ConversionAppealed()
            | ReferrerBanned()
            | ReferrerUnbanned()
        ):
            return referrer_key(line.program, line.referrer)
        case ReferralUnattributed():
            return person_key(line.program, line.person)
        case ReferralReversed(referrer=referrer):
            return referrer_key(line.program, referrer) if referrer else person_key(line.program, line.person)
        case _:
            assert_never(line)
