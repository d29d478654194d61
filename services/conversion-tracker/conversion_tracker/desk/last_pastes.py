"""The last pastes of the desk, from the audit log: who added what, when, and whether it was taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from conversion_tracker.dependencies import dependencies
from referral.console.audit_reader import AuditFilter
from referral.events.audit import ActionName, ActionRecorded, DeskPaste

MAX_PASTES = 20
_MAX_LINES, _MAX_READ = 200, 5_000  # of the audit log: those of the desk, and those of all actions
_MAX_SEARCHED = 2_000
_ACTIONS: frozenset[ActionName] = frozenset(("desk.recorded", "desk.withdrawn"))


@dataclass(frozen=True, slots=True)
class LastPaste:
    """A paste: the id of its line, who did it (an operator id), and who took it back first, and when, if someone did."""

    id: str
    at: datetime
    by: str
    paste: DeskPaste
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""


def last_pastes(program: str) -> list[LastPaste]:
    """The newest 20 pastes of a program among the last 5,000 actions, the newest first. Raises LogUnavailable."""
    wanted = AuditFilter(frozenset((program,)), actions=_ACTIONS)
    return _pastes(dependencies().audit_reader.newest(None, wanted, _MAX_LINES, _MAX_READ).lines)[:MAX_PASTES]


def find_paste(program: str, id: str) -> LastPaste | None:
    """A paste of a program by the id of its line, among the last 20,000 actions. Raises LogUnavailable."""
    wanted = AuditFilter(frozenset((program,)), actions=_ACTIONS)
    pastes = _pastes(dependencies().audit_reader.newest(None, wanted, _MAX_SEARCHED).lines)
    return next((one for one in pastes if one.id == id), None)


def _pastes(lines: Sequence[ActionRecorded]) -> list[LastPaste]:
    """The pastes of lines, which are the newest first: of several withdrawals of a paste, the last one here is its first."""
    withdrawn = {line.target: line for line in lines if line.action == "desk.withdrawn"}
    return [_paste(line, line.paste, withdrawn.get(line.id)) for line in lines if line.paste is not None]


def _paste(line: ActionRecorded, paste: DeskPaste, withdrawn: ActionRecorded | None) -> LastPaste:
    if withdrawn is None:
        return LastPaste(line.id, line.occurred_at, line.actor, paste)
    return LastPaste(line.id, line.occurred_at, line.actor, paste, withdrawn.occurred_at, withdrawn.actor)
