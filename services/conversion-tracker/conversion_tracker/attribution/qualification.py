"""When a referral did what the program pays for: the follow itself, an order that is large enough, or having stayed so long.

Being attributed and being qualified are two moments. A person who left and came back is the same referral: an order since the
first follow still carries it, from the day they came back on; the days of staying count from the follow that stands.
"""

from conversion_tracker.attribution.history import Course, Sale
from conversion_tracker.attribution.rules import Price, Rules


def qualified_at(course: Course, since: int, rules: Rules, reached: int) -> int | None:
    """The moment (ms) at which the referral of somebody who follows since `since` qualified; None where it has not yet.

    `reached` is how far time is known to have come: by a clock tick, or by what was said before.
    """
    if rules.price is not None:
        sale = carrying(course, rules.price)
        return max(since, sale.at) if sale else None
    ripe = since + rules.retained_ms
    return ripe if not rules.retained_ms or ripe <= reached else None


def carrying(course: Course, price: Price) -> Sale | None:
    """The order that a referral rests on: the first after the first follow that is large enough and was not given back."""
    sales = course.standing_sales()
    return next((sale for sale in sales if price.met_by(sale.amount, sale.currency)), None)
