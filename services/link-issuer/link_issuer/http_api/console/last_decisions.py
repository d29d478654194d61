"""An operator's own last decisions, from the audit log, with what takes each of them back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from link_issuer.http_api.dependencies import dependencies
from referral.console.audit_reader import AuditFilter
from referral.console.guard import Visit
from referral.console.person import story_path
from referral.console.roles import Permission, permission_for_reward
from referral.events.audit import ActionName, ActionRecorded
from referral.events.timestamps import DAY_MS, to_datetime
from referral.http.context import context
from referral.people.known_people import known_people

SHOWN = 5
_MAX_READ = 2_000  # lines of the audit log, for one view of home
_PEOPLE = "/console/review/people"


@dataclass(frozen=True, slots=True)
class Undo:
    """The form that takes a decision back, and the permission that it needs. A ban is lifted at the person's own address."""

    path: str
    decision: str
    permission: Permission


_UNDO: Mapping[ActionName, Undo | None] = {
    "conversion.released": Undo("/console/review", "undo", "review"),
    "conversion.rejected": Undo("/console/review", "undo", "review"),
    "conversion.withdrawn": None,
    "reward.approved": None,
    "reward.fulfilled": None,
    "reward.held": Undo("/console/rewards", "release", permission_for_reward("release")),
    "reward.released": Undo("/console/rewards", "hold", permission_for_reward("hold")),
    "reward.revoked": Undo("/console/rewards", "restore", permission_for_reward("restore")),
    "reward.restored": Undo("/console/rewards", "revoke", permission_for_reward("revoke")),
    "person.banned": Undo(_PEOPLE, "unban", "ban_people"),
    "person.unbanned": Undo(_PEOPLE, "ban", "ban_people"),
}
"""The decisions that home shows; None for those that cannot be taken back."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: what, about what (with its name if it is a person), when, where it is shown, and the form that takes it back."""

    action: ActionName
    target: str
    name: str | None
    at: datetime
    path: str
    undo: Undo | None


def last_decisions(visit: Visit, program: str) -> list[Decision]:
    """The operator's own decisions of the last day in a program, the newest first. Raises LogUnavailable.

    Only the newest about each referral, reward or person may be taken back.
    """
    since = to_datetime(context().clock.now_ms() - DAY_MS)
    wanted = AuditFilter(frozenset((program,)), visit.operator.id, since, frozenset(_UNDO))
    lines = dependencies().audit_reader.newest(None, wanted, SHOWN, _MAX_READ).lines
    newest: dict[str, str] = {}
    for line in lines:
        newest.setdefault(line.target, line.id)
    people = known_people((line.target for line in lines if _is_about_person(line)), context().people.snapshot())
    found = []
    for line in lines:
        known = people.get(line.target)
        name = (known.display_name or known.external_id) if known else None
        undo = _undo(visit, line) if newest[line.target] == line.id else None
        found.append(Decision(line.action, line.target, name, line.occurred_at, _path(line), undo))
    return found


def _undo(visit: Visit, line: ActionRecorded) -> Undo | None:
    undo = _UNDO[line.action]
    if undo is None or not visit.may(undo.permission):
        return None
    return Undo(f"{_PEOPLE}/{line.target}", undo.decision, undo.permission) if _is_about_person(line) else undo


def _is_about_person(line: ActionRecorded) -> bool:
    return line.action.startswith("person.")


def _path(line: ActionRecorded) -> str:
    """Where the result is shown."""
    if _is_about_person(line):
        return story_path(line.target)
    if line.action.startswith("reward."):
        return f"/console/rewards/{line.target}"
    status = {"conversion.released": "cleared", "conversion.rejected": "rejected"}.get(line.action, "held")
    return f"/console/review?status={status}"
