"""Explanations by the running system: touches, a hold, an unfollow, a milestone; every log position is checked."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner, Result
from kafka import KafkaConsumer, TopicPartition
from msgspec.structs import replace as with_

from referral.config import Settings
from referral.events.board_rules import Board
from referral.events.entities import ProgramVersion
from referral.events.facts import ClickToken
from referral.events.timestamps import to_ms
from referral.log.records import split
from referral.tokens import TokenSigner
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM, SELF
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE
from tests.support.processes import run_module
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event, serve_conversion_tracker
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.waiting import is_ready, wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
FRIEND = "xhs:friend"
BONUS2 = with_(BONUS3, id="bonus2", referrals=2)


def _version() -> ProgramVersion:
    """A window of ten days; a guide for the referrer, a code for the friend, and a bonus for two friends."""
    plain = program_version(window_days=10)
    pays = {"rewards": (GUIDE, FIRST20, BONUS2), "boards": (Board(metric="referrals"),)}
    return with_sections(plain, **pays)


def with_sections(terms: ProgramVersion, **pays: object) -> ProgramVersion:
    """The same version with other sections."""
    return with_(terms, program=with_(terms.program, **pays))


@dataclass(frozen=True)
class ExplainedSystem:
    """The API of conversion-tracker on a real log, and its address."""

    events: ConversionTracker
    url: str

    def report(self, person: str, kind: str, days_ago: float, **more: object) -> None:
        """Reports an event that happened so many days ago."""
        when = (NOW - timedelta(days=days_ago)).isoformat()
        answer = self.events.post(event(person, kind, number=days_ago, occurred_at=when, **more))
        assert answer.get_json() == {"accepted": 1, "rejected": [], "warnings": []}

    def explanation(self, person: str) -> Any:
        """The explanation of a person; None if there is none yet."""
        answer = self.events.get(f"/v1/programs/{PROGRAM}/people/{person}/explanation")
        return answer.get_json() if answer.status_code == 200 else None

    def wait_for(self, person: str, last: str, count: int) -> Any:
        """The explanation, once it has so many lines of this type and no missing step."""

        def complete() -> Any:
            found = self.explanation(person)
            return found if found and _types(found).count(last) == count and not found["missing"] else None

        return wait_until(complete, every=0.3)

    def run_explain(self, *words: str, key: str = "rk_all") -> Result:
        """`referral explain` against this system."""
        return CliRunner().invoke(main, ["explain", *words, "--program", PROGRAM, "--url", self.url, "--key", key])


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[ExplainedSystem]:
    """All services except link-issuer, on a separate log; one screening rule fails for people with a device."""
    key = api_key("boards", "admin", secret=API_SECRET)
    catalog = (_version(), AMY, BO, SELF, *PROFILES, key, api_key("all", "admin"))
    with ExitStack() as stack:
        boards = stack.enter_context(run_leaderboard(environ))
        here = replace(settings, leaderboard=str(boards.base_url))
        events = stack.enter_context(serve_conversion_tracker(here, *catalog))
        stack.enter_context(run_module(environ, "conversion_tracker", "fold", "attribute"))
        suspicious = "tests.support.systems.screen_with_failing_rule"
        stack.enter_context(run_module(environ, suspicious))
        for fold in ("decide", "ledger"):
            stack.enter_context(run_module(environ, "reward_dispatcher", "fold", fold))
        url = stack.enter_context(serve_app(events.app))
        wait_until(lambda: is_ready(boards))
        yield ExplainedSystem(events, url)


class PlainLogReader:
    """Reads the log positions of an explanation with a plain Kafka consumer."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)

    def read_line(self, place: dict[str, Any]) -> dict[str, Any]:
        """The line at a log position."""
        partition = TopicPartition(place["topic"], place["partition"])
        self._consumer.assign([partition])
        self._consumer.seek(partition, place["offset"])
        records = wait_until(lambda: self._consumer.poll(200, max_records=1).get(partition))
        assert records[0].offset == place["offset"]
        return msgspec.json.decode(split(records[0].value)[place["line"]])  # type: ignore[no-any-return]

    def check_positions(self, found: dict[str, Any]) -> None:
        """Checks that each log position of an explanation has the line that it describes."""
        for cause in found["causes"]:
            line = self.read_line(cause["place"])
            assert (line["type"], datetime.fromisoformat(line["occurred_at"])) == (
                cause["type"],
                datetime.fromisoformat(cause["at"]),
            )
            assert _cause(line) == _numbers(cause["cause"])
        for touch in found["touches"]:
            line = self.read_line(touch["place"])
            assert line["person"] == found["id"]
            assert touch["event"] == line["id"] or touch["kind"] == "click"
        for reward in found["rewards"]:
            for state in reward["states"]:
                line = self.read_line(state["place"])
                assert (line["type"], line["id"]) == (f"reward.{state['state']}", reward["id"])

    def close(self) -> None:
        """Closes the consumer."""
        self._consumer.close()


def _numbers(place: dict[str, Any] | None) -> list[int] | None:
    return [place["partition"], place["offset"], place["line"]] if place else None


def _cause(line: dict[str, Any]) -> list[int] | None:
    return line["cause"][1:4] if "cause" in line else None


def _types(found: dict[str, Any]) -> list[str]:
    return [one["type"] for one in found["causes"]]


def _click(settings: Settings) -> str:
    at = to_ms(NOW - timedelta(days=2))
    click = ClickToken(id="clk_1", program=PROGRAM, participant=BO.id, code=BO.code, clicked_at_ms=at)
    return TokenSigner(settings.key_ring()).sign_click(click)


def test_an_explanation_is_correct_from_the_touches_to_the_rewards_with_its_log_positions(
    system: ExplainedSystem,
) -> None:
    """Four touches with one winner; the milestone of a second friend; a hold; an unfollow; and the CLI command."""
    log = PlainLogReader(system.events.settings)
    system.report(FRIEND, "code.scanned", 20, data={"scene": "BO88"})
    system.report(FRIEND, "code.scanned", 3, data={"scene": SELF.code})
    system.report(FRIEND, "person.followed", 1, code="AMY88", click=_click(system.events.settings))
    first = system.wait_for(FRIEND, "reward.fulfilled", 2)
    assert [(one["kind"], one["why"]) for one in first["touches"]] == [
        ("scan", "expired"),
        ("scan", "self_referral"),
        ("click", "outranked"),
        ("code", "won"),
    ]
    assert first["verdict"] == f"Amy (xhs:amy) referred {FRIEND} by code AMY88; it counts and pays."
    assert (first["rules"]["version"], first["rules"]["window_days"], first["timezone"]) == (1, 10, "Asia/Shanghai")
    assert first["screening"] == {
        "conversion": first["screening"]["conversion"],
        "status": "cleared",
        "findings": [],
        "review": None,
    }
    assert {one["rule"]: (one["status"], one["milestone"]) for one in first["rewards"]} == {
        "guide": ("fulfilled", 1),
        "first20": ("fulfilled", None),
    }
    wait_until(lambda: (system.explanation(FRIEND)["rank"] or {}).get("rank") == 1, every=0.3)

    system.report("xhs:u2", "person.followed", 0.5, code="AMY88")
    second = system.wait_for("xhs:u2", "reward.fulfilled", 2)
    assert {one["rule"]: one["milestone"] for one in second["rewards"]} == {"first20": None, "bonus2": 2}

    system.report("xhs:odd1", "person.followed", 0.4, code="AMY88", device="d1")
    held = system.wait_for("xhs:odd1", "conversion.held", 1)
    assert (held["screening"]["status"], held["screening"]["findings"][0]["reason"]) == ("held", "rule_failed")
    assert "held for manual review" in held["verdict"]
    assert held["rewards"] == []

    system.report("xhs:u3", "person.followed", 0.3, code="BO88")
    system.wait_for("xhs:u3", "reward.fulfilled", 2)
    system.report("xhs:u3", "person.unfollowed", 0.2)
    gone = system.wait_for("xhs:u3", "reward.revoked", 2)
    assert (
        gone["verdict"]
        == "Bo (xhs:bo) referred xhs:u3 by code BO88, but xhs:u3 has unfollowed, so the referral does not count."
    )
    assert (gone["screening"]["status"], {one["status"] for one in gone["rewards"]}) == ("reversed", {"revoked"})

    schema = _response_schema(system)
    for found in (first, second, held, gone):
        jsonschema.validate(found, schema)
        log.check_positions(found)
    log.close()
    _check_command(system, first)


def _response_schema(system: ExplainedSystem) -> dict[str, Any]:
    """The documented schema of an explanation."""
    document = system.events.get("/openapi.json").get_json()
    path = document["paths"]["/v1/programs/{program}/people/{external_id}/explanation"]
    return {
        **path["get"]["responses"]["200"]["content"]["application/json"]["schema"],
        "components": document["components"],
    }


def _check_command(system: ExplainedSystem, first: dict[str, Any]) -> None:
    """The command prints the verdict and the log positions, or the response itself; it fails with the error."""
    printed = system.run_explain(FRIEND)
    assert printed.exit_code == 0, printed.output
    place = first["causes"][0]["place"]
    for text in (first["verdict"], "outranked", "first20", "{topic}/{partition}/{offset}/{line}".format(**place)):
        assert text in printed.output
    answer = system.run_explain(FRIEND, "--json").output
    assert json.loads(answer[answer.index("{\n") :])["verdict"] == first["verdict"]
    unknown = system.run_explain("xhs:nobody")
    assert (unknown.exit_code, "unknown_person" in unknown.output) == (1, True)
    invalid_key = system.run_explain(FRIEND, key="rk_wrong")
    assert (invalid_key.exit_code, "keys create" in invalid_key.output) == (1, True)
