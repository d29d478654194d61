"""From two verdicts on a person to what has to be said: what no longer holds is taken back, what holds now is said."""

from datetime import datetime

from msgspec import Struct

from conversion_tracker.domain.history import Touch
from conversion_tracker.domain.judgement import Standing
from referral.events.attributions import (
    Evidence,
    EvidenceKind,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    UnattributedReason,
)
from referral.events.ids import referral_id
from referral.events.moment import to_datetime

Saying = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed


class Said(Struct, frozen=True, array_like=True, gc=False):
    """What stands on the log about a person: enough to see whether a verdict differs, and to take it back.

    `first` is the first follow's id, which fixes rules and device; `event` and `kind` name the winning touch (`event` is empty
    where that was the first follow itself).
    """

    since: int
    first: str
    referrer: str | None = None
    kind: EvidenceKind | None = None
    event: str | None = None
    reason: UnattributedReason | None = None


def said_of(now: Standing) -> Said:
    """What stands on the log once this verdict was said."""
    first, touch = now.first.id, now.touch
    if touch is None:
        return Said(now.since, first, reason=now.reason)
    return Said(now.since, first, touch.referrer, touch.kind, None if touch.event == first else touch.event)


def difference(program: str, person: str, said: Said | None, now: Standing | None, ended: int | None) -> list[Saying]:
    """What to say where `now` is the verdict and `said` another one's trace. `ended` is the last unfollow (ms)."""
    sayings: list[Saying] = []
    if said is not None:
        sayings.append(_taken_back(program, person, said, ended if now is None else None))
    if now is not None and now.touch is not None:
        sayings += _brought(program, person, now, now.touch)
    elif now is not None:
        sayings.append(_came(program, person, now))
    return sayings


def _taken_back(program: str, person: str, said: Said, ended: int | None) -> ReferralReversed:
    """An unfollow is dated when it happened; a correction, when that which it corrects was."""
    return ReferralReversed(
        occurred_at=to_datetime(said.since if ended is None else ended),
        program=program,
        person=person,
        undoes=("attributed", "qualified") if said.referrer else ("unattributed",),
        reason="corrected" if ended is None else "unfollowed",
        since=to_datetime(said.since),
        referrer=said.referrer,
        id=referral_id(program, person, said.referrer) if said.referrer else None,
    )


def _came(program: str, person: str, now: Standing) -> ReferralUnattributed:
    reason = now.reason or "no_evidence"
    return ReferralUnattributed(occurred_at=to_datetime(now.since), program=program, person=person, reason=reason)


def _brought(program: str, person: str, now: Standing, touch: Touch) -> tuple[ReferralAttributed, ReferralQualified]:
    """A follow is what the program pays for, so a referral is attributed and qualified at once."""
    since = to_datetime(now.since)
    evidence = _evidence(touch, since if touch.at == now.since else to_datetime(touch.at))
    referral = referral_id(program, person, touch.referrer)
    attributed = ReferralAttributed(
        occurred_at=since,
        program=program,
        id=referral,
        person=person,
        referrer=touch.referrer,
        version=now.first.version,
        evidence=evidence,
        device=now.first.device,
    )
    qualified = ReferralQualified(
        occurred_at=since,
        program=program,
        id=referral,
        person=person,
        referrer=touch.referrer,
        version=now.first.version,
        evidence=evidence,
        device=now.first.device,
        followed_at=since,
    )
    return attributed, qualified


def _evidence(touch: Touch, touched_at: datetime) -> Evidence:
    return Evidence(
        kind=touch.kind,
        touched_at=touched_at,
        event=touch.event,
        code=touch.code,
        channel=touch.channel,
        content=touch.content,
        cta=touch.cta,
    )
