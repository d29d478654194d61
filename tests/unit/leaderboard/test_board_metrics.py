"""Board metrics: the boards of each metric are written, and a reversal removes what was counted."""

import pytest

from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.score import count_of
from leaderboard.folds import state_keys
from leaderboard.folds.boards_fold import BoardsFold
from referral.catalog.view import Catalog
from referral.events.board_rules import BoardMetric
from referral.events.conversions import ConversionCleared
from referral.fold.fold import Position, SortedSetMember
from tests.support.builders.leaderboard import GLOW_VERSION, cleared_conversion, reversed_conversion
from tests.support.builders.participants import PROGRAM, participant
from tests.support.folds import PARTITIONS

AMY = participant("amy").id
COUNTED: dict[BoardMetric, ConversionCleared] = {"referrals": cleared_conversion(AMY, "p1")}


@pytest.mark.parametrize("metric", BOARD_METRICS)
def test_the_boards_of_every_metric_are_written(metric: BoardMetric) -> None:
    """A new metric gets an example in COUNTED. A board that nothing writes would be empty for ever, without an error."""
    assert metric in COUNTED, f"add a conversion that {metric} counts to COUNTED"
    fold, catalog, conversion = BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]), COUNTED[metric]
    entry = SortedSetMember(state_keys.board(PROGRAM, metric, "all", conversion.referrer_kind), conversion.referrer)
    after = fold.decide(conversion, dict.fromkeys(fold.keys(conversion)), catalog, Position(0, 0, 0, 0)).changes
    score = after[entry]
    assert isinstance(score, float)
    assert count_of(score) == 1
    reversal = reversed_conversion(conversion)
    states = {key: after.get(key) for key in fold.keys(reversal)}
    assert fold.decide(reversal, states, catalog, Position(0, 1, 0, 0)).changes[entry] is None
