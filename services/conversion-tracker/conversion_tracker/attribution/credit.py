"""The share of the credit that each touch has under each attribution model; only the program's own model pays.

First touch and last touch give all credit to the touch that the program would choose: the strongest kind of evidence first. The
multi-touch models are those of marketing (linear: equal parts; position-based, "U-shaped": 40 % to the first, 40 % to the last,
20 % to all between) and include every touch that counts, of any kind.
"""

from collections.abc import Callable
from typing import Literal

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.timeline import Timeline, Touch, touch_order
from conversion_tracker.attribution.verdict import disqualification, is_after_follow

CreditModel = Literal["first_touch", "last_touch", "linear", "position_based"]
Shares = dict[Touch, int]

FULL_CREDIT = 10_000
"""All credit, in hundredths of a per cent: whole numbers, so that shares always add up."""
_OUTER_SHARE = 4_000


def credit_by_model(timeline: Timeline, rules: AttributionRules | None) -> dict[CreditModel, Shares]:
    """Returns, for each model, the shares of the touches that have any; they add up to FULL_CREDIT, or there are none."""
    touches = _counting_touches(timeline, rules)
    return {
        "first_touch": _full_credit(winning_touch(timeline, rules, "first_touch")),
        "last_touch": _full_credit(winning_touch(timeline, rules, "last_touch")),
        "linear": _split_credit(touches, _equal_parts),
        "position_based": _split_credit(touches, _position_based_parts),
    }


def _counting_touches(timeline: Timeline, rules: AttributionRules | None) -> list[Touch]:
    """Returns the touches that count, the oldest first; none if the person has not followed or no rules were in force."""
    first = timeline.first_follow
    if first is None or rules is None:
        return []
    eligible = [
        touch
        for touch in timeline.touches
        if touch.kind in rules.evidence_ranks and not is_after_follow(touch, first.at)
    ]
    return sorted((touch for touch in eligible if disqualification(touch, first.at, rules) is None), key=touch_order)


def _full_credit(touch: Touch | None) -> Shares:
    return {touch: FULL_CREDIT} if touch else {}


def _split_credit(touches: list[Touch], parts: Callable[[int], list[int]]) -> Shares:
    """Splits the credit among touches. A touch that was reported twice gets both parts."""
    shares: Shares = {}
    for touch, part in zip(touches, parts(len(touches)), strict=True):
        shares[touch] = shares.get(touch, 0) + part
    return shares


def _equal_parts(count: int, total: int = FULL_CREDIT) -> list[int]:
    """Splits `total` into equal parts; the remainder goes to the oldest, one each."""
    part, remainder = divmod(total, count) if count else (0, 0)
    return [part + (index < remainder) for index in range(count)]


def _position_based_parts(count: int) -> list[int]:
    """Fewer than three touches have none between them and share equally."""
    if count < 3:
        return _equal_parts(count)
    return [_OUTER_SHARE, *_equal_parts(count - 2, FULL_CREDIT - 2 * _OUTER_SHARE), _OUTER_SHARE]
