"""Board metrics: which conversions each metric counts.

A metric may use only what the cleared and the reversed line of a conversion both contain, so that a reversal removes exactly what
was added. What is not a conversion (clicks, posts) needs a fold of its own that writes the boards. After a metric was added, delete
the state of the fold `boards`: it is rebuilt from the log, with the conversions of the past.
"""

from typing import assert_never, get_args

from referral.events.board_rules import BoardMetric
from referral.events.conversions import ConversionCleared, ConversionReversed

CountedConversion = ConversionCleared | ConversionReversed
BOARD_METRICS: tuple[BoardMetric, ...] = get_args(BoardMetric)


def is_counted(metric: BoardMetric, conversion: CountedConversion) -> bool:
    """Whether a conversion counts towards a metric from its clearing until its reversal."""
    match metric:
        case "referrals":
            return True
        case _:
            assert_never(metric)
