"""What a person sees of their own part in a challenge: their week on its page, their posts in the wallet, and an appeal."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from leaderboard.challenge_store import ChallengeStore
from referral.events.facts import Post, PostPublished, SubmissionReviewed
from referral.events.timestamps import DAY_MS, to_ms
from referral.tokens import TokenSigner, WalletToken
from tests.support.builders.participants import PROGRAM
from tests.support.operators import SAME_ORIGIN
from tests.support.systems.challenge_page import CHALLENGE, PEOPLE, challenge_app
from tests.support.systems.leaderboard import NOW, PARTITIONS

pytestmark = pytest.mark.integration
MEI, BO = PEOPLE[1].id, PEOPLE[0].id
NAME, OTHER = "pst_" + "a" * 16, "pst_" + "b" * 16
PAGE = f"/p/{PROGRAM}/c/glow30"


def _lines() -> list[Any]:
    def about(days: int) -> dict[str, Any]:
        return {"program": PROGRAM, "person": MEI, "occurred_at": NOW - timedelta(days=days)}

    return [
        PostPublished(id="p1", data=Post(post=NAME, hashtags=("#Glow30",)), **about(1)),
        PostPublished(id="p2", data=Post(post=OTHER, hashtags=("#Glow30",)), **about(0)),
        SubmissionReviewed(
            id="r1", challenge="glow30", post=NAME, by="lin", approved=False, reason="copied", **about(0)
        ),
    ]


@pytest.fixture
def app(redis: "Redis", redis_url: str) -> Flask:
    """The service with two posts of Mei, one of which was refused."""
    return challenge_app(redis, redis_url, _lines())


def _wallet_of(app: Flask, person: str) -> FlaskClient:
    """Returns a browser with the open wallet of a person."""
    until_ms = to_ms(NOW) + DAY_MS
    token = WalletToken("wlk_1", PROGRAM, person, to_ms(NOW), until_ms, until_ms)
    browser = app.test_client()
    browser.set_cookie("wallet", TokenSigner(app.extensions["referral"].key_ring).sign_wallet("wallet-open", token))
    return browser


def _appeal(browser: FlaskClient, post: str, **headers: str) -> int:
    form = {"challenge": "glow30", "post": post}
    return browser.post("/w/post-appeals", data=form, headers=SAME_ORIGIN | headers).status_code


def test_a_refused_post_is_appealed_once_from_the_wallet_of_its_author(app: Flask, redis: "Redis") -> None:
    """It has the reason, waits for a review again, and counts until then; no one else can appeal, and nothing else."""
    mei, store = _wallet_of(app, MEI), ChallengeStore(redis, PARTITIONS)
    before = {one["post"]: one for one in mei.get("/v1/wallet/posts").get_json()["items"]}
    assert (before[NAME]["state"], before[NAME]["reason"], before[NAME]["may_appeal"]) == ("refused", "copied", True)
    assert (before[OTHER]["state"], before[OTHER]["may_appeal"]) == ("checking", False)
    assert _wallet_of(app, BO).get("/v1/wallet/posts").get_json() == {"items": [], "total": 0}
    assert app.test_client().get("/v1/wallet/posts").status_code == 401
    assert _appeal(_wallet_of(app, BO), NAME) == 404
    assert _appeal(mei, NAME, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert _appeal(mei, OTHER) == 409
    app.extensions["referral"].clock.advance(1000)
    assert store.count("counted", PROGRAM, "glow30") == 1
    assert _appeal(mei, NAME) == 303
    assert store.record(PROGRAM, MEI).post(NAME).entry("glow30").review_state == "appealed"
    assert (store.count("waiting", PROGRAM, "glow30"), store.count("counted", PROGRAM, "glow30")) == (2, 2)
    assert _appeal(mei, NAME) == 409


def test_the_page_shows_the_own_week_of_the_person_in_the_address(app: Flask) -> None:
    """Seven days with the state of each in words, and the days in a row; nothing for an id that is none."""
    page = app.test_client().get(f"{PAGE}?me={MEI}&lang=en").text
    [week] = re.findall(r'<ol class="week">(.*?)</ol>', page, re.DOTALL)
    assert week.count("<li") == 7
    assert week.count(": posted") == 1
    assert "Your week: 1 day in a row" in page
    assert 'class="week"' not in app.test_client().get(f"{PAGE}?me=nobody&lang=en").text
    assert "Your week: post today" in app.test_client().get(f"{PAGE}?me={BO}&lang=en").text


def test_the_first_day_can_be_put_into_a_calendar(app: Flask) -> None:
    """The file is valid iCalendar: escaped, folded at 75 bytes, with CRLF; the page offers it before the challenge begins."""
    found = app.test_client().get(f"{PAGE}/reminder.ics?lang=zh-CN")
    assert (found.status_code, found.mimetype) == (200, "text/calendar")
    lines = found.data.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    unfolded = found.text.replace("\r\n ", "")
    assert f"DTSTART;VALUE=DATE:{CHALLENGE.starts:%Y%m%d}\r\n" in unfolded
    assert "SUMMARY:#Glow30 开始\r\n" in unfolded
    assert app.test_client().get(f"/p/{PROGRAM}/c/none/reminder.ics").status_code == 404
    assert "reminder.ics" not in app.test_client().get(PAGE).text
    app.extensions["referral"].clock.advance(-40 * DAY_MS)
    assert f"{PAGE}/reminder.ics?lang=en" in app.test_client().get(f"{PAGE}?lang=en").text
