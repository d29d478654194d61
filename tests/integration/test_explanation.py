"""An explanation through the running system: won and lost touches, a hold, an unfollow, a milestone; every place is opened."""

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
from referral.events.entities import ProgramVersion
from referral.events.facts import ClickToken
from referral.events.program import Board
from referral.events.timestamps import to_ms
from referral.log.records import split
from referral.tokens import TokenSigner
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROGRAM, SELF
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE
from tests.support.processes import run_module
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event, serve_conversion_tracker
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.waiting import is_ready, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

NOW = datetime.now(UTC)
FRIEND = SELF.external_id
BONUS2 = with_(BONUS3, id="bonus2", referrals=2)


def _terms() -> ProgramVersion:
    """Ten days count; a guide for the referrer, a code for the friend, and a bonus for two friends."""
    plain = program_version(window_days=10)
    pays = {"rewards": (GUIDE, FIRST20, BONUS2), "boards": (Board(metric="referrals"),)}
    return replace_program(plain, **pays)


def replace_program(terms: ProgramVersion, **pays: object) -> ProgramVersion:
    """The same version with other sections."""
    return with_(terms, program=with_(terms.program, **pays))


@dataclass(frozen=True)
class Whole:
    """The door of conversion-tracker, and the log behind it."""

    events: ConversionTracker
    url: str

    def says(self, person: str, kind: str, days_ago: float, **more: object) -> None:
        """Something somebody did, so many days ago."""
        when = (NOW - timedelta(days=days_ago)).isoformat()
        answer = self.events.post(event(person, kind, number=days_ago, occurred_at=when, **more))
        assert answer.get_json() == {"accepted": 1, "rejected": []}

    def explained(self, person: str) -> Any:
        """The explanation of a person; None where there is none yet."""
        answer = self.events.get(f"/v1/programs/{PROGRAM}/people/{person}/explanation")
        return answer.get_json() if answer.status_code == 200 else None

    def comes(self, person: str, last: str, count: int) -> Any:
        """The explanation once it has so many lines of this type."""

        def there() -> Any:
            found = self.explained(person)
            return found if found and _types(found).count(last) == count and not found["missing"] else None

        return wait_until(there, 45, every=0.3)

    def command(self, *words: str, key: str = "rk_all") -> Result:
        """`referral explain` against this system."""
        return CliRunner().invoke(main, ["explain", *words, "--program", PROGRAM, "--url", self.url, "--key", key])


@pytest.fixture
def whole(settings: Settings, environ: dict[str, str]) -> Iterator[Whole]:
    """Every service but link-issuer, on a log of the test's own; the screening has a rule that cannot decide on odd people."""
    key = api_key("boards", "admin", secret=API_SECRET)
    catalog = (_terms(), AMY, BO, SELF, key, api_key("all", "admin"))
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
        wait_until(lambda: is_ready(boards), 60)
        yield Whole(events, url)


class Independent:
    """Somebody with a plain Kafka consumer, who opens the places that an explanation names."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)

    def line(self, place: dict[str, Any]) -> dict[str, Any]:
        """The line at a place."""
        partition = TopicPartition(place["topic"], place["partition"])
        self._consumer.assign([partition])
        self._consumer.seek(partition, place["offset"])
        records = wait_until(lambda: self._consumer.poll(200, max_records=1).get(partition))
        assert records[0].offset == place["offset"]
        return msgspec.json.decode(split(records[0].value)[place["line"]])  # type: ignore[no-any-return]

    def opens(self, found: dict[str, Any]) -> None:
        """Every place in an explanation holds the very line that it is said to hold."""
        for cause in found["causes"]:
            line = self.line(cause["place"])
            assert (line["type"], datetime.fromisoformat(line["occurred_at"])) == (
                cause["type"],
                datetime.fromisoformat(cause["at"]),
            )
            assert _cause(line) == _numbers(cause["cause"])
        for touch in found["touches"]:
            line = self.line(touch["place"])
            assert line["person"] == found["external_id"]
            assert touch["event"] == line["id"] or touch["kind"] == "click"
        for reward in found["rewards"]:
            for state in reward["states"]:
                line = self.line(state["place"])
                assert (line["type"], line["id"]) == (f"reward.{state['state']}", reward["id"])

    def close(self) -> None:
        """Leaves."""
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
    return TokenSigner(settings.signing_key).sign_click(click)


def test_an_explanation_holds_from_the_touches_to_the_rewards_and_each_place_holds_its_line(whole: Whole) -> None:
    """Four touches with one winner; a second friend's milestone; a hold; an unfollow; and the command that shows it."""
    independent = Independent(whole.events.settings)
    whole.says(FRIEND, "code.scanned", 20, data={"scene": "BO88"})
    whole.says(FRIEND, "code.scanned", 3, data={"scene": SELF.code})
    whole.says(FRIEND, "person.followed", 1, code="AMY88", click=_click(whole.events.settings))
    first = whole.comes(FRIEND, "reward.fulfilled", 2)
    assert [(one["kind"], one["why"]) for one in first["touches"]] == [
        ("scan", "expired"),
        ("scan", "self_referral"),
        ("click", "outranked"),
        ("code", "won"),
    ]
    assert first["verdict"] == f"Amy (xhs:amy) brought {FRIEND} by code AMY88; it counts and pays."
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
    wait_until(lambda: (whole.explained(FRIEND)["rank"] or {}).get("rank") == 1, every=0.3)

    whole.says("xhs:u2", "person.followed", 0.5, code="AMY88")
    second = whole.comes("xhs:u2", "reward.fulfilled", 2)
    assert {one["rule"]: one["milestone"] for one in second["rewards"]} == {"first20": None, "bonus2": 2}

    whole.says("xhs:odd1", "person.followed", 0.4, code="AMY88")
    held = whole.comes("xhs:odd1", "conversion.held", 1)
    assert (held["screening"]["status"], held["screening"]["findings"][0]["reason"]) == ("held", "rule_failed")
    assert "held until somebody looks" in held["verdict"]
    assert held["rewards"] == []

    whole.says("xhs:u3", "person.followed", 0.3, code="BO88")
    whole.comes("xhs:u3", "reward.fulfilled", 2)
    whole.says("xhs:u3", "person.unfollowed", 0.2)
    gone = whole.comes("xhs:u3", "reward.revoked", 2)
    assert (
        gone["verdict"]
        == "Bo (xhs:bo) brought xhs:u3 by code BO88, but xhs:u3 has unfollowed, so nothing of it counts."
    )
    assert (gone["screening"]["status"], {one["status"] for one in gone["rewards"]}) == ("reversed", {"revoked"})

    described = _described(whole)
    for found in (first, second, held, gone):
        jsonschema.validate(found, described)
        independent.opens(found)
    independent.close()
    _shown(whole, first)


def _described(whole: Whole) -> dict[str, Any]:
    """What the API says of an explanation."""
    document = whole.events.get("/openapi.json").get_json()
    path = document["paths"]["/v1/programs/{program}/people/{external_id}/explanation"]
    return {
        **path["get"]["responses"]["200"]["content"]["application/json"]["schema"],
        "components": document["components"],
    }


def _shown(whole: Whole, first: dict[str, Any]) -> None:
    """The command prints the verdict and the places, or the answer itself, and ends with what went wrong."""
    told = whole.command(FRIEND)
    assert told.exit_code == 0, told.output
    place = first["causes"][0]["place"]
    for said in (first["verdict"], "outranked", "first20", "{topic}/{partition}/{offset}/{line}".format(**place)):
        assert said in told.output
    answer = whole.command(FRIEND, "--json").output
    assert json.loads(answer[answer.index("{\n") :])["verdict"] == first["verdict"]
    nobody = whole.command("xhs:nobody")
    assert (nobody.exit_code, "unknown_person" in nobody.output) == (1, True)
    stranger = whole.command(FRIEND, key="rk_wrong")
    assert (stranger.exit_code, "keys create" in stranger.output) == (1, True)
