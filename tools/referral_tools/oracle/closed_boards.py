"""Closed boards, from the conversions on the log up to the positions that a closing names; and draws among their entries.

The tree is the recursive definition of RFC 9162, section 2.1.1; a draw puts all tickets into one list and takes them out of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo

from referral_tools.oracle.expected_boards import periods
from referral_tools.oracle.journal import BoardStep, HeldDraw


@dataclass(frozen=True, slots=True)
class ClosedPlace:
    """A row of a closed board, by person id; `reached_at` in whole seconds since the epoch."""

    rank: int
    participant: str
    score: int
    reached_at: int

    @property
    def leaf(self) -> bytes:
        """The text that is hashed into the tree."""
        return f"{self.rank} {self.participant} {self.score} {self.reached_at}".encode()


def closed_rows(
    steps: Iterable[BoardStep], period: str, offsets: Mapping[int, int], zone: ZoneInfo
) -> list[ClosedPlace]:
    """The board of a period at its closing: what each partition counted before its position in `offsets`."""
    seconds: dict[str, list[int]] = defaultdict(list)
    for step in steps:
        if step.offset < offsets.get(step.partition, 0) and period in periods(step.at, zone):
            second = int(step.at.timestamp())
            if step.counts:
                seconds[step.referrer].append(second)
            else:
                seconds[step.referrer].remove(second)
    rows = sorted((-len(reached), max(reached), who) for who, reached in seconds.items() if reached)
    return [ClosedPlace(rank, who, -count, reached) for rank, (count, reached, who) in enumerate(rows, 1)]


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these texts; of none, the hash of nothing."""
    if len(leaves) <= 1:
        return sha256(b"\x00" + leaves[0]).digest() if leaves else sha256(b"").digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1  # the largest power of two below their number
    return sha256(b"\x01" + merkle_root(leaves[:left]) + merkle_root(leaves[left:])).digest()


def draw_people(places: Sequence[ClosedPlace], secret: bytes, count: int) -> list[str]:
    """Who is drawn with a secret, in order: `count` people at most."""
    last_leaf = sha256(b"\x00" + places[-1].leaf).digest()
    randomness, tickets = (
        sha256(secret + last_leaf).digest(),
        [one.participant for one in places for _ in range(one.score)],
    )
    drawn: list[str] = []
    while tickets and len(drawn) < count:
        number = int.from_bytes(sha256(randomness + len(drawn).to_bytes(8, "big")).digest(), "big")
        drawn.append(tickets[number % len(tickets)])
        tickets = [one for one in tickets if one != drawn[-1]]
    return drawn


def prize_winners(draw: HeldDraw, on_board: Iterable[str]) -> list[str]:
    """Who has a prize of a draw, by person id: the first of those drawn who still have something on the board."""
    valid = set(on_board)
    return [one for one in draw.drawn if one in valid][: draw.winners]
