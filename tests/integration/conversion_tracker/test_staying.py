"""A program that pays who stays: the attribute fold's timers and the clock ticks of a real log."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from referral.clock import SystemClock
from referral.config import Settings
from referral.events.line import ClockTicked
from referral.log.fold_producer import KafkaFoldProducer, OutputLine
from referral.redis_client import RedisClient
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY
from tests.support.processes import run_module
from tests.support.redis_servers import empty
from tests.support.settings import api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event, serve_conversion_tracker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[ConversionTracker]:
    """Who still follows two days after is worth paying."""
    terms = program_version(qualifies_on="person.retained", retained_days=2)
    with (
        serve_conversion_tracker(settings, terms, AMY, api_key("all", "admin")) as system,
        run_module(environ, "conversion_tracker", "fold", "attribute"),
        run_module(environ, "conversion_tracker", "fold", "screen"),
    ):
        yield system


def _tick(system: ConversionTracker, moment: datetime) -> None:
    """Time reaches every partition, as the ticker says it."""
    speaker = KafkaFoldProducer(system.settings, SystemClock())
    line = msgspec.json.encode(ClockTicked(id=f"tick_{moment.timestamp():.0f}", occurred_at=moment))
    speaker.produce([OutputLine("events", partition, line, True) for partition in range(system.settings.partitions)])
    speaker.close()


def _says(system: ConversionTracker, person: str, kind: str, days_ago: float, **more: object) -> None:
    when = (NOW - timedelta(days=days_ago)).isoformat()
    assert system.post(event(person, kind, occurred_at=when, **more)).status_code == 202


def _told(system: ConversionTracker) -> list[tuple[str, str]]:
    return sorted((line["type"], line["person"]) for line in system.named("conversions"))


def test_the_clock_qualifies_who_stayed_and_a_wipe_changes_nothing(
    system: ConversionTracker, redis: RedisClient
) -> None:
    """The first tick comes too early; the second finds one who stayed and one who left; leaving later reverses."""
    _says(system, "xhs:stays", "person.followed", 3, code="AMY88")
    _says(system, "xhs:leaves", "person.followed", 3, code="AMY88")
    _says(system, "xhs:leaves", "person.unfollowed", 2)
    _tick(system, NOW - timedelta(days=1.5))
    system.wait_until_folded()
    assert _told(system) == []
    assert system.person("xhs:stays")["qualified_at"] is None

    _tick(system, NOW - timedelta(hours=1))
    wait_until(lambda: _told(system) == [("conversion.cleared", "xhs:stays")])
    stayed = datetime.fromisoformat(system.person("xhs:stays")["qualified_at"])
    assert stayed == NOW - timedelta(days=1)

    _says(system, "xhs:stays", "person.unfollowed", 0)
    wait_until(lambda: ("conversion.reversed", "xhs:stays") in _told(system))
    system.wait_until_folded()
    before, said = system.fold_states(), len(system.lines("attributions"))
    empty(redis)
    wait_until(lambda: system.fold_states() == before)
    assert len(system.lines("attributions")) == said
