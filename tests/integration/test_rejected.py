"""Lines that one program cannot process: set aside for it alone, listed and replayed over HTTP and by the command."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from referral.config import Settings
from referral.events.conversions import ConversionCleared
from referral.events.entities import ProgramVersion
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.builders.participants import AMY, PROGRAM, person_id
from tests.support.builders.reward_dispatcher import FIRST20, friend_conversion, friend_reversal, reward_terms
from tests.support.processes import run_module
from tests.support.settings import api_key
from tests.support.systems.conversion_tracker import serve_conversion_tracker
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until, wait_until_equal

pytestmark = pytest.mark.integration

HEALTHY = "prg_healthy"
POISONED = reward_terms(replace(FIRST20, expires_days=3_650_000))
KEYS = (
    api_key("all", "admin"),
    api_key("reader", "read"),
    api_key("elsewhere", "admin", programs=(HEALTHY,)),
)


def _healthy_terms() -> ProgramVersion:
    terms = reward_terms(FIRST20)
    return replace(terms, program=replace(terms.program, id=HEALTHY))


def _healthy_conversion(number: int) -> ConversionCleared:
    return replace(
        friend_conversion(number),
        program=HEALTHY,
        id=f"cnv_healthy{number}",
        person=person_id(f"xhs:other{number}", HEALTHY),
    )


@dataclass(frozen=True)
class System:
    """The API of conversion-tracker at an address, and reward-dispatcher with its folds."""

    url: str
    rewards: RewardDispatcher = None  # type: ignore[assignment] # for tests of the API alone

    def request(self, method: str, path: str, secret: str = "rk_all", **more: Any) -> httpx.Response:
        """The response of `/v1/programs/PROGRAM/rejected` and below."""
        headers = {"Authorization": f"Bearer {secret}", **more.pop("headers", {})}
        program = more.pop("program", PROGRAM)
        return httpx.request(
            method, f"{self.url}/v1/programs/{program}/rejected{path}", headers=headers, timeout=150, **more
        )

    def listed(self, status: str = "waiting") -> list[dict[str, Any]]:
        """Every line of a status, page by page, two at a time."""
        items: list[dict[str, Any]] = []
        query = {"status": status, "limit": "2"}
        while True:
            answer = self.request("GET", "", params=query)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            if answer.json()["next_cursor"] is None:
                return items
            query["cursor"] = answer.json()["next_cursor"]

    def run(self, *words: str) -> str:
        """The output of a command that succeeds."""
        done = CliRunner().invoke(main, words, env={"REFERRAL_URL": self.url, "REFERRAL_KEY": "rk_all"})
        assert done.exit_code == 0, done.output
        return done.output

    def wallet(self, person: str, program: str = PROGRAM) -> list[tuple[object, object]]:
        """The rewards of a person: rule and status."""
        answer = self.rewards.client.get(f"/v1/programs/{program}/people/{person}/rewards")
        return [(one["rule"], one["status"]) for one in answer.json()["items"]]


@contextmanager
def serve_api(settings: Settings) -> Iterator[str]:
    """The address of conversion-tracker's API: a program with an impossible number beside a healthy one."""
    with (
        serve_conversion_tracker(settings, POISONED, _healthy_terms(), AMY, *KEYS) as tracker,
        serve_app(tracker.app) as url,
    ):
        yield url


@pytest.fixture
def system(settings: Settings, environ: Mapping[str, str]) -> Iterator[System]:
    """One program with an impossible number, stored before bounds existed, beside a healthy one."""
    with ExitStack() as stack:
        url = stack.enter_context(serve_api(settings))
        rewards = stack.enter_context(serve_reward_dispatcher(settings, environ, POISONED, _healthy_terms(), AMY))
        strict = {**rewards.environ, "REFERRAL_INVALID_RUN": "3"}
        for fold in ("decide", "ledger"):
            stack.enter_context(run_module(strict, "reward_dispatcher", "fold", fold))
        yield System(url, rewards)


def test_what_a_program_cannot_process_is_set_aside_listed_and_replayed_after_its_correction(system: System) -> None:
    """The fold goes on for the healthy program beyond its limit of invalid lines; the corrected program loses nothing."""
    lines = [friend_conversion(number) for number in range(1, 6)]
    system.rewards.write_conversions([*lines, friend_reversal(1), _healthy_conversion(1)])
    wait_until_equal(lambda: system.wallet("xhs:other1", HEALTHY), [("first20", "fulfilled")])
    wait_until(lambda: len(system.listed()) == 6)
    found = system.listed()
    assert {one["fold"] for one in found} == {"decide"}
    assert [one["type"] for one in found].count("conversion.reversed") == 1
    assert [one["reason"] for one in found].count("earlier_line_waits") == 5
    first = next(one for one in found if one["reason"] == "decision_failed")
    assert first["detail"].startswith("OverflowError")
    assert first["source"]["topic"] == "conversions"
    detail = system.request("GET", f"/{first['id']}").json()
    assert detail["content"]["person"] == person_id("xhs:friend1")
    assert system.request("GET", f"/{first['id']}", "rk_reader").json()["content"] is None
    assert first["id"] in system.run("rejected", "list", PROGRAM)
    assert "OverflowError" in system.run("rejected", "show", PROGRAM, first["id"])
    assert "has no line" in system.run("rejected", "list", HEALTHY)

    assert "6 lines" in system.run("rejected", "replay", PROGRAM, "--all")
    _write_and_await(system, 2)
    assert len(system.listed()) == 6, "not corrected yet: they keep waiting"

    corrected_at = datetime.now(UTC)
    system.rewards.apply(
        replace(reward_terms(FIRST20, version=2), recorded_at=corrected_at, effective_from=corrected_at)
    )
    wait_until(lambda: datetime.now(UTC) - corrected_at > timedelta(seconds=5.5))
    key = {"Idempotency-Key": "once"}
    one = system.request("POST", f"/{first['id']}/replay", headers=key)
    assert (one.status_code, one.json()["replayed"]) == (202, 1)
    assert system.request("POST", f"/{first['id']}/replay", headers=key).json() == one.json()
    wait_until_equal(lambda: system.wallet("xhs:friend1"), [("first20", "fulfilled")])
    system.run("rejected", "replay", PROGRAM, "--all")
    wait_until_equal(system.listed, [])
    for number in range(2, 6):
        wait_until_equal(lambda number=number: system.wallet(f"xhs:friend{number}"), [("first20", "fulfilled")])
    wait_until_equal(lambda: system.wallet("xhs:friend1"), [("first20", "revoked")])

    again = system.request("POST", f"/{first['id']}/replay").json()
    assert (again["id"], again["replayed"], again["already_processed"]) == (None, 0, 1)
    assert "0 lines" in system.run("rejected", "replay", PROGRAM, "--all")
    assert len(system.listed("processed")) == len(system.listed("all")) == 6
    counts = system.rewards.client.get(f"/v1/programs/{PROGRAM}/rewards/summary").json()["by_rule"]["first20"]
    assert sum(counts.values()) == 5


def _write_and_await(system: System, number: int) -> None:
    """Returns once the fold has decided everything before."""
    system.rewards.write_conversions([_healthy_conversion(number)])
    wait_until_equal(lambda: system.wallet(f"xhs:other{number}", HEALTHY), [("first20", "fulfilled")])


def test_only_an_admin_of_the_program_replays(settings: Settings) -> None:
    """A key of another program sees nothing; a reader replays nothing; what does not exist is named."""
    with serve_api(settings) as url:
        _check_access(System(url))


def _check_access(system: System) -> None:
    assert system.request("GET", "", "rk_reader").status_code == 200
    assert system.request("POST", "/replay", "rk_reader").json()["code"] == "missing_scope"
    assert system.request("GET", "", "rk_elsewhere").status_code == 403
    assert system.request("POST", "/replay", "rk_elsewhere").status_code == 403
    for id in ("rej_999999_0", "rej_0_99999", "rej_x", "a%2Fb"):
        assert system.request("GET", f"/{id}").status_code == 404
        assert system.request("POST", f"/{id}/replay").status_code == 404
    assert system.request("GET", "", program="prg_unknown").json()["code"] == "unknown_program"
    for query in ({"fold": "fork"}, {"status": "gone"}, {"limit": "0"}, {"limit": "5000"}, {"colour": "red"}):
        assert system.request("GET", "", params=query).status_code == 422
    assert system.request("GET", "", params={"cursor": "WyJ4Il0"}).json()["code"] == "bad_cursor"
    assert system.request("GET", "", params={"fold": "ledger"}).json()["items"] == []
