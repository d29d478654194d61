"""The parts of an advice rule, and the advice it results in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from referral.events.program import Program

Remark = tuple[str, str]
"""A JSON pointer into the program file, and what could be better there and how."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A warning, never an error: the stable name of the rule, a JSON pointer to the value, and how to improve it."""

    code: str
    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class AdviceRule:
    """A common pitfall of growth programs: its stable name, what it is and costs, its fix, and how to find it in a program.

    A rule has `find_at` instead of `find` if what it finds depends on the time.
    """

    name: str
    pitfall: str
    fix: str
    find: Callable[[Program], Iterable[Remark]] = lambda _: ()
    find_at: Callable[[Program, datetime], Iterable[Remark]] = lambda _program, _now: ()
