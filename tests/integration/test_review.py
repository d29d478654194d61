"""Review and bans through every service, by the commands: what is decided reaches rewards and boards, and comes back whole."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from referral.config import Settings
from referral.events.attributions import Evidence, ReferralQualified, attribution_key
from referral.events.board_rules import Board
from referral.events.entities import ProgramVersion
from referral.events.ids import conversion_id, referral_id
from referral.events.screening import Screening
from referral.topics import ATTRIBUTIONS
from referral_tools.cli import main
from referral_tools.stack.ports import free_ports
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM, day, person_id
from tests.support.builders.reward_dispatcher import FIRST20, GUIDE
from tests.support.processes import run_module
from tests.support.redis_servers import empty
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event
from tests.support.systems.events_to_rewards import serve_events_to_rewards
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import is_ready, wait_until

pytestmark = pytest.mark.integration

LED = referral_id(PROGRAM, AMY.id, AMY.id)
HELD = conversion_id(LED)
FRIEND = conversion_id(referral_id(PROGRAM, person_id("xhs:u1"), AMY.id))
# What attribution never lets pass, and screening holds in this program: the second lock.
SELF_REFERRAL = ReferralQualified(
    occurred_at=day(2),
    program=PROGRAM,
    id=LED,
    person=AMY.id,
    referrer=AMY.id,
    version=1,
    evidence=Evidence(kind="code", touched_at=day(1), event="evt_1", code=AMY.code),
    followed_at=day(1),
)
STANDS = {("xhs:amy", "guide"): None, ("xhs:u1", "first20"): None}
BANNED = {("xhs:amy", "guide"): "milestone_lost", ("xhs:u1", "first20"): "ban"}


def _terms() -> ProgramVersion:
    asked = program_version()
    more = {"rewards": (GUIDE, FIRST20), "boards": (Board(metric="referrals"),)}
    return replace(asked, program=replace(asked.program, **more, screening=Screening(self_referral="hold")))


@dataclass(frozen=True)
class Whole:
    """The public doors of the services, and the commands."""

    events: ConversionTracker
    rewards: RewardDispatcher
    boards: httpx.Client
    url: str

    def run(self, *words: str) -> Result:
        """A command of the tracker's."""
        return CliRunner().invoke(main, words, env={"REFERRAL_URL": self.url, "REFERRAL_KEY": "rk_all"})

    def does(self, *words: str) -> str:
        """The output of a command that succeeds."""
        done = self.run(*words)
        assert done.exit_code == 0, done.output
        return done.stdout

    def refused(self, code: str, *words: str) -> str:
        """What a command says that the service refuses with this code."""
        done = self.run(*words)
        assert (done.exit_code, code in done.stderr) == (1, True), done.output
        return done.stderr

    def stands(self) -> dict[str, Any]:
        """What the doors say: rewards that somebody has, by person and rule; the board."""
        wallets = {who: self.rewards.wallet(who) for who in ("xhs:amy", "xhs:bo", "xhs:u1", "xhs:u2")}
        board = self.boards.get(f"/v1/programs/{PROGRAM}/boards/referrals?period=all").json()
        return {
            "rewards": {
                (who, str(one["rule"])): (one["id"], one["revoked_for"]) for who in wallets for one in wallets[who]
            },
            "board": [(one["external_id"], one["score"]) for one in board["entries"]],
        }

    def insights(self) -> dict[str, Any]:
        """The growth figures of all time."""
        found: dict[str, Any] = self.boards.get(f"/v1/programs/{PROGRAM}/insights").json()
        return found

    def comes(self, board: list[tuple[str, int]], revoked: dict[tuple[str, str], str | None]) -> dict[str, Any]:
        """The rewards' ids once the board is this, and these rewards stand or are revoked for this reason."""
        last: dict[str, Any] = {}

        def there() -> bool:
            last.update(self.stands())
            return last["board"] == board and {key: why for key, (_, why) in last["rewards"].items()} == revoked

        def agree() -> bool:
            return self.insights()["counted"] == sum(score for _, score in board)

        try:
            wait_until(there)
        except AssertionError:
            assert last == {"board": board, "rewards": revoked}
        wait_until(agree)
        return {key: id for key, (id, _) in last["rewards"].items()}


@pytest.fixture
def whole(settings: Settings, environ: dict[str, str]) -> Iterator[Whole]:
    """Every service but link-issuer, on a log of the test's own."""
    key = api_key("boards", "admin", secret=API_SECRET)
    others = api_key("other", "admin", programs=("prg_other",)), api_key("reader", "read")
    catalog = (_terms(), AMY, BO, *PROFILES[:2], key, api_key("all", "admin"), *others)
    [port] = free_ports(1)
    with ExitStack() as stack:
        events, rewards = stack.enter_context(serve_events_to_rewards(settings, environ, *catalog))
        http = {**environ, "REFERRAL_HTTP_PORT": str(port)}
        stack.enter_context(run_module(http, "conversion_tracker", "http"))
        boards = stack.enter_context(run_leaderboard(environ))
        whole = Whole(events, rewards, boards, f"http://127.0.0.1:{port}")
        wait_until(lambda: is_ready(boards) and is_ready(httpx.Client(base_url=whole.url)))
        yield whole


def test_what_is_held_is_released_and_rejected_and_a_ban_takes_all_back_until_it_is_lifted(whole: Whole) -> None:
    """Each decision reaches rewards and boards; what comes back has the same ids; what cannot be decided says why."""
    whole.events.post(event("xhs:u1", code="AMY88"))
    key, line = attribution_key(SELF_REFERRAL), msgspec.json.encode(SELF_REFERRAL)
    whole.events.collaborators.publisher.submit(ATTRIBUTIONS, key, line).wait(150)
    once = whole.comes([("xhs:amy", 1)], STANDS)
    _is_reviewed(whole)
    _is_banned(whole, once)
    _is_banned_as_somebody_brought(whole)
    _is_refused(whole)
    whole.events.wait_until_folded()
    before = whole.events.fold_states()
    empty(whole.events.context.redis)
    wait_until(lambda: whole.events.fold_states() == before)


def _is_reviewed(whole: Whole) -> None:
    listed = whole.does("review", "list", PROGRAM).splitlines()
    assert [line.split()[0] for line in listed] == ["CONVERSION", HELD]
    assert "xhs:amy" in listed[1]
    assert "self_referral" in listed[1]
    (item,) = whole.events.get(f"/v1/programs/{PROGRAM}/conversions?status=held").get_json()["items"]
    assert item["reasons"][0]["description"] == "The referrer and the referee are the same person."
    assert item["reasons"][0]["observed"] == {}
    assert (item["since"], item["qualified_at"]) == ("2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z")
    assert (item["referrer"]["display_name"], item["evidence"]["code"], item["review"]) == ("Amy", "AMY88", None)
    assert "lin" in whole.does("review", "release", HELD, "--by", "lin", "--note", "a twin")
    own = ("xhs:amy", "first20")
    given = whole.comes([("xhs:amy", 2)], {**STANDS, own: None})
    cleared = whole.events.get(f"/v1/programs/{PROGRAM}/conversions?status=cleared").get_json()["items"]
    assert [one["review"]["api_key"] for one in cleared if one["review"]] == ["key_all"]
    assert "nobody" not in whole.does("review", "list", PROGRAM, "--status", "cleared")
    assert "no conversion that is held" in whole.does("review", "list", PROGRAM)
    whole.does("review", "reject", HELD, "--by", "wu")
    assert whole.comes([("xhs:amy", 1)], {**STANDS, own: "review"}) == given
    assert "rejected by wu" in whole.does("review", "list", PROGRAM, "--status", "rejected")
    whole.does("review", "release", HELD, "--by", "lin")
    assert whole.comes([("xhs:amy", 2)], {**STANDS, own: None}) == given


def _is_banned(whole: Whole, once: dict[str, Any]) -> None:
    own = ("xhs:amy", "first20")
    whole.does("bans", "add", PROGRAM, "xhs:amy", "--by", "lin", "--note", "a farm")
    whole.comes([], {**BANNED, own: "ban"})
    wait_until(
        lambda: _followers(whole) == {"followers": 1, "referred": 0, "excluded": 1, "qualified": 0, "counted": 0}
    )
    assert whole.does("bans", "list", PROGRAM).splitlines()[1].split()[0] == "xhs:amy"
    (ban,) = whole.events.get(f"/v1/programs/{PROGRAM}/bans").get_json()["items"]
    assert (ban["by"], ban["api_key"]) == ("lin", "key_all")
    whole.events.post(event("xhs:u2", code="AMY88"))
    wait_until(lambda: "xhs:u2" in whole.does("review", "list", PROGRAM, "--status", "rejected"))
    said = whole.refused("409 referrer_banned", "review", "release", HELD, "--by", "wu")
    assert "banned by lin" in said
    assert "a farm" in said
    whole.does("bans", "lift", PROGRAM, "xhs:amy", "--by", "wu")
    back = whole.comes([("xhs:amy", 3)], {**STANDS, own: None, ("xhs:u2", "first20"): None})
    assert once.items() <= back.items()
    wait_until(
        lambda: _followers(whole) == {"followers": 2, "referred": 2, "excluded": 0, "qualified": 3, "counted": 3}
    )
    assert "no bans in" in whole.does("bans", "list", PROGRAM)


def _followers(whole: Whole) -> dict[str, int]:
    """Insights leave out what boards and rewards leave out. (The self-referral qualified without having been attributed.)"""
    found = whole.insights()
    return {name: found[name] for name in ("followers", "referred", "excluded", "qualified", "counted")}


def _is_banned_as_somebody_brought(whole: Whole) -> None:
    """Amy loses one of three; the follower stays one, whom nobody brought."""
    own, second = ("xhs:amy", "first20"), ("xhs:u2", "first20")
    whole.does("bans", "add", PROGRAM, "xhs:u1", "--by", "lin")
    whole.comes([("xhs:amy", 2)], {**STANDS, ("xhs:u1", "first20"): "banned", own: None, second: None})
    person = whole.events.person("xhs:u1")
    assert (person["status"], person["reason"], person["referrer"]) == ("follower", "banned", None)
    assert "xhs:u1 left" in whole.refused("409 conversion_fallen", "review", "release", FRIEND, "--by", "wu")
    whole.does("bans", "lift", PROGRAM, "xhs:u1", "--by", "lin")
    whole.comes([("xhs:amy", 3)], {**STANDS, own: None, second: None})


def _is_refused(whole: Whole) -> None:
    whole.refused("404 unknown_conversion", "review", "reject", "cnv_none", "--by", "lin")
    whole.refused("404 not_banned", "bans", "lift", PROGRAM, "xhs:bo", "--by", "lin")
    whole.refused("404 unknown_program", "bans", "add", "prg_none", "xhs:bo", "--by", "lin")
    whole.refused("422 invalid", "review", "reject", HELD, "--by", " ")
    ask = whole.events.app.test_client().post
    strange = {"Authorization": "Bearer rk_other"}
    assert ask(f"/v1/conversions/{HELD}/reject", json={"by": "lin"}, headers=strange).status_code == 403
    reads = {"Authorization": "Bearer rk_reader"}
    assert ask(f"/v1/programs/{PROGRAM}/bans", json={"by": "lin", "person": "xhs:bo"}, headers=reads).status_code == 403
    named = {"Authorization": "Bearer rk_all", "Idempotency-Key": "once"}
    answers = [ask(f"/v1/conversions/{HELD}/release", json={"by": "wu"}, headers=named) for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].get_json() == answers[1].get_json()
    half = ask(
        f"/v1/programs/{PROGRAM}/bans",
        data=b'{"by": "\\ud800", "person": "x"}',
        headers=named | {"Content-Type": "application/json", "Idempotency-Key": "half"},
    )
    assert half.status_code == 422
