"""Why a code or mention was unknown to an event, for support staff: who has it now, and since when."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.timeline import Timeline, Touch, touch_order
from conversion_tracker.named_person import named_person
from referral.events.attributions import UnattributedReason
from referral.events.entities import Link, Participant
from referral.events.timestamps import to_datetime


def explain_unknown(touch: Touch, program: str, referrers: KnownReferrers) -> str | None:
    """One sentence without a full stop about evidence that was unknown; None for other touches, and if it still has no owner.

    Times are in the program's time zone.
    """
    catalog = referrers.catalog.snapshot()  # an explanation need not wait for an owner who was enrolled this second
    if touch.flaw not in ("unknown_code", "unknown_mention") or touch.code is None:
        return None
    holder = catalog.mention(program, touch.code) if touch.flaw == "unknown_mention" else catalog.code(touch.code)
    owner = catalog.owner(holder) if holder is not None and holder.program == program else None
    if holder is None or owner is None or owner.erased_at is not None:
        return None
    zone = ZoneInfo(catalog.versions(program)[0].program.timezone)

    def local(time: datetime) -> str:
        return f"{time.astimezone(zone):%Y-%m-%d %H:%M}"

    at = local(to_datetime(touch.at))
    evidence = referrers.evidence_text(program, touch.kind, touch.code) or "this mention"
    name = named_person(owner.id, referrers.people).display_name or owner.code
    return f"no participant had {evidence} at {at}; it belongs to {name} {_since(holder, local)} ({zone.key})"


def explain_reason(
    reason: UnattributedReason | None, timeline: Timeline, program: str, referrers: KnownReferrers
) -> str | None:
    """The same about the latest touch that has the reason for which a person is unattributed; None if there is none."""
    causes = [touch for touch in timeline.touches if touch.flaw == reason]
    return explain_unknown(max(causes, key=touch_order), program, referrers) if causes else None


def _since(holder: Participant | Link, local: Callable[[datetime], str]) -> str:
    if isinstance(holder, Link) or holder.since is None:
        return f"since {local(holder.recorded_at)}"
    return (
        f"since {local(holder.since)}, as dated back at {local(holder.recorded_at)}, which counts for events that were sent after"
        " that: send this one again with a new id"
    )
