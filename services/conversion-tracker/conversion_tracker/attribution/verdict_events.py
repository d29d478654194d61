"""The events that lead from the published verdict on a person to a new one: reversals first, then what holds now."""

from datetime import datetime

from msgspec.structs import replace

from conversion_tracker.attribution.published_verdict import PublishedVerdict, published_form
from conversion_tracker.attribution.timeline import Timeline, Touch
from conversion_tracker.attribution.verdict import Verdict
from conversion_tracker.bans.ban import Ban
from referral.events.attributions import (
    Evidence,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReversalReason,
    Stage,
)
from referral.events.ids import referral_id
from referral.events.timestamps import to_datetime

AttributionEvent = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed


def verdict_change_events(
    program: str,
    person: str,
    published: PublishedVerdict | None,
    verdict: Verdict | None,
    timeline: Timeline,
    ban: Ban | None = None,
) -> list[AttributionEvent]:
    """Returns the events of a change from `published` to `verdict`, which must differ.

    `timeline` and `ban` date the reversal: see `_reversal_cause`.
    """
    events: list[AttributionEvent] = []
    touch = verdict.touch if verdict is not None else None
    if published is not None:
        if (
            verdict is not None
            and touch is not None
            and replace(published_form(verdict), qualified_at=published.qualified_at) == published
        ):
            return _qualification_change_events(program, person, published, verdict, touch, timeline)
        events.append(_reversed_event(program, person, published, *_reversal_cause(published, verdict, timeline, ban)))
    if verdict is not None and touch is not None:
        events += _attribution_events(program, person, verdict, touch)
    elif verdict is not None:
        events.append(_unattributed_event(program, person, verdict))
    return events


def _reversal_cause(
    published: PublishedVerdict, verdict: Verdict | None, timeline: Timeline, ban: Ban | None
) -> tuple[int, ReversalReason]:
    """Returns time (ms) and reason of a reversal.

    An unfollow or a ban has the time at which it happened; a correction has the time of what it corrects.
    """
    if verdict is None and timeline.unfollowed_at is not None:
        return timeline.unfollowed_at, "unfollowed"
    if verdict is not None and verdict.reason == "banned" and published.reason != "banned" and ban is not None:
        return ban.at, "banned"
    return published.since, "corrected"


def _reversed_event(
    program: str, person: str, published: PublishedVerdict, at: int, reason: ReversalReason
) -> ReferralReversed:
    return ReferralReversed(
        occurred_at=to_datetime(at),
        program=program,
        person=person,
        undoes=_published_stages(published),
        reason=reason,
        since=to_datetime(published.since),
        referrer=published.referrer,
        id=referral_id(program, person, published.referrer) if published.referrer else None,
        channel=published.channel,
        content=published.content,
        cta=published.cta,
        partner=published.partner,
    )


def _published_stages(published: PublishedVerdict) -> tuple[Stage, ...]:
    if not published.referrer:
        return ("unattributed",)
    return ("attributed",) if published.qualified_at is None else ("attributed", "qualified")


def _qualification_change_events(
    program: str, person: str, published: PublishedVerdict, verdict: Verdict, touch: Touch, timeline: Timeline
) -> list[AttributionEvent]:
    """The same referral now qualifies at another time, or no longer, or for the first time."""
    events: list[AttributionEvent] = []
    if published.qualified_at is not None:
        events.append(_unqualified_event(program, person, published, verdict, timeline))
    if verdict.qualified_at is not None:
        attributed = _attributed_event(program, person, verdict, touch)
        events.append(_qualified_event(attributed, verdict.qualified_at))
    return events


def _unqualified_event(
    program: str, person: str, published: PublishedVerdict, verdict: Verdict, timeline: Timeline
) -> ReferralReversed:
    """A refund, dated by it, if the qualifying order was refunded; a correction if an earlier order has arrived late."""
    before = published.qualified_at or published.since
    refunded = verdict.qualified_at is None or verdict.qualified_at > before
    refunded_at = max((refund.at for refund in timeline.refunds), default=before)
    return ReferralReversed(
        occurred_at=to_datetime(refunded_at if refunded else before),
        program=program,
        person=person,
        undoes=("qualified",),
        reason="refunded" if refunded else "corrected",
        since=to_datetime(published.since),
        referrer=published.referrer,
        id=referral_id(program, person, published.referrer or ""),
        channel=published.channel,
        content=published.content,
        cta=published.cta,
        partner=published.partner,
    )


def _unattributed_event(program: str, person: str, verdict: Verdict) -> ReferralUnattributed:
    reason = verdict.reason or "no_evidence"
    return ReferralUnattributed(occurred_at=to_datetime(verdict.since), program=program, person=person, reason=reason)


def _attribution_events(program: str, person: str, verdict: Verdict, touch: Touch) -> list[AttributionEvent]:
    """Attributed with the follow; qualified by the same line if that is what qualifies it, by one of its own if it was later."""
    attributed = _attributed_event(program, person, verdict, touch)
    if verdict.qualified_at is None or attributed.qualified:
        return [attributed]
    return [attributed, _qualified_event(attributed, verdict.qualified_at)]


def _attributed_event(program: str, person: str, verdict: Verdict, touch: Touch) -> ReferralAttributed:
    since, first = to_datetime(verdict.since), verdict.first_follow
    return ReferralAttributed(
        occurred_at=since,
        program=program,
        id=referral_id(program, person, touch.referrer),
        person=person,
        referrer=touch.referrer,
        version=first.version,
        evidence=evidence_of(touch, since if touch.at == verdict.since else to_datetime(touch.at)),
        device=first.device,
        network=first.network,
        look_alike=first.look_alike,
        handle_matches=first.handle_matches,
        spells=verdict.spells,
        referrer_kind="partner" if touch.by_partner else "follower",
        qualified=verdict.qualified_at == verdict.since,
    )


def _qualified_event(attributed: ReferralAttributed, qualified_at: int) -> ReferralQualified:
    """Returns the `referral.qualified` that belongs to a `referral.attributed`."""
    return ReferralQualified(
        occurred_at=to_datetime(qualified_at),
        program=attributed.program,
        id=attributed.id,
        person=attributed.person,
        referrer=attributed.referrer,
        version=attributed.version,
        evidence=attributed.evidence,
        device=attributed.device,
        network=attributed.network,
        look_alike=attributed.look_alike,
        handle_matches=attributed.handle_matches,
        spells=attributed.spells,
        referrer_kind=attributed.referrer_kind,
        followed_at=attributed.occurred_at,
    )


def evidence_of(touch: Touch, touched_at: datetime) -> Evidence:
    """Returns a touch as the evidence of a referral."""
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
        root=touch.root,
    )
