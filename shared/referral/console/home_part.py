"""The home view: each service answers for its own part with what waits for an operator, what moved, and what is left of budgets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from flask import Response
from msgspec import Struct
from msgspec.structs import replace

from referral.events.currencies import minor_unit_digits
from referral.events.money import POINTS, Value

MAX_SUMMED = 500
"""Of how many of a kind, the longest wait first, the value is summed up."""
_HOUR_S = 3600

NeedKind = Literal[
    "held",
    "appealed",
    "manual",
    "operator",
    "pool_empty",
    "pool_low",
    "file_missing",
    "budget_spent",
    "budget_stopped",
    "clawed_back",
    "webhook_failing",
    "webhook_disabled",
    "codes_guessed",
    "link_asked",
    "submissions",
]
MovementKind = Literal["friends", "rewards", "left", "leader"]


class Need(Struct, frozen=True):
    """A kind of thing that waits, how many there are, since when the first one, and where to deal with them.

    What has a row of its own is named: a pool with the codes that it has left, a budget with the percentage that is spent, a
    webhook, an API key, a person. `level` is that figure. `worth` is what the first MAX_SUMMED are worth together, by unit.
    """

    kind: NeedKind
    number: int
    oldest_at: datetime | None
    path: str
    name: str = ""
    level: int = 0
    worth: tuple[Value, ...] = ()


class Movement(Struct, frozen=True):
    """What happened within the last 24 hours: how many friends came or left, rewards were given; or who leads the board.

    `change` is how many more than in the 24 hours before, or how many places the leader has gained since yesterday; None if that is
    not known. A leader is named, and `number` is their count. `worth` is what the rewards are worth together, by unit.
    """

    kind: MovementKind
    number: int
    change: int | None = None
    name: str = ""
    worth: tuple[Value, ...] = ()


class BudgetLevel(Struct, frozen=True):
    """A budget: what is spent, held and free of its total, in minor units of its currency."""

    name: str
    currency: str
    total: int
    spent: int
    held: int
    free: int


class HomePart(Struct, frozen=True):
    """A service's part of the home view."""

    needs: tuple[Need, ...] = ()
    movements: tuple[Movement, ...] = ()
    budgets: tuple[BudgetLevel, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(HomePart).decode


def part_response(part: HomePart) -> Response:
    """The response of a service about its part; kinds of which nothing waits are left out."""
    waiting = tuple(need for need in part.needs if need.number)
    return Response(_encode(replace(part, needs=waiting)), mimetype="application/json")


def read_part(body: bytes) -> HomePart:
    """The part of a response. Raises msgspec.DecodeError."""
    return _decode(body)


def by_urgency(needs: Sequence[Need], now: datetime) -> list[Need]:
    """The needs by age × money, the greatest first: the hours that the oldest has waited, at least one, times one plus the money.

    The money is the largest amount of a currency in its main unit, since currencies are not converted; points are none.
    """
    return sorted(needs, key=lambda need: (-_hours(need, now) * (1 + _money(need)), need.kind, need.name))


def _hours(need: Need, now: datetime) -> float:
    return 1.0 if need.oldest_at is None else max(1.0, (now - need.oldest_at).total_seconds() / _HOUR_S)


def _money(need: Need) -> float:
    amounts = (one.amount / 10 ** minor_unit_digits(one.unit) for one in need.worth if one.unit != POINTS)
    return max(amounts, default=0.0)
