"""Attribution verdicts of the attribute fold, in `referral.attributions`, keyed by program and referrer.

For every follower exactly one of `referral.attributed` (credited to a referrer) and `referral.unattributed` is valid
at any time; `referral.qualified` follows an attribution once the program's qualifying event has happened.

Operators' decisions about a referrer or a conversion are on this topic too, so that screening reads them in log order.
"""

from typing import Literal, assert_never

from msgspec import Struct

from referral.events.edges import EdgeFact
from referral.events.facts import Channel, DecidingKey
from referral.events.keys import person_key, referrer_key
from referral.events.line import ClockTicked, Derived, Id, Name, PersonId, Text, Timestamp

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

    `partner` is the partner who referred them, or for whom the link was created; `campaign` is the link's.
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


class Referral(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A referral: `referrer` (a participant id) referred `person`; `referrer_kind` distinguishes followers and partners.

    `device`, `network` and `handle` are those of the first follow; `spells` is how often the person began to follow.
    """

    id: Id
    person: PersonId
    referrer: Id
    version: int
    evidence: Evidence
    device: str | None = None
    network: str | None = None
    handle: str | None = None
    spells: int = 1
    referrer_kind: ReferrerKind = "follower"


class ReferralAttributed(Referral, frozen=True, kw_only=True, tag="referral.attributed"):
    """A follower was credited to a referrer."""


class ReferralQualified(Referral, frozen=True, kw_only=True, tag="referral.qualified"):
    """The referral did what the program pays for; `followed_at` is the follow it rests on."""

    followed_at: Timestamp


class ReferralUnattributed(Derived, frozen=True, kw_only=True, tag="referral.unattributed"):
    """A follower without a referrer, and the reason. Keyed by the person."""

    person: PersonId
    reason: UnattributedReason


class ReferralReversed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="referral.reversed"):
    """What was published about a person is no longer valid. `undoes` names the stages; `since` is when the undone follow was.

    `referrer` and `id` are empty where the person had been unattributed.
    """

    person: PersonId
    undoes: tuple[Stage, ...]
    reason: ReversalReason
    since: Timestamp
    referrer: Id | None = None
    id: Id | None = None


class ConversionReviewed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.reviewed"):
    """An operator's decision about a conversion: it counts, or it does not, whatever the rules found."""

    id: Id
    referral: Id
    referrer: Id
    decision: Literal["cleared", "rejected"]
    by: Name
    note: Text = ""
    api_key: DecidingKey = None


class ReferrerBanDecision(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A ban decision, forwarded to the partition of the person's referrals: `referrer` is their participant id, enrolled or not."""

    referrer: Id
    person: PersonId
    by: Name
    note: Text = ""
    api_key: DecidingKey = None


class ReferrerBanned(ReferrerBanDecision, frozen=True, kw_only=True, tag="referrer.banned"):
    """No referral of this referrer counts, earlier or later ones."""


class ReferrerUnbanned(ReferrerBanDecision, frozen=True, kw_only=True, tag="referrer.unbanned"):
    """The referrer's referrals count again as if there had been no ban."""


ReferralLine = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed
DecisionLine = ConversionReviewed | ReferrerBanned | ReferrerUnbanned
AttributionLine = ReferralLine | DecisionLine | EdgeFact | ClockTicked


def attribution_key(line: ReferralLine | DecisionLine) -> str:
    """The key of the referrer; if the person is unattributed, of the person."""
    match line:
        case ReferralAttributed() | ReferralQualified() | ConversionReviewed() | ReferrerBanned() | ReferrerUnbanned():
            return referrer_key(line.program, line.referrer)
        case ReferralUnattributed():
            return person_key(line.program, line.person)
        case ReferralReversed(referrer=referrer):
            return referrer_key(line.program, referrer) if referrer else person_key(line.program, line.person)
        case _:
            assert_never(line)
