"""The attribute fold over the history of one friend."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from conversion_tracker.attribution.fold import AttributeFold, person_key
from conversion_tracker.attribution.person import Person
from referral.catalog.view import Catalog
from referral.events.attributions import (
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
)
from referral.events.facts import BanDecision, EventWithdrawn, Fact
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from tests.support.builders.conversion_tracker import FRIEND, TOKENS, catalog
from tests.support.builders.participants import PROGRAM, day
from tests.support.folds import FoldFeed

AttributionOutput = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed


class AttributionRun:
    """The attribute fold over lines that are recorded at a given day (by default 30 days after the start)."""

    def __init__(self, known: Catalog | None = None, lateness_days: int = 35) -> None:
        self.fold = AttributeFold(TOKENS, lateness_days)
        self.feed = FoldFeed(self.fold, known or catalog(), only_loaded=True)

    def take(
        self, lines: Iterable[Fact | BanDecision | EventWithdrawn | ClockTicked], recorded_on: float = 30
    ) -> "AttributionRun":
        """Folds facts and ticks in this order; returns itself."""
        self.feed.feed(lines, to_ms(day(recorded_on)))
        return self

    @property
    def outputs(self) -> list[AttributionOutput]:
        """All lines that the fold has produced."""
        return self.feed.outputs

    @property
    def person(self) -> Person:
        """The friend's state."""
        return self.feed.state(person_key(PROGRAM, FRIEND)) or Person()

    @property
    def stage_lines(self) -> list[AttributionOutput]:
        """All lines that the fold has produced, each stage in a line of its own."""
        return [part for line in self.outputs for part in _stage_lines(line)]

    def effective_lines(self) -> list[AttributionOutput]:
        """Returns the lines that no later line reverses, in order, each stage in a line of its own.

        Fails if a line reverses what was not in effect.
        """
        effective: list[AttributionOutput] = []
        for line in self.stage_lines:
            if isinstance(line, ReferrerBanned | ReferrerUnbanned):
                continue
            if isinstance(line, ReferralReversed):
                undone = [
                    one for one in effective if _stage(one) in line.undoes and _follow_of(one) == _follow_of(line)
                ]
                assert {_stage(one) for one in undone} == set(line.undoes)
                effective = [one for one in effective if one not in undone]
            else:
                effective.append(line)
        return effective


def _stage_lines(line: AttributionOutput) -> list[AttributionOutput]:
    """Returns an attribution that is qualified as two lines: the qualifying event may as well have arrived later."""
    if not isinstance(line, ReferralAttributed) or not line.qualified:
        return [line]
    fields = {name: getattr(line, name) for name in line.__struct_fields__ if name != "qualified"}
    return [replace(line, qualified=False), ReferralQualified(**fields, followed_at=line.followed_at)]


def _stage(line: AttributionOutput) -> str:
    return str(type(line).__struct_config__.tag).removeprefix("referral.")


def _follow_of(line: AttributionOutput) -> tuple[str, datetime, str | None]:
    """Returns the person, time and referrer of the follow that a line is about."""
    since = line.since if isinstance(line, ReferralReversed) else getattr(line, "followed_at", line.occurred_at)
    return line.person, since, getattr(line, "referrer", None)
