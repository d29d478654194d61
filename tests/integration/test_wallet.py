"""A wallet on the whole system: a link by the API, friends and place of other services, an appeal that reaches the review queue."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.board_rules import Board
from referral.events.entities import ProgramVersion
from referral.events.screening import DisposableHandle, Screening
from tests.support.app_server import serve_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, PROFILES, PROGRAM
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE
from tests.support.processes import run_module
from tests.support.records import erase_person
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event, serve_conversion_tracker
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import is_ready, wait_until

pytestmark = pytest.mark.integration
ENGLISH = {"Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}


def _terms() -> ProgramVersion:
    terms = program_version()
    screening = Screening(disposable_handle=DisposableHandle(patterns=("shill_*",), action="hold"))
    sections = {"rewards": (GUIDE, FIRST20, BONUS3), "boards": (Board(metric="referrals"),), "screening": screening}
    return replace(terms, program=replace(terms.program, **sections))


@dataclass(frozen=True)
class Whole:
    """The services, the addresses of those that have parts of wallets, and a browser."""

    events: ConversionTracker
    rewards: RewardDispatcher
    tracker: str
    browser: httpx.Client

    def link(self, **body: object) -> dict[str, Any]:
        """Returns a new link to Amy's wallet."""
        answer = self.rewards.client.post(f"/v1/programs/{PROGRAM}/people/xhs:amy/wallet-link", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def wallet(self) -> str:
        """Returns the text of the wallet that the browser has open."""
        return self.browser.get("/w").text

    def queue(self, status: str) -> list[dict[str, Any]]:
        """Returns a queue of reviews."""
        return list(self.events.get(f"/v1/programs/{PROGRAM}/conversions?status={status}").get_json()["items"])

    def appeal(self, friend: str, text: str) -> httpx.Response:
        """Returns the response to the form of an appeal, sent by the browser to the service that has it."""
        return self.browser.post(f"{self.tracker}/w/appeals", data={"friend": friend, "text": text})


@pytest.fixture
def whole(settings: Settings, environ: dict[str, str]) -> Iterator[Whole]:
    """All services; Amy brought one friend who counts, and one whose handle holds them back."""
    keys = api_key("all", "admin"), api_key("tests", "admin", secret=API_SECRET)
    with ExitStack() as stack:
        events = stack.enter_context(serve_conversion_tracker(settings, _terms(), AMY, *PROFILES, *keys))
        tracker = stack.enter_context(serve_app(events.app))
        boards = stack.enter_context(run_leaderboard(environ))
        addresses = {"REFERRAL_CONVERSION_TRACKER": tracker, "REFERRAL_LEADERBOARD": str(boards.base_url)}
        here = {**environ, **addresses}
        rewards = stack.enter_context(serve_reward_dispatcher(settings, here, _terms(), AMY, *PROFILES, *keys))
        for module, fold in (
            ("conversion_tracker", "attribute"),
            ("conversion_tracker", "screen"),
            ("reward_dispatcher", "decide"),
            ("reward_dispatcher", "ledger"),
        ):
            stack.enter_context(run_module(rewards.environ, module, "fold", fold))
        browser = stack.enter_context(httpx.Client(base_url=rewards.client.base_url, headers=ENGLISH, timeout=150))
        wait_until(lambda: is_ready(boards))
        for person, handle in (("xhs:bo9", "Bo"), ("xhs:shill", "shill_one")):
            sent = events.post(event(person, code=AMY.code, data={"handle": handle}))
            assert sent.get_json()["accepted"] == 1, sent.text
        yield Whole(events, rewards, tracker, browser)


def test_a_wallet_from_its_link_to_an_appeal_and_its_end(whole: Whole) -> None:
    """Rewards, friends and place come together; the appeal is once and reaches the queue; revoking ends link and session."""
    link = whole.link()
    wait_until(lambda: len(whole.queue("held")) == 1)
    wait_until(lambda: whole.rewards.wallet("xhs:amy"))
    assert whole.browser.post(link["url"]).headers["Location"] == "/w"
    page = wait_until(lambda: text if "#1 of 1" in (text := whole.wallet()) else None)
    for text in (
        "A guide",
        "1 of 3 friends",
        "B…",
        "Being checked",
        "The account looks as if it was made for a short time.",
    ):
        assert text in page, text
    assert "shill" not in page.replace("Sh", ""), "a friend is a first letter"

    [held] = whole.queue("held")
    assert whole.appeal(held["id"], "She is my sister, and that is her old handle.").status_code == 303
    [appealed] = wait_until(lambda: [one for one in whole.queue("appealed") if one["appeal"]["note"]])
    assert appealed["id"] == held["id"]
    assert appealed["appeal"]["note"] == "She is my sister, and that is her old handle."
    assert whole.appeal(held["id"], "Again.").status_code == 409
    assert whole.appeal("cnv_0123456789abcdef", "Not mine.").status_code == 404
    assert whole.appeal(held["id"], "x" * 501).status_code == 422
    assert "You asked us to look again." in whole.wallet()

    release = whole.events.app.test_client().post(
        f"/v1/conversions/{held['id']}/release",
        json={"by": "lin", "note": "asked her"},
        headers={"Authorization": "Bearer rk_all"},
    )
    assert release.status_code == 202
    wait_until(lambda: not whole.queue("appealed"))
    wait_until(lambda: "2 of 3 friends" in whole.wallet())

    later = whole.link(revoke=True)
    assert whole.browser.get("/w").status_code == 401
    assert whole.browser.get(link["url"]).status_code == 410
    wait_until(lambda: whole.appeal(held["id"], "Later.").status_code == 401)
    assert whole.browser.post(later["url"]).status_code == 303
    assert whole.browser.post("/w/sign-out").status_code == 200
    assert whole.browser.get(later["url"]).status_code == 410


def test_an_erasure_ends_the_wallet(whole: Whole) -> None:
    """Link and session open nothing afterwards."""
    link = whole.link()
    assert whole.browser.post(link["url"]).status_code == 303
    erase_person(whole.rewards.settings, AMY.id)
    wait_until(lambda: whole.browser.get("/w").status_code == 401)
    assert whole.browser.get(link["url"]).status_code == 410
