"""Who brought whom: verdicts of the attribute fold, in `referral.attributions`, keyed by program and referrer.

For every follower exactly one of `referral.attributed` (somebody brought them) and `referral.unattributed` (nobody did) stands
at any time; `referral.qualified` follows an attribution once the program's qualifying event has happened.
"""

from typing import Literal

from msgspec import Struct

from referral.events.edges import EdgeFact
from referral.events.facts import Channel
from referral.events.line import ClockTicked, Derived, Id, Moment, Name, PersonId

EvidenceKind = Literal["code", "click", "scan", "mention", "tag"]
Stage = Literal["attributed", "qualified", "unattributed"]
UnattributedReason = Literal[
    "no_evidence", "expired", "self_referral", "unknown_code", "unknown_mention", "program_closed", "refollowed"
]
ReversalReason = Literal["unfollowed", "refunded", "corrected"]


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The touch that won: what kind, when, in which fact, and through which channel, content and call to action."""

    kind: EvidenceKind
    touched_at: Moment
    event: Id
    code: Name | None = None
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None


class Referral(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A referral: `referrer` (a participant id) brought `person`."""

    id: Id
    person: PersonId
    referrer: Id
    version: int
    evidence: Evidence
    device: str | None = None


class ReferralAttributed(Referral, frozen=True, kw_only=True, tag="referral.attributed"):
    """A follower was brought by a referrer."""


class ReferralQualified(Referral, frozen=True, kw_only=True, tag="referral.qualified"):
    """The referral did what the program pays for; `followed_at` is the follow it rests on."""

    followed_at: Moment


class ReferralUnattributed(Derived, frozen=True, kw_only=True, tag="referral.unattributed"):
    """A follower whom nobody brought, and why we think so. Keyed by the person."""

    person: PersonId
    reason: UnattributedReason


class ReferralReversed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="referral.reversed"):
    """What was said of a person no longer holds. `undoes` says which lines; `since` is when the undone follow was.

    `referrer` and `id` are empty where the person had been unattributed.
    """

    person: PersonId
    undoes: tuple[Stage, ...]
    reason: ReversalReason
    since: Moment
    referrer: Id | None = None
    id: Id | None = None


AttributionLine = (
    ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed | EdgeFact | ClockTicked
)


def attribution_key(line: ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed) -> str:
    """Program and referrer; where nobody brought the person, program and person."""
    return f"{line.program}|{getattr(line, 'referrer', None) or line.person}"
