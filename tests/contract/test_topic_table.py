"""The table of topics says who writes and who reads each; the folds say what they do."""

from collections import defaultdict
from typing import Any, get_args

import msgspec
import pytest

from conversion_tracker.attribution.fold import AttributeFold
from conversion_tracker.screening.fold import ScreenFold
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from leaderboard.folds.experiments_fold import ExperimentsFold
from leaderboard.folds.growth_fold import GrowthFold
from link_issuer.privacy.person_lines import PERSONAL_TOPICS
from referral.catalog.view import Catalog
from referral.events.examples import example
from referral.events.line import ClockTicked, type_tag
from referral.fold.fold import Position
from referral.key_ring import KeyRing
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, POOLS, REJECTED, REWARDS, STANDINGS
from reward_dispatcher.folds.decide_fold import DecideFold
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.pools_fold import PoolsFold
from reward_dispatcher.folds.prizes_fold import PrizesFold
from reward_dispatcher.sealed_codes import CodeSealer

FOLDS: dict[str, list[Any]] = {
    "conversion-tracker": [AttributeFold, ScreenFold],
    "reward-dispatcher": [DecideFold, LedgerFold, PoolsFold, PrizesFold],
    "leaderboard": [BoardsFold, GrowthFold, ActivityFold, ClosingsFold, ExperimentsFold],
}

RING = KeyRing.parse("", "k" * 32)
WORKING_FOLDS: list[Any] = [
    AttributeFold(TokenSigner(RING), 30),
    ScreenFold(),
    DecideFold("k1"),
    LedgerFold(lambda _key, reward, _form: reward, CodeSealer(RING)),
    PoolsFold(CodeSealer(RING)),
    PrizesFold("k1"),
    BoardsFold(1),
    GrowthFold(1),
    ActivityFold(30, 1),
    ClosingsFold(),
    ExperimentsFold(),
]

# What is read to explain and to export people, a record here and there.
LOOKS: dict[str, list[Any]] = {
    "conversion-tracker": [EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS],
    "link-issuer": list(PERSONAL_TOPICS),
}


def test_a_topic_is_read_by_the_services_that_fold_it_or_explain_from_it() -> None:
    """An operator who asks whom a topic feeds is told what is so now, not what is planned."""
    for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS, POOLS, STANDINGS):
        folding = {service for service, folds in FOLDS.items() if any(fold.source is topic for fold in folds)}
        looking = {service for service, topics in LOOKS.items() if topic in topics}
        assert set(topic.consumers) == folding | looking, topic.name


def test_a_topic_is_written_by_the_services_whose_folds_speak_on_it() -> None:
    """Each derived topic has the one service that decides it; every service with folds sets lines aside."""
    retrying = {topic: {"conversion-tracker"} for topic in (REWARDS, POOLS, STANDINGS)}  # the lines that were set aside
    for topic in (ATTRIBUTIONS, CONVERSIONS, REWARDS, POOLS, STANDINGS):
        speaking = {service for service, folds in FOLDS.items() if any(topic in fold.outputs for fold in folds)}
        assert set(topic.producers) == speaking | retrying.get(topic, set()), topic.name
    assert set(REJECTED.producers) == set(FOLDS)
    assert REJECTED.consumers == ("conversion-tracker",), "the service that lists and replays what was set aside"


@pytest.mark.parametrize("fold", WORKING_FOLDS, ids=lambda fold: fold.name)
def test_a_line_that_a_fold_ignores_needs_no_state_and_changes_nothing(fold: Any) -> None:
    """The fold does not decode them, whatever `keys` and `decide` would do."""
    for kind in fold.ignored:
        assert kind in get_args(fold.source.lines), kind
        assert kind is not ClockTicked
        line = msgspec.json.decode(example(type_tag(kind)), type=kind)
        assert not fold.keys(line), kind
        decision = fold.decide(line, defaultdict(lambda: None), Catalog(), Position(0, 0, 0, 0))
        assert not decision.changes, kind
        assert not decision.outputs, kind
