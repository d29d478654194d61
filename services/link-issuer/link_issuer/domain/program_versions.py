"""How a program's versions follow each other: numbered without gaps, each in force from a moment that is still to come.

Old events keep old rules, so a version that took effect is never changed, and no new one reaches back. Rules that
change take effect some seconds after they are durable: by then every reader of the catalog has seen them, and replaying
gives what was decided live.
"""

from dataclasses import dataclass
from datetime import datetime

from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_datetime


class TooEarly(ValueError):
    """The moment asked for cannot be; the message says which can."""


@dataclass(frozen=True, slots=True)
class Succession:
    """The version that stands after an application, and whether it is new."""

    version: ProgramVersion
    is_new: bool


def succeed(newest: ProgramVersion | None, program: Program, asked: datetime | None, now_ms: int) -> Succession:
    """What applying `program` over the newest version leads to; `asked` is when it should take effect.

    Raises TooEarly.
    """
    if newest is not None and newest.program == program:
        return Succession(newest, is_new=False)
    now = to_datetime(now_ms)
    first, number = newest is None, 1 if newest is None else newest.version + 1
    start = _start(asked, now, _earliest(now, first=first))
    if newest is not None and start <= newest.effective_from:
        raise TooEarly(
            f"version {newest.version} takes effect at {newest.effective_from.isoformat()}: choose a later moment"
        )
    version = ProgramVersion(recorded_at=now, program=program, version=number, effective_from=start)
    return Succession(version, is_new=True)


def _earliest(now: datetime, *, first: bool) -> datetime:
    """A first version takes nothing away: it counts from the second it was said in. A change is announced."""
    return now.replace(microsecond=0) if first else now + RULE_CHANGE_DELAY


def _start(asked: datetime | None, now: datetime, earliest: datetime) -> datetime:
    if asked is None:
        return earliest
    if asked < now.replace(microsecond=0):
        raise TooEarly(f"{asked.isoformat()} is past: old events keep old rules; leave it out to begin at once")
    return max(asked, earliest)
