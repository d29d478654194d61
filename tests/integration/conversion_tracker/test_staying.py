"""A program that pays who stays: the attribute fold's timers and the clock ticks of a real log."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from redis import Redis

from referral.clock import SystemClock
from referral.config import Settings
from referral.events.line import ClockTicked
from referral.log.fold_producer import KafkaFoldProducer, OutputLine
from tests.support.builders.conversion_tracker import AMY, version
from tests.support.systems.conversion_tracker import System, event, folding, key, served
from tests.support.waiting import until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[System]:
    """Who still follows two days after is worth paying."""
    terms = version(qualifies_on="person.retained", retained_days=2)
    with (
        served(settings, terms, AMY, key("all", "admin")) as system,
        folding(environ, "attribute"),
        folding(environ, "screen"),
    ):
        yield system


def _tick(system: System, moment: datetime) -> None:
    """Time reaches every partition, as the ticker says it."""
    speaker = KafkaFoldProducer(system.settings, SystemClock())
    line = msgspec.json.encode(ClockTicked(id=f"tick_{moment.timestamp():.0f}", occurred_at=moment))
    speaker.produce([OutputLine("events", partition, line, True) for partition in range(system.settings.partitions)])
    speaker.close()


def _says(system: System, person: str, kind: str, days_ago: float, **more: object) -> None:
    when = (NOW - timedelta(days=days_ago)).isoformat()
    assert system.post(event(person, kind, occurred_at=when, **more)).status_code == 202


def _told(system: System) -> list[tuple[str, str]]:
    return sorted((line["type"], line["person"]) for line in system.decoded("conversions"))


def test_the_clock_qualifies_who_stayed_and_a_wipe_changes_nothing(system: System, redis: "Redis") -> None:
    """The first tick comes too early; the second finds one who stayed and one who left; leaving later reverses."""
    _says(system, "xhs:stays", "person.followed", 3, code="AMY88")
    _says(system, "xhs:leaves", "person.followed", 3, code="AMY88")
    _says(system, "xhs:leaves", "person.unfollowed", 2)
    _tick(system, NOW - timedelta(days=1.5))
    system.drained()
    assert _told(system) == []
    assert system.person("xhs:stays")["qualified_at"] is None

    _tick(system, NOW - timedelta(hours=1))
    until(lambda: _told(system) == [("conversion.cleared", "xhs:stays")])
    stayed = datetime.fromisoformat(system.person("xhs:stays")["qualified_at"])
    assert stayed == NOW - timedelta(days=1)

    _says(system, "xhs:stays", "person.unfollowed", 0)
    until(lambda: ("conversion.reversed", "xhs:stays") in _told(system))
    system.drained()
    before, said = system.states(), len(system.lines("attributions"))
    redis.flushdb()
    until(lambda: system.states() == before)
    assert len(system.lines("attributions")) == said
