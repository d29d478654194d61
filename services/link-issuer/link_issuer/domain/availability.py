"""Whether a code leads to its program's target at a given time, and if not, why."""

from datetime import datetime
from typing import Literal

from referral.events.entities import Link, Participant, ProgramVersion

UnavailableReason = Literal[
    "not_started", "expired", "disabled", "exhausted", "withdrawn", "program_not_started", "program_ended"
]


def unavailable_reason(
    holder: Participant | Link,
    owner: Participant | None,
    version: ProgramVersion | None,
    now: datetime,
    uses: int = 0,
) -> UnavailableReason | None:
    """Why a code does not lead to its program's target at `now`; None if it does. `version` is the one in force.

    `owner` is the participant who is, or has, the holder; the codes of one who was erased lead nowhere. `uses` is how often
    people have opened the link; it matters for a link with `max_uses` only.
    """
    if owner is None or owner.erased_at is not None:
        return "withdrawn"
    if version is None:
        return "program_not_started"
    if version.program.ends_at is not None and version.program.ends_at <= now:
        return "program_ended"
    return None if isinstance(holder, Participant) else _link_reason(holder, now, uses)


def _link_reason(link: Link, now: datetime, uses: int) -> UnavailableReason | None:
    if link.disabled:
        return "disabled"
    if link.starts_at is not None and now < link.starts_at:
        return "not_started"
    if link.expires_at is not None and link.expires_at <= now:
        return "expired"
    return "exhausted" if link.max_uses is not None and uses >= link.max_uses else None
