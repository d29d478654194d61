"""Writes repeated after the log was unavailable: what is written counts from the retry, never from the first attempt."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from referral.clock import FileClock
from referral.config import Settings
from referral.events.timestamps import to_ms
from tests.support.builders.participants import mention_id
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer, serve_link_issuer

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
TIMES = [(timedelta(seconds=1), NOW), (timedelta(seconds=25), NOW + timedelta(seconds=25))]


@pytest.fixture
def clock(tmp_path: Path) -> FileClock:
    """The clock of the service, set to NOW."""
    clock = FileClock(tmp_path / "clock")
    clock.set(to_ms(NOW))
    return clock


@pytest.fixture
def system(settings: Settings, clock: FileClock, tmp_path: Path) -> Iterator[LinkIssuer]:
    """Link-issuer on that clock, with a program in force."""
    with serve_link_issuer(replace(settings, clock=f"file:{tmp_path / 'clock'}")) as system:
        assert system.apply(RULES).status_code == 201
        yield system


@pytest.mark.parametrize(("later", "counts_from"), TIMES)
def test_rules_never_take_effect_in_the_past(
    system: LinkIssuer, clock: FileClock, later: timedelta, counts_from: datetime
) -> None:
    """Events in between were judged by the old rules, so a replay must too; a concurrent retry writes the same record."""
    rules = RULES | {"holding_days": 7}
    with system.with_unwritable_catalog():
        assert system.apply(rules).status_code == 503
    clock.set(to_ms(NOW + later))
    applied = system.apply(rules).get_json()
    assert datetime.fromisoformat(applied["recorded_at"]) == counts_from
    assert datetime.fromisoformat(applied["effective_from"]) == counts_from + timedelta(seconds=5)


def test_other_rules_are_rejected_while_the_first_may_still_arrive(system: LinkIssuer, clock: FileClock) -> None:
    """A record that was not acknowledged in time may still reach the log."""
    with system.with_unwritable_catalog():
        assert system.apply(RULES | {"holding_days": 7}).status_code == 503
    clock.set(to_ms(NOW + timedelta(seconds=25)))
    assert system.apply(RULES | {"holding_days": 8}).status_code == 409


@pytest.mark.parametrize(("later", "counts_from"), TIMES)
def test_a_participant_and_a_link_count_from_the_retry(
    system: LinkIssuer, clock: FileClock, later: timedelta, counts_from: datetime
) -> None:
    """Mentions before that were judged as belonging to no participant."""
    bo = system.enrol({"external_id": "xhs:bo"}).get_json()
    with system.with_unwritable_catalog():
        assert system.enrol({"external_id": "xhs:amy", "mention": "@amy"}).status_code == 503
        assert system.link(bo["id"], code="BOGLOW").status_code == 503
    clock.set(to_ms(NOW + later))
    assert system.enrol({"external_id": "xhs:amy", "mention": "@amy"}).status_code == 201
    assert system.link(bo["id"], code="BOGLOW").status_code == 201
    system.context.follower.read_to_end(30)
    amy, link = (
        system.context.catalog.mention(PROGRAM, mention_id("@amy", PROGRAM)),
        system.context.catalog.code("BOGLOW"),
    )
    assert [one.recorded_at for one in (amy, link) if one] == [counts_from, counts_from]
