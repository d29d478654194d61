"""How much of the credit each touch has under each attribution model, side by side; the program's own model alone pays.

First and last touch give all to the winner as the program would pick it: the strongest kind of evidence first. The multi-touch
models are those of marketing (linear: equal parts; position-based, "U-shaped": 40 % to the first, 40 % to the last, 20 % to all
between) and weigh every touch that counts, whatever its kind.
"""

from collections.abc import Callable
from typing import Literal

from conversion_tracker.attribution.considered_touches import winner
from conversion_tracker.attribution.history import Course, Touch, moment
from conversion_tracker.attribution.rules import Rules
from conversion_tracker.attribution.verdict import comes_after, flaw

CreditModel = Literal["first_touch", "last_touch", "linear", "position_based"]
Shares = dict[Touch, int]

WHOLE = 10_000
"""All credit, in hundredths of a per cent: shares are whole numbers, so that they always add up."""
_END = 4_000


def credit(course: Course, rules: Rules | None) -> dict[CreditModel, Shares]:
    """The shares of the touches that have any, by model; each model's add up to WHOLE, or there are none."""
    touches = _sound(course, rules)
    return {
        "first_touch": _all_to(winner(course, rules, "first_touch")),
        "last_touch": _all_to(winner(course, rules, "last_touch")),
        "linear": _parted(touches, _equal),
        "position_based": _parted(touches, _by_position),
    }


def _sound(course: Course, rules: Rules | None) -> list[Touch]:
    """The touches that count, the oldest first; none where the person has not followed, or no rules were in force."""
    first = course.first
    if first is None or rules is None:
        return []
    counted = [one for one in course.touches if one.kind in rules.ranks and not comes_after(one, first.at)]
    return sorted((one for one in counted if flaw(one, first.at, rules) is None), key=moment)


def _all_to(touch: Touch | None) -> Shares:
    return {touch: WHOLE} if touch else {}


def _parted(touches: list[Touch], parts: Callable[[int], list[int]]) -> Shares:
    """A touch that was told twice has both parts."""
    shares: Shares = {}
    for touch, part in zip(touches, parts(len(touches)), strict=True):
        shares[touch] = shares.get(touch, 0) + part
    return shares


def _equal(count: int, whole: int = WHOLE) -> list[int]:
    """`whole` in equal parts; what does not divide goes to the oldest, one each."""
    part, left = divmod(whole, count) if count else (0, 0)
    return [part + (number < left) for number in range(count)]


def _by_position(count: int) -> list[int]:
    """Two touches have nothing between them, and share equally."""
    return _equal(count) if count < 3 else [_END, *_equal(count - 2, WHOLE - 2 * _END), _END]
