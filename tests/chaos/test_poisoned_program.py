"""One program with an impossible number and a flood of its events, beside a healthy one."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from referral.events.entities import ProgramVersion
from referral.program_file.check import check_program_file
from tests.support.chaos.attacked_system import AttackedSystem
from tests.support.chaos.event_feed import EventFeed
from tests.support.records import write_records
from tests.support.waiting import wait_until, wait_until_equal

pytestmark = pytest.mark.chaos

POISONED = "prg_poisoned"
FLOOD = 1000  # events, all of one referrer: twice the invalid lines that stop a fold, on one partition
BATCH = 25
PROBES = 5
RULE = "first20"


class Flood:
    """Follows by one referrer's code, as fast as a platform sends them; every one is acknowledged."""

    def __init__(self, world: AttackedSystem, program: str) -> None:
        self._world = world
        self._program = program
        url = f"{world.system.services['link-issuer']}/v1/programs/{program}/participants"
        answer = world.http.post(url, json=[{"external_id": "xhs:flooder", "display_name": "Flooder"}])
        assert answer.status_code < 300, answer.text
        self._code = answer.json()["participants"][0]["code"]

    def send(self) -> None:
        """Sends all of them."""
        for begin in range(0, FLOOD, BATCH):
            events = [self._follow(f"xhs:{self._program}{number}", begin) for number in range(begin, begin + BATCH)]
            self._post(events)

    def seconds_until_rewarded(self, person: str) -> float:
        """How long after a follow its reward is in the person's wallet."""
        began = time.monotonic()
        self._post([self._follow(person, 0)])
        wallet = (
            f"{self._world.system.services['reward-dispatcher']}/v1/programs/{self._program}/people/{person}/rewards"
        )
        wait_until(lambda: self._world.http.get(wallet).json()["items"] != [])
        return time.monotonic() - began

    def _post(self, events: list[dict[str, Any]]) -> None:
        answer = self._world.http.post(f"{self._world.system.services['conversion-tracker']}/v1/events", json=events)
        assert answer.status_code == 202, answer.text

    def _follow(self, person: str, number: int) -> dict[str, Any]:
        at = datetime.now(UTC) + timedelta(milliseconds=number % 50)
        return {
            "id": f"evt_{person.removeprefix('xhs:')}",
            "type": "person.followed",
            "program": self._program,
            "person": person,
            "occurred_at": at.isoformat(timespec="milliseconds"),
            "code": self._code,
        }


def _rules(world: AttackedSystem, program: str, expires_days: int) -> dict[str, Any]:
    reward = {
        "id": RULE,
        "to": "referee",
        "on": "conversion.cleared",
        "kind": "early_access",
        "expires_days": expires_days,
    }
    return world.rules | {"id": program, "rewards": [reward]}


def _write_as_before_bounds_existed(world: AttackedSystem, program: str) -> None:
    """A version on the log whose rewards would expire after the last year of the calendar."""
    checked = check_program_file(_rules(world, program, 30)).program
    assert checked is not None
    rewards = tuple(msgspec.structs.replace(one, expires_days=3_650_000) for one in checked.rewards)
    since = datetime.now(UTC) - timedelta(days=1)
    version = ProgramVersion(
        program=msgspec.structs.replace(checked, rewards=rewards), version=1, recorded_at=since, effective_from=since
    )
    write_records(world.system.settings, [version])


def _apply(world: AttackedSystem, program: str) -> None:
    answer = world.http.put(
        f"{world.system.services['link-issuer']}/v1/programs/{program}", json=_rules(world, program, 30)
    )
    assert answer.status_code in (200, 201), answer.text
    in_force = datetime.fromisoformat(answer.json()["effective_from"])
    wait_until(lambda: datetime.now(UTC) - in_force > timedelta(seconds=1))


@contextmanager
def _sending(flood: Flood) -> Iterator[None]:
    """The flood is sent beside what the block does, and whole when it ends."""
    failed: list[BaseException] = []

    def send() -> None:
        try:
            flood.send()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            failed.append(error)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    yield
    sender.join()
    if failed:
        raise failed[0]


def test_a_program_with_impossible_rules_and_a_flood_of_its_events_changes_nothing_for_others(
    world: AttackedSystem, feed: EventFeed
) -> None:
    """The healthy program's figures are the oracle's, its rewards as fast as beside a healthy flood; after the correction the
    poisoned program has every reward once."""
    _write_as_before_bounds_existed(world, POISONED)
    healthy_flood = f"{world.rules['id']}b"
    _apply(world, healthy_flood)
    _apply(world, f"{healthy_flood}p")
    probe = Flood(world, f"{healthy_flood}p")
    deaths = world.deaths
    delays: dict[str, float] = {}
    for name, flood in {"healthy": Flood(world, healthy_flood), "poisoned": Flood(world, POISONED)}.items():
        with _sending(flood):
            found = [probe.seconds_until_rewarded(f"xhs:{name}{number}") for number in range(PROBES)]
        delays[name] = statistics.median(found)
        world.restore()
    feed.pace_s = 0
    feed.play()
    world.restore()
    actual, expected = world.figures(feed)
    assert actual == expected
    assert world.deaths == deaths, "a process died"
    assert delays["poisoned"] < 3 * delays["healthy"] + 1, delays
    print(f"\nreward after a follow, median: {delays}")

    rejected = f"{world.system.services['conversion-tracker']}/v1/programs/{POISONED}/rejected"
    assert len(_waiting(world, rejected)) == FLOOD
    assert _granted(world, POISONED) == 0
    _apply(world, POISONED)
    _replay_all(world, rejected)
    wait_until_equal(lambda: _granted(world, POISONED), FLOOD)
    assert _waiting(world, rejected) == []
    _replay_all(world, rejected)
    world.restore()
    assert _granted(world, POISONED) == _granted(world, healthy_flood) == FLOOD


def _granted(world: AttackedSystem, program: str) -> int:
    url = f"{world.system.services['reward-dispatcher']}/v1/programs/{program}/rewards/summary"
    by_status = world.http.get(url).json()["by_rule"].get(RULE, {})
    return sum(by_status.values())


def _waiting(world: AttackedSystem, rejected: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = {"status": "waiting", "limit": "1000"}
    while True:
        page = world.http.get(rejected, params=query).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def _replay_all(world: AttackedSystem, rejected: str) -> None:
    query: dict[str, str] = {"limit": "1000"}
    while True:
        answer = world.http.post(f"{rejected}/replay", params=query)
        assert answer.status_code == 202, answer.text
        if answer.json()["next_cursor"] is None:
            return
        query["cursor"] = answer.json()["next_cursor"]
