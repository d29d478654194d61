"""Reward-dispatcher with its folds and operators of every role, for a program with a pool, a budget and a gift in the store."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import msgspec
from flask import Flask
from msgspec.structs import replace
from werkzeug.test import TestResponse

from referral.config import Settings
from referral.events.audit import ActionRecorded
from referral.events.entities import Operator, ProgramVersion
from referral.events.money import Value
from referral.events.pool_rules import PoolRules
from referral.events.reward_rules import Budget, Caps, Reward
from referral.events.rewards import RewardGranted
from referral.topics import AUDIT
from reward_dispatcher.http_api.app import app as make_app
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person
from tests.support.builders.reward_dispatcher import FIRST20, grant, reward_terms
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

STAFF: dict[str, Operator] = {
    "staff": operator("st", "staff"),
    "viewer": operator("vi", "viewer"),
    "support": operator("su", "support"),
    "growth": operator("gr", "growth"),
    "admin": operator("ad", "admin"),
    "elsewhere": operator("el", "admin", ("prg_other",)),
}
TEA = Reward(
    id="tea",
    to="referee",
    on="conversion.cleared",
    kind="gift",
    handover="in_store",
    name={"en": "A cup of tea", "zh-CN": "一杯茶"},
)
FRIEND = person("xhs:friend1")


def console_terms() -> ProgramVersion:
    """Returns a program with a pool that is low below three codes, a gift in the store and a budget of ¥500."""
    terms = reward_terms(replace(FIRST20, pool="spring"), TEA)
    rules = replace(
        terms.program, pools={"spring": PoolRules(low_water=3)}, caps=Caps(budget=Budget(total=500, currency="CNY"))
    )
    return replace(terms, program=rules)


def gift(reward: str) -> RewardGranted:
    """Returns the grant of the gift in the store."""
    line = grant(reward, pool=None, beneficiary=FRIEND.id)
    return replace(line, rule="tea", kind="gift", percent=None, gift="in_store")


def costly(reward: str, cost: int) -> RewardGranted:
    """Returns the grant of a code that costs the budget so many fen."""
    return replace(grant(reward, beneficiary=FRIEND.id), cost=Value(cost, "CNY"), budgets=("total",))


@dataclass(frozen=True)
class RewardConsole:
    """The service over HTTP, the same app in the test process, and a browser of each operator."""

    service: RewardDispatcher
    app: Flask
    browsers: Mapping[str, ConsoleBrowser]

    def text(self, path: str, who: str = "growth") -> str:
        """Returns the text of a page in English."""
        page = self.browsers[who].get(f"{path}{'&' if '?' in path else '?'}lang=en")
        assert page.status_code == 200, page.text
        return text_of(page)

    def audit(self) -> list[tuple[str, str, str]]:
        """Returns actor, action and target of the lines of the audit log."""
        found = read_lines(self.service.settings, AUDIT)
        lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in found]
        return [(line.actor, line.action, line.target) for line in lines]


def text_of(page: TestResponse) -> str:
    """Returns the words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def _upload(service: RewardDispatcher) -> httpx.Response:
    """Uploads a code to a pool of its own: the answer is 503 until the fold of pools has started."""
    path, headers = f"/v1/programs/{PROGRAM}/pools/first/codes", {"Content-Type": "text/plain"}
    return service.client.put(path, content="FIRST-1\n", headers=headers)


@contextmanager
def serve_reward_console(settings: Settings, environ: Mapping[str, str], *folds: str) -> Iterator[RewardConsole]:
    """Yields the console with these folds of reward-dispatcher running."""
    records = (console_terms(), AMY, PROFILES[0], FRIEND, *STAFF.values())
    with ExitStack() as stack:
        service = stack.enter_context(serve_reward_dispatcher(settings, environ, *records))
        for fold in folds:
            stack.enter_context(run_module(service.environ, "reward_dispatcher", "fold", fold))
        if "pools" in folds:
            wait_until(lambda: _upload(service).status_code == 200)
        app = make_app(Settings.from_env(service.environ))
        stack.callback(app.extensions["referral"].close)
        app.extensions["referral"].follower.read_to_end(30)
        browsers = {name: ConsoleBrowser(app) for name in STAFF}
        for name, browser in browsers.items():
            browser.enter(STAFF[name])
        yield RewardConsole(service, app, browsers)
