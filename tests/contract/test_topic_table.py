"""The table of topics says who writes and who reads each; the folds say what they do."""

from typing import Any

from conversion_tracker.attribution.fold import AttributeFold
from conversion_tracker.screening.fold import ScreenFold
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.growth_fold import GrowthFold
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REJECTED, REWARDS, STANDINGS
from reward_dispatcher.folds.decide_fold import DecideFold
from reward_dispatcher.folds.ledger_fold import LedgerFold

FOLDS: dict[str, list[Any]] = {
    "conversion-tracker": [AttributeFold, ScreenFold],
    "reward-dispatcher": [DecideFold, LedgerFold],
    "leaderboard": [BoardsFold, GrowthFold, ActivityFold],
}


# What is read to explain, a record here and there.
LOOKS: dict[str, list[Any]] = {"conversion-tracker": [EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS]}


def test_a_topic_is_read_by_the_services_that_fold_it_or_explain_from_it() -> None:
    """An operator who asks whom a topic feeds is told what is so now, not what is planned."""
    for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS, STANDINGS):
        folding = {service for service, folds in FOLDS.items() if any(fold.source is topic for fold in folds)}
        looking = {service for service, topics in LOOKS.items() if topic in topics}
        assert set(topic.consumers) == folding | looking, topic.name


def test_a_topic_is_written_by_the_services_whose_folds_speak_on_it() -> None:
    """Each derived topic has the one service that decides it; every service with folds sets lines aside."""
    retrying = {REWARDS: {"conversion-tracker"}}  # the lines that the ledger set aside
    for topic in (ATTRIBUTIONS, CONVERSIONS, REWARDS, STANDINGS):
        speaking = {service for service, folds in FOLDS.items() if any(topic in fold.outputs for fold in folds)}
        assert set(topic.producers) == speaking | retrying.get(topic, set()), topic.name
    assert set(REJECTED.producers) == set(FOLDS)
    assert REJECTED.consumers == ("conversion-tracker",), "the service that lists and replays what was set aside"
