"""The end of a process's log as a person reads it: JSON lines of this system become `time level: message`, other lines stay."""

from collections.abc import Sequence
from typing import Any

import msgspec

_COMMON = frozenset(("service", "level", "at", "event", "exception", "library", "process", "fold"))
_MAX_FIELDS, _MAX_LENGTH = 6, 400
_SERIOUS = ("error", "critical")


def readable_lines(lines: Sequence[str]) -> list[str]:
    """Returns the lines of a log in words."""
    return [_readable(line)[:_MAX_LENGTH] for line in lines]


def likely_cause(lines: Sequence[str]) -> str | None:
    """Returns the message of the last error of a log, or its last line; None for an empty log."""
    events = [(line, _event(line)) for line in lines if line.strip()]
    errors = [event for _, event in events if event and event.get("level") in _SERIOUS]
    if errors:
        return _message(errors[-1])[:_MAX_LENGTH]
    return _readable(events[-1][0]).strip()[:_MAX_LENGTH] if events else None


def _readable(line: str) -> str:
    event = _event(line)
    if event is None:
        return line
    return f"{str(event.get('at', ''))[11:19]} {event.get('level', 'info')}: {_message(event)}".strip()


def _message(event: dict[str, Any]) -> str:
    """The event, its own fields, and the last line of its traceback."""
    more = [f"{name}={value}" for name, value in event.items() if name not in _COMMON][:_MAX_FIELDS]
    raised = str(event.get("exception", "")).strip().rpartition("\n")[2]
    text = f"{event['event']}{': ' + raised if raised else ''}"
    return f"{text} ({', '.join(more)})" if more else text


def _event(line: str) -> dict[str, Any] | None:
    """The event of a JSON line; None for any other line."""
    try:
        event = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
