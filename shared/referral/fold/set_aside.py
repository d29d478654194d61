"""Lines that a fold has set aside for a program: which of them still wait for a retry, and the order in which they may be retried.

A fold remembers the place of each in its state (`SET_ASIDE`), so that a retry is applied once, and only if the line was set
aside. For a fold that keeps order it also remembers the line under each state that the line reads or writes: later lines of
that state are set aside behind it, and are retried after it.
"""

import re
from dataclasses import dataclass

from referral.events.rejected import LineRejected
from referral.fold.fold import Key, RawMember, SortedSetMember, StateGroup, Timer

SET_ASIDE = "set_aside"
"""The sorted set of the places that wait, by the time of their record (ms)."""
WAITING = "waiting:"
"""The names of the sorted sets of the places behind each state begin with it."""
_LINES_PER_RECORD = 4096  # more than a record has, so that an offset and a line make one number
_PROGRAM = re.compile(r"(?:^|:)(prg_[a-z0-9_]{1,60})(?=[|:]|$)")


def place_of(offset: int, line: int, timer: str = "") -> str:
    """The name of a place within a partition: that of a line, or of a due state that a tick led to."""
    return f"{offset}/{line}/{timer}" if timer else f"{offset}/{line}"


def waiting_place(offset: int, line: int, timer: str = "") -> SortedSetMember:
    """The key under which a place waits."""
    return SortedSetMember(SET_ASIDE, place_of(offset, line, timer))


def lines_behind(key: Key, most: int = 0) -> StateGroup:
    """The lines set aside that read or write a state, or the first `most`, the earliest first."""
    match key:
        case SortedSetMember(sorted_set, member):
            name = f"{sorted_set}|{member}"
        case RawMember(sorted_set, raw):
            name = f"{sorted_set}|{raw.hex()}"
        case StateGroup(sorted_set=sorted_set):
            name = sorted_set
        case Timer(key=name):
            pass
        case _:
            name = key
    return StateGroup(WAITING + name, WAITING, most)


def order_of(offset: int, line: int) -> float:
    """A number that grows with the place of a line."""
    return float(offset * _LINES_PER_RECORD + line)


def program_of_state(key: str) -> str:
    """The program that the key of a state names, e.g. of "person:prg_glow|xhs:amy"; empty if it names none."""
    named = _PROGRAM.search(key)
    return named[1] if named else ""


@dataclass(slots=True)
class SetAsideLines:
    """How many lines of one program a batch set aside, and the first of them."""

    first: LineRejected
    count: int = 0
