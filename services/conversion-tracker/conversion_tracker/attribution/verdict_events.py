"""From two verdicts on a person to what has to be said: what no longer holds is taken back, what holds now is said."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.attribution.history import Course, Touch
from conversion_tracker.attribution.verdict import Standing
from conversion_tracker.bans.ban import Ban
from referral.events.attributions import (
    Evidence,
    EvidenceKind,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReversalReason,
    Stage,
    UnattributedReason,
)
from referral.events.ids import referral_id
from referral.events.timestamps import to_datetime

Saying = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed


class Said(Struct, frozen=True, array_like=True, gc=False):
    """What stands on the log about a person: enough to see whether a verdict differs, and to take it back.

    `spells` is how often a person who was brought began to follow. `first` is the first follow's id, which fixes rules, device,
    network and handle; `event` and `kind` name the winning touch (`event` is empty where that was the first follow itself).
    `qualified` is when it qualified (ms): 0 with the follow, None not yet.
    """

    since: int
    first: str
    referrer: str | None = None
    kind: EvidenceKind | None = None
    event: str | None = None
    reason: UnattributedReason | None = None
    qualified: int | None = 0
    spells: int = 1


def said_of(now: Standing) -> Said:
    """What stands on the log once this verdict was said."""
    first, touch = now.first.id, now.touch
    if touch is None:
        return Said(now.since, first, reason=now.reason)
    event = None if touch.event == first else touch.event
    qualified = 0 if now.qualified == now.since else now.qualified
    return Said(now.since, first, touch.referrer, touch.kind, event, None, qualified, now.spells)


def difference(
    program: str, person: str, said: Said | None, now: Standing | None, course: Course, ban: Ban | None = None
) -> list[Saying]:
    """What to say where `now` is the verdict and `said` another one's trace. `course` and `ban` tell when what fell has fallen."""
    sayings: list[Saying] = []
    if said is not None:
        if now is not None and now.touch is not None and replace(said_of(now), qualified=said.qualified) == said:
            return _requalified(program, person, said, now, now.touch, course)
        sayings.append(_taken_back(program, person, said, *_fall(said, now, course, ban)))
    if now is not None and now.touch is not None:
        sayings += _brought(program, person, now, now.touch)
    elif now is not None:
        sayings.append(_came(program, person, now))
    return sayings


def _fall(said: Said, now: Standing | None, course: Course, ban: Ban | None) -> tuple[int, ReversalReason]:
    """When (ms) and why it fell. An unfollow and a ban are dated when they happened; a correction, when what it corrects was."""
    if now is None and course.ended is not None:
        return course.ended, "unfollowed"
    if now is not None and now.reason == "banned" and said.reason != "banned" and ban is not None:
        return ban.at, "banned"
    return said.since, "corrected"


def _taken_back(program: str, person: str, said: Said, fell: int, reason: ReversalReason) -> ReferralReversed:
    return ReferralReversed(
        occurred_at=to_datetime(fell),
        program=program,
        person=person,
        undoes=_stages(said),
        reason=reason,
        since=to_datetime(said.since),
        referrer=said.referrer,
        id=referral_id(program, person, said.referrer) if said.referrer else None,
    )


def _stages(said: Said) -> tuple[Stage, ...]:
    if not said.referrer:
        return ("unattributed",)
    return ("attributed",) if said.qualified is None else ("attributed", "qualified")


def _requalified(program: str, person: str, said: Said, now: Standing, touch: Touch, course: Course) -> list[Saying]:
    """The same referral, qualified at another moment, or no more, or at last."""
    sayings: list[Saying] = []
    if said.qualified is not None:
        sayings.append(_disqualified(program, person, said, now, course))
    if now.qualified is not None:
        sayings.append(_qualified(_attributed(program, person, now, touch), now.since, now.qualified))
    return sayings


def _disqualified(program: str, person: str, said: Said, now: Standing, course: Course) -> ReferralReversed:
    """A refund if the order it rested on is gone: dated then. A correction if an earlier order has come to light."""
    was = said.qualified or said.since
    refunded = now.qualified is None or now.qualified > was
    return ReferralReversed(
        occurred_at=to_datetime(max((one.at for one in course.refunds), default=was) if refunded else was),
        program=program,
        person=person,
        undoes=("qualified",),
        reason="refunded" if refunded else "corrected",
        since=to_datetime(said.since),
        referrer=said.referrer,
        id=referral_id(program, person, said.referrer or ""),
    )


def _came(program: str, person: str, now: Standing) -> ReferralUnattributed:
    reason = now.reason or "no_evidence"
    return ReferralUnattributed(occurred_at=to_datetime(now.since), program=program, person=person, reason=reason)


def _brought(program: str, person: str, now: Standing, touch: Touch) -> list[Saying]:
    """Attributed with the follow; qualified in a line of its own, at once or later."""
    attributed = _attributed(program, person, now, touch)
    if now.qualified is None:
        return [attributed]
    return [attributed, _qualified(attributed, now.since, now.qualified)]


def _attributed(program: str, person: str, now: Standing, touch: Touch) -> ReferralAttributed:
    since = to_datetime(now.since)
    return ReferralAttributed(
        occurred_at=since,
        program=program,
        id=referral_id(program, person, touch.referrer),
        person=person,
        referrer=touch.referrer,
        version=now.first.version,
        evidence=_evidence(touch, since if touch.at == now.since else to_datetime(touch.at)),
        device=now.first.device,
        network=now.first.network,
        handle=now.first.handle,
        spells=now.spells,
        referrer_kind="partner" if touch.by_partner else "follower",
    )


def _qualified(attributed: ReferralAttributed, since: int, qualified: int) -> ReferralQualified:
    """The line that a referral qualified, after the one that it was attributed."""
    return ReferralQualified(
        occurred_at=attributed.occurred_at if qualified == since else to_datetime(qualified),
        program=attributed.program,
        id=attributed.id,
        person=attributed.person,
        referrer=attributed.referrer,
        version=attributed.version,
        evidence=attributed.evidence,
        device=attributed.device,
        network=attributed.network,
        handle=attributed.handle,
        spells=attributed.spells,
        referrer_kind=attributed.referrer_kind,
        followed_at=attributed.occurred_at,
    )


def _evidence(touch: Touch, touched_at: datetime) -> Evidence:
    return Evidence(
        kind=touch.kind,
        touched_at=touched_at,
        event=touch.event,
        code=touch.code,
        channel=touch.channel,
        content=touch.content,
        cta=touch.cta,
        partner=touch.partner,
        campaign=touch.campaign,
    )
