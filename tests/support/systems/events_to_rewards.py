"""Conversion-tracker and reward-dispatcher with all their folds, on a log of the test's own; with the leaderboard if needed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from referral.config import Settings
from tests.support.processes import run_module
from tests.support.records import DirectoryRecord
from tests.support.systems.conversion_tracker import ConversionTracker, serve_conversion_tracker
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher


@contextmanager
def serve_events_to_rewards(
    settings: Settings, environ: Mapping[str, str], *records: DirectoryRecord
) -> Iterator[tuple[ConversionTracker, RewardDispatcher]]:
    """Yields both services; events posted to the first lead to rewards at the second."""
    with ExitStack() as stack:
        tracker = stack.enter_context(serve_conversion_tracker(settings, *records))
        dispatcher = stack.enter_context(serve_reward_dispatcher(settings, environ, *records))
        for fold in ("attribute", "screen"):
            stack.enter_context(run_module(environ, "conversion_tracker", "fold", fold))
        for fold in ("decide", "ledger", "pools"):
            stack.enter_context(run_module(dispatcher.environ, "reward_dispatcher", "fold", fold))
        yield tracker, dispatcher
