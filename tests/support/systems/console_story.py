"""The console of three services: link-issuer, which shows a person's story, and the two that have the other parts of it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from flask import Flask
from msgspec.structs import replace as replace_fields

from referral.config import Settings
from referral.events.audit import ActionRecorded
from referral.events.entities import Operator
from referral.events.money import Value
from referral.events.rewards import RewardGranted, reward_key
from referral.topics import AUDIT, REWARDS
from reward_dispatcher.http_api.app import app as make_rewards_app
from tests.support.app_server import serve_app
from tests.support.builders.participants import AMY, BO, PROGRAM, person_id
from tests.support.builders.reward_dispatcher import grant, redemption_request
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.processes import run_module
from tests.support.records import write_records
from tests.support.settings import api_key
from tests.support.systems.console_review import Review, serve_review
from tests.support.systems.conversion_tracker import event
from tests.support.systems.link_issuer import LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

PEOPLE = "/console/people"
AMYS = f"{PEOPLE}/{AMY.id}"
CHEN = person_id("xhs:chen")
STAFF: dict[str, Operator] = {
    "vi": operator("vi", "viewer"),
    "su": operator("su", "support"),
    "gr": operator("gr", "growth"),
    "ad": operator("ad", "admin"),
    "el": operator("el", "admin", ("prg_other",)),
}


@dataclass(frozen=True)
class Consoles:
    """The apps behind one address in production, each with browsers of every role."""

    settings: Settings
    review: Review
    issuer: LinkIssuer
    rewards: Flask

    def browser(self, who: str, path: str = PEOPLE) -> ConsoleBrowser:
        """Returns a browser of an operator at the service that has a path."""
        app = self.issuer.app
        if path.startswith("/console/review"):
            app = self.review.tracker.app
        elif path.startswith("/console/rewards"):
            app = self.rewards
        browser = ConsoleBrowser(app)
        browser.enter(STAFF[who])
        return browser

    def page(self, path: str, who: str = "ad", lang: str = "en") -> str:
        """Returns the HTML of a page."""
        joined = f"{path}{'&' if '?' in path else '?'}lang={lang}"
        answer = self.browser(who, path).get(joined)
        assert answer.status_code == 200, answer.text
        return answer.text

    def story(self, person: str = AMY.id, who: str = "ad", query: str = "", lang: str = "en") -> str:
        """Returns the HTML of a person's story."""
        return self.page(f"{PEOPLE}/{person}?program={PROGRAM}{query}", who, lang)

    def send(self, path: str, fields: dict[str, str], who: str = "ad") -> tuple[int, str]:
        """Sends a form of a story; returns the status, and where it leads, or the page."""
        browser = self.browser(who, path)
        session = browser.enter(STAFF[who])
        answer = browser.post(path, {**fields, "csrf": session.csrf_token})
        return answer.status_code, answer.headers.get("Location") or answer.text

    def audit(self) -> list[tuple[str, str, str]]:
        """Returns actor, action and target of the lines of the audit log."""
        lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in read_lines(self.settings, AUDIT)]
        return [(line.actor, line.action, line.target) for line in lines]


@contextmanager
def serve_consoles(settings: Settings, environ: Mapping[str, str]) -> Iterator[Consoles]:
    """Yields the services once Amy has a held referral, a friend, a task, a credit that is used in part, and a ready reward."""
    with ExitStack() as stack:
        review = stack.enter_context(serve_review(settings, environ))
        stack.enter_context(run_module(environ, "conversion_tracker", "fold", "attribute"))
        stack.enter_context(run_module(environ, "reward_dispatcher", "fold", "ledger"))
        rewards = make_rewards_app(Settings.from_env(environ))
        stack.callback(rewards.extensions["referral"].close)
        there = replace(
            settings,
            conversion_tracker=stack.enter_context(serve_app(review.tracker.app)),
            reward_dispatcher=stack.enter_context(serve_app(rewards)),
        )
        issuer = stack.enter_context(serve_link_issuer(there))
        write_records(settings, [*STAFF.values(), api_key("all", "admin")])
        for app in (issuer.app, rewards, review.tracker.app):
            app.extensions["referral"].follower.read_to_end(30)
        _play(review)
        found = Consoles(settings, review, issuer, rewards)
        wait_until(lambda: all(text in found.story() for text in ("xhs:chen", "4 rewards", "order-7")), every=0.5)
        yield found


def _credit() -> RewardGranted:
    """A credit of ¥12 of Amy."""
    code = grant("rwd_cash", beneficiary=AMY.id)
    return replace_fields(code, kind="credit", value=Value(1200, "CNY"), pool=None, code_key=None, percent=None)


def _play(review: Review) -> None:
    followed = event("xhs:chen", code=AMY.code, data={"handle": "小鹿 Chen"})
    answer = review.tracker.post(followed)
    assert answer.status_code == 202, answer.text
    publisher = review.tracker.collaborators.publisher
    lines = [
        grant("rwd_task", manual=True, beneficiary=AMY.id),
        grant("rwd_wait", at=datetime.now(UTC), holding_days=7, beneficiary=AMY.id),
        grant("rwd_done", beneficiary=AMY.id),
        _credit(),
        grant("rwd_bo", manual=True, beneficiary=BO.id),
        redemption_request("rdm_1", "rwd_cash", order="order-7", amount=200, unit="CNY", beneficiary=AMY.id),
    ]
    for line in lines:
        publisher.submit(REWARDS, reward_key(line), msgspec.json.encode(line)).wait(150)
