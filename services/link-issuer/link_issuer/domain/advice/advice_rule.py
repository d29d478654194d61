"""What a rule of advice is, and what it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from referral.events.program import Program

Remark = tuple[str, str]
"""A JSON pointer into the file, and what stands there with how to do better."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A warning, never a refusal: the mistake's stable name, a JSON pointer to the place, and how to do better."""

    code: str
    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A mistake that growth teams are known to make: its stable name, what it is and costs, its fix, and how to see it."""

    name: str
    mistake: str
    fix: str
    find: Callable[[Program], Iterator[Remark]]
