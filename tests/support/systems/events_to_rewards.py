"""Conversion-tracker and reward-dispatcher with all their folds, on a log of a test's own."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from referral.config import Settings
from referral.events.entities import CatalogEntity
from tests.support.systems import conversion_tracker as tracker
from tests.support.systems import reward_dispatcher as dispatcher


@contextmanager
def from_events_to_rewards(
    settings: Settings, environ: Mapping[str, str], *catalog: CatalogEntity
) -> Iterator[tuple[tracker.System, dispatcher.System]]:
    """The doors for events and for rewards; what is told at the one comes out at the other."""
    with ExitStack() as stack:
        events = stack.enter_context(tracker.served(settings, *catalog))
        rewards = stack.enter_context(dispatcher.served(settings, environ, *catalog))
        for fold in ("attribute", "screen"):
            stack.enter_context(tracker.folding(environ, fold))
        for fold in ("decide", "ledger"):
            stack.enter_context(dispatcher.running(rewards.environ, "fold", fold))
        yield events, rewards
