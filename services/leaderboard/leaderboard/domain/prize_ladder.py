"""Who gets the prizes of a closed board or of a draw: candidates in order, without those who are void.

A void candidate leaves the ladder, and all after them move up: the runner-up takes the place of the winner. What changes is taken
back and awarded by differences, so that any order of corrections ends at the same prizes, and a repeated one changes nothing.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

SPARE = 100
"""How many candidates a ladder has beyond its places."""
MAX_WINNERS = 1000
"""How many places of a board or draw can have prizes."""


class PlacePrize(Struct, frozen=True, array_like=True):
    """The prize of the places from `first` to `last`; `rule` is the id of the reward rule that pays it, if any."""

    first: int
    last: int
    prize: str
    rule: str | None = None


class Award(Struct, frozen=True, array_like=True):
    """A prize that a participant has, by their place."""

    participant: str
    place: int
    prize: PlacePrize


class Ladder(Struct, frozen=True, array_like=True, tag="ladder"):
    """The candidates of a board or draw in order, the prizes, and who has which now.

    `until_s` is when the holding period ends: then the prizes stay as they are.
    """

    trigger: str
    version: int
    until_s: int
    candidates: tuple[str, ...]
    prizes: tuple[PlacePrize, ...]
    void: tuple[str, ...] = ()  # in the order of their ids: equal ladders are stored as equal bytes
    awards: tuple[Award, ...] = ()
    draw: str | None = None


class LadderChange(Struct, frozen=True):
    """A ladder, what was taken back from whom, and what was awarded; `moved` are those who get another prize instead."""

    ladder: Ladder
    revoked: tuple[Award, ...]
    awarded: tuple[Award, ...]


def last_prize(prizes: Iterable[PlacePrize]) -> int:
    """Returns the last place that has a prize, MAX_WINNERS at most; 0 without prizes."""
    return min(max((prize.last for prize in prizes), default=0), MAX_WINNERS)


def award(ladder: Ladder) -> LadderChange:
    """Returns the ladder with the prizes as they should be, and the differences from what was awarded before."""
    awards = _awards([one for one in ladder.candidates if one not in ladder.void], ladder.prizes)
    before = {(one.participant, one.prize): one for one in ladder.awards}
    after = {(one.participant, one.prize): one for one in awards}
    return LadderChange(
        replace(ladder, awards=awards),
        tuple(one for key, one in before.items() if key not in after),
        tuple(one for key, one in after.items() if key not in before),
    )


def with_void(ladder: Ladder, participant: str, *, void: bool, second: int) -> LadderChange:
    """Returns the change by which a candidate is void, or is not any more; none once the holding period is over."""
    if second >= ladder.until_s or participant not in ladder.candidates or (participant in ladder.void) == void:
        return LadderChange(ladder, (), ())
    others = {one for one in ladder.void if one != participant}
    return award(replace(ladder, void=tuple(sorted(others | {participant} if void else others))))


def _awards(valid: Sequence[str], prizes: Iterable[PlacePrize]) -> tuple[Award, ...]:
    return tuple(
        Award(valid[place - 1], place, prize)
        for prize in sorted(prizes, key=lambda one: one.first)
        for place in range(prize.first, min(prize.last, len(valid)) + 1)
    )
