"""A weighted draw without replacement: a pure function of the tickets and the randomness, so that anyone can repeat it.

Each entry has as many tickets as its weight; tickets are numbered in the order of the entries. The n-th draw takes the ticket
SHA-256(randomness, n) mod (tickets left) of those left, and all tickets of its owner leave the draw: one win a person. The first
`winners` drawn win, those after them are alternates in this order. With 256 bits, the modulus favours no ticket by more than 2⁻²⁰⁰.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate

RULE = "weighted-without-replacement-v1"
"""The name of this rule in `draw.committed`. Another way of drawing is another name."""


def draw_entries(weights: Sequence[int], places: int, randomness: bytes) -> list[int]:
    """Returns the indices of the entries drawn, in order: `places`, or all entries that have tickets if there are fewer.

    Weights are whole numbers of at least 0.
    """
    ends = list(accumulate(weights))
    left, removed = (ends[-1] if ends else 0), list[tuple[int, int]]()  # tickets of the drawn: (first, how many)
    drawn: list[int] = []
    while left and len(drawn) < places:
        number = int.from_bytes(sha256(randomness + len(drawn).to_bytes(8, "big")).digest(), "big") % left
        entry = bisect_right(ends, _ticket(number, removed))
        drawn.append(entry)
        insort(removed, (ends[entry] - weights[entry], weights[entry]))
        left -= weights[entry]
    return drawn


def _ticket(number: int, removed: Sequence[tuple[int, int]]) -> int:
    """The ticket with this number among those left; `removed` is in the order of tickets."""
    for first, count in removed:
        if number < first:
            break
        number += count
    return number
