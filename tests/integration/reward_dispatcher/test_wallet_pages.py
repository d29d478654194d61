"""The wallet over HTTP on a real Redis: who can open it, what it shows, and how it ends."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from referral.bans import BANS_FOLD, BANS_SERVICE, ban_board
from referral.entitlement.grants import ReferrerGrants
from referral.events.keys import person_key
from referral.events.money import Value
from referral.events.people import PersonErased, WalletAccess
from referral.events.promoter_messages import MessageItem, MessageKind
from referral.events.reward_rules import Caps
from referral.events.timestamps import DAY_MS
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from reward_dispatcher.domain.account import Use
from reward_dispatcher.link_requests import MOST
from reward_dispatcher.wallet_parts import WalletParts
from tests.support.builders.participants import AMY, PROFILES, PROGRAM
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.settings import AUTHORIZATION
from tests.support.systems.wallet import (
    NOW,
    NOW_MS,
    example_accounts,
    example_credits,
    opened_wallet,
    store_messages,
    wallet_app,
    wallet_link,
)

pytestmark = pytest.mark.integration
ENGLISH = {"Accept-Language": "en", "Accept": "text/html"}
HOUR_MS = 3_600_000
SECRETS = ("GLOW2026XP", "Amy", "rwd_", "AMY88", "psn_")


@pytest.fixture
def app(redis: RedisClient, redis_url: str) -> Iterator[Flask]:
    """The service, with a reward of Amy in each state."""
    app = wallet_app(redis_url, example_accounts())
    yield app
    app.extensions["referral"].close()


def test_the_page_of_a_link_shows_nothing_of_the_wallet_and_changes_nothing(app: Flask) -> None:
    """Messengers and scanners fetch links: afterwards its person can still open it."""
    for _ in range(3):
        answer = app.test_client().get(wallet_link(app), headers=ENGLISH)
        assert answer.status_code == 200
        assert "Open my rewards" in answer.text
        assert not any(secret in answer.text for secret in SECRETS)
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin", "otherwise browsers hide the origin of its form"
        assert "noindex" in answer.headers["X-Robots-Tag"]
    assert app.test_client().post(wallet_link(app)).status_code == 303


def test_the_first_browser_has_the_wallet_and_a_forwarded_link_shows_nothing(app: Flask) -> None:
    """The link moves into a cookie that scripts cannot read; another browser gets a page that explains."""
    browser, other = app.test_client(), app.test_client()
    opened = browser.post(wallet_link(app))
    cookies = opened.headers.getlist("Set-Cookie")
    assert opened.headers["Location"] == "/w"
    assert len(cookies) == 2
    assert all("HttpOnly" in one and "SameSite=Lax" in one and "Path=/w" in one for one in cookies)
    wallet = browser.get("/w", headers=ENGLISH)
    assert "GLOW2026XP" in wallet.text
    assert wallet.headers["Cache-Control"] == "private, no-store"
    for answer in (other.get(wallet_link(app), headers=ENGLISH), other.post(wallet_link(app), headers=ENGLISH)):
        assert answer.status_code == 410
        assert "This link belongs to another device" in answer.text
        assert not any(secret in answer.text for secret in SECRETS)
    assert other.get("/w", headers=ENGLISH).status_code == 401
    assert browser.get(wallet_link(app)).status_code == 303, "the first browser can open its link again"


def test_a_session_is_no_link_and_a_link_no_session(app: Flask) -> None:
    """What is in the address cannot be used as a cookie, nor the other way round."""
    browser = opened_wallet(app)
    cookie = browser.get_cookie("wallet", path="/w")
    assert cookie is not None
    assert app.test_client().get(f"/w/{cookie.value}", headers=ENGLISH).status_code == 410
    other = app.test_client()
    other.set_cookie("wallet", wallet_link(app).removeprefix("/w/"), path="/w")
    assert other.get("/w", headers=ENGLISH).status_code == 401


@pytest.mark.parametrize("issued_days_ago", [31, 365])
def test_a_link_and_its_session_end_with_the_links_time(app: Flask, issued_days_ago: int) -> None:
    """And a session never outlives its link."""
    link = wallet_link(app, issued_ms=NOW_MS - issued_days_ago * DAY_MS)
    assert "This link has expired" in app.test_client().get(link, headers=ENGLISH).text
    browser = app.test_client()
    browser.post(wallet_link(app, "wlk_2", issued_ms=NOW_MS - 29 * DAY_MS))
    app.extensions["referral"].clock.advance(DAY_MS)
    assert browser.get("/w", headers=ENGLISH).status_code == 401


def test_a_session_is_renewed_while_it_is_used(app: Flask) -> None:
    """After half of its twelve hours; without use it ends."""
    browser = opened_wallet(app)
    first = browser.get_cookie("wallet", path="/w")
    clock = app.extensions["referral"].clock
    clock.advance(5 * HOUR_MS)
    assert "Set-Cookie" not in browser.get("/w").headers
    clock.advance(2 * HOUR_MS)
    assert browser.get("/w").status_code == 200
    assert browser.get_cookie("wallet", path="/w") != first
    clock.advance(11 * HOUR_MS)
    assert browser.get("/w").status_code == 200
    clock.advance(13 * HOUR_MS)
    assert browser.get("/w", headers=ENGLISH).status_code == 401


def test_a_revocation_and_an_erasure_end_links_and_sessions(redis: RedisClient, redis_url: str) -> None:
    """The record in `people` is enough: no process has to be told."""
    records = (reward_terms(), AMY, *PROFILES)
    revoked = WalletAccess(recorded_at=NOW, id=AMY.id, program=PROGRAM, links_from=NOW + timedelta(milliseconds=1))
    erased = PersonErased(recorded_at=NOW, id=AMY.id, program=PROGRAM, epoch=1, erased=AMY.id)
    for record in (revoked, erased):
        app = wallet_app(redis_url, example_accounts(), records=records)
        browser = opened_wallet(app, f"wlk_{record.id}{type(record).__name__}")
        app.extensions["referral"].close()
        later = wallet_app(redis_url, example_accounts(), records=(*records, record))
        cookie = browser.get_cookie("wallet", path="/w")
        assert cookie is not None
        client = later.test_client()
        client.set_cookie("wallet", cookie.value, path="/w")
        assert client.get("/w", headers=ENGLISH).status_code == 401
        assert "This link was replaced" in client.get(wallet_link(later), headers=ENGLISH).text
        later.extensions["referral"].close()


def test_a_new_link_can_be_asked_for_once_and_is_not_shown_to_whoever_asks(app: Flask) -> None:
    """With an expired link, or one that another browser has opened: the request is listed until a link is made."""
    requests, client = app.extensions["rewards"].link_requests, app.test_client()
    expired, taken = wallet_link(app, issued_ms=NOW_MS - 31 * DAY_MS), wallet_link(app, "wlk_taken")
    app.test_client().post(taken)
    for link in (expired, taken):
        closed = client.get(link, headers=ENGLISH)
        assert "Ask for a new link" in closed.text
        assert f'action="{link}/ask"' in closed.text
        asked = client.post(f"{link}/ask", headers=ENGLISH)
        assert (asked.status_code, asked.headers["Location"]) == (303, link)
        later = client.get(link, headers=ENGLISH)
        assert "A new link was asked for." in later.text
        assert "/ask" not in later.text
        assert not any(secret in asked.text + later.text for secret in SECRETS)
        app.extensions["referral"].clock.advance(1000)
        client.post(f"{link}/ask", headers=ENGLISH)
        assert requests.oldest(PROGRAM, NOW_MS, 9) == [(AMY.id, NOW_MS)], "since the first time"
        made = client.post(f"/v1/programs/{PROGRAM}/people/xhs:amy/wallet-link", json={}, headers=AUTHORIZATION)
        assert made.status_code == 201
        assert requests.oldest(PROGRAM, NOW_MS, 9) == []
        assert requests.since_ms(PROGRAM, AMY.id, NOW_MS) is None
        app.extensions["referral"].clock.advance(-1000)


def test_what_is_no_link_asks_for_nothing(app: Flask) -> None:
    """Neither a changed token, nor a session in its place, nor a form of another site; and no page offers it."""
    link, client = wallet_link(app), app.test_client()
    for path in (f"{link}x", "/w/abc", "/w/" + "x" * 500):
        closed = client.get(path, headers=ENGLISH)
        assert (closed.status_code, "/ask" in closed.text) == (410, False)
        assert client.post(f"{path}/ask", headers=ENGLISH).status_code == 410
    foreign = {"Sec-Fetch-Site": "cross-site", **ENGLISH}
    assert client.post(f"{link}/ask", headers=foreign).status_code == 403
    assert app.extensions["rewards"].link_requests.oldest(PROGRAM, NOW_MS, 9) == []


def test_who_was_erased_cannot_ask(redis_url: str, redis: RedisClient) -> None:
    """Their link says nothing about anyone."""
    erased = PersonErased(recorded_at=NOW, id=AMY.id, program=PROGRAM, epoch=1, erased=AMY.id)
    app = wallet_app(redis_url, records=(reward_terms(), AMY, *PROFILES, erased))
    link = wallet_link(app)
    assert "/ask" not in app.test_client().get(link, headers=ENGLISH).text
    assert app.test_client().post(f"{link}/ask", headers=ENGLISH).status_code == 410
    app.extensions["referral"].close()


def test_the_requests_of_a_program_are_bounded_and_end_after_a_month(app: Flask) -> None:
    """Too many are refused with a reason; none is dropped that was accepted."""
    requests, client = app.extensions["rewards"].link_requests, app.test_client()
    for number in range(MOST):
        assert requests.record(PROGRAM, f"psn_{number}", NOW_MS - DAY_MS)
    refused = client.post(f"{wallet_link(app)}/ask", headers=ENGLISH)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "3600")
    assert len(requests.oldest(PROGRAM, NOW_MS, 2 * MOST)) == MOST
    assert requests.oldest(PROGRAM, NOW_MS + 29 * DAY_MS, 9) == []
    assert requests.record(PROGRAM, AMY.id, NOW_MS + 29 * DAY_MS)


def test_without_redis_nothing_is_promised(redis_url: str) -> None:
    """The request for a new link is refused."""
    app = wallet_app("redis://127.0.0.1:1/0")
    assert app.test_client().post(f"{wallet_link(app)}/ask", headers=ENGLISH).status_code == 503
    app.extensions["referral"].close()


def test_forms_of_other_sites_are_refused(app: Flask) -> None:
    """Neither opening a wallet in someone's browser, nor signing them out."""
    foreign = {"Sec-Fetch-Site": "cross-site", **ENGLISH}
    assert app.test_client().post(wallet_link(app), headers=foreign).status_code == 403
    assert opened_wallet(app).post("/w/sign-out", headers=foreign).status_code == 403
    client = FlaskClient(app, app.response_class)
    old_browser = {"Origin": "https://evil.example", **ENGLISH}
    assert client.post(wallet_link(app), headers=old_browser).status_code == 403
    no_browser = client.post(wallet_link(app), headers=ENGLISH)
    assert no_browser.status_code == 403
    assert "This form came from somewhere else" in no_browser.text


def test_every_state_of_a_reward_is_in_plain_words(app: Flask) -> None:
    """What is ready can be used, what is not says why; nothing of a reward that is used or taken back can be copied."""
    page = opened_wallet(app).get("/w").text
    for text in (
        "Ready to use · 2",
        "On its way · 2",
        "History · 3",
        "Arrives on",
        "We prepare this one by hand.",
        "Used on Nov",
        "The friend unfollowed, so it no longer counts.",
        "20% off",
        "¥99 value",
        "/g/",
        "Download (PDF, ",
    ):
        assert text in page, text
    assert page.count("GLOW2026XP") == 2, "the code, and its copy button, of the ready reward alone"


def test_balances_say_what_can_be_spent_what_ends_soon_and_what_is_owed(redis: RedisClient, redis_url: str) -> None:
    """By currency and in points, in main units; a debt is no bill. Without credit there is no such part."""
    app = wallet_app(redis_url, example_credits())
    english = opened_wallet(app).get("/w?lang=en").text
    for text in (
        "What you can spend",
        "CN¥12.50",
        "Use CN¥5.00 by Dec\u00a04",
        "100 points",
        "€3.00 was used and then taken back. Your next credit pays it; you owe no money.",
    ):
        assert text in english, text
    assert "其中 ¥5.00 请在" in opened_wallet(app, "wlk_2").get("/w?lang=zh-CN").text
    assert _details(english, "rwd_yuan") == ["CN¥7.50", "It was added to your balance."]
    assert _details(english, "rwd_debt")[0] == "€3.00"
    app.extensions["rewards"].store.stored = []
    assert "What you can spend" not in opened_wallet(app, "wlk_3").get("/w?lang=en").text
    app.extensions["referral"].close()


def test_what_is_left_of_a_reward_that_was_used_in_part_is_on_its_ticket(redis: RedisClient, redis_url: str) -> None:
    """Of a credit and of a code of a fixed amount."""
    [credit, *_], [code, *_] = example_credits(), example_accounts()
    use = Use("rdm_1", "order-1", 300, NOW_MS - DAY_MS)
    accounts = [replace(credit, uses=(use,)), replace(code, percent=None, value=Value(5000, "CNY"), uses=(use,))]
    app = wallet_app(redis_url, accounts)
    page = opened_wallet(app).get("/w?lang=en").text
    assert "CN¥4.50 of it is left." in _details(page, credit.id)
    assert "CN¥47.00 of it is left." in _details(page, code.id)
    app.extensions["referral"].close()


def _details(page: str, reward: str) -> list[str]:
    """The sentences of a ticket."""
    [ticket] = re.findall(rf'<li class="ticket \w+" id="{reward}">(.+?)</li>', page, re.DOTALL)
    return re.findall('<p class="soft">(.+?)</p>', ticket)


def test_progress_friends_and_place_are_in_words(app: Flask) -> None:
    """One more friend is missing for the third; a friend who does not count says why, and can be appealed for once."""
    page = opened_wallet(app).get("/w").text
    for text in (
        "2 of 3 friends",
        "1 more friend, and this is yours: Early access",
        "#12 of 104",
        "+1 today",
        "Many friends came from one network within minutes.",
        "You asked us to look again.",
        "A friend",
        "Your challenge posts · 2",
        "It repeats another post.",
    ):
        assert text in page, text
    assert page.count('action="/w/appeals"') == page.count('action="/w/post-appeals"') == 1
    chosen = opened_wallet(app, "wlk_2").get("/w?lang=zh-CN").text
    assert all(f'action="/w/{form}?lang=zh-CN"' in chosen for form in ("appeals", "preferences", "sign-out"))


def test_the_next_milestone_is_what_the_reward_rules_count(redis: RedisClient, redis_url: str) -> None:
    """Friends beyond a cap are on the board, and bring no reward: the wallet says until when, or promises none at all."""
    terms = reward_terms()
    grants = ReferrerGrants(1, counts={"cap|month|2026-11": 1, "cap|all|all": 1})
    for caps, expected, absent in (
        ({"month": 1, "all": 9}, ("1 of 3 friends", "2 more friends", "You have reached this month"), ()),
        ({"month": 2, "all": 9}, ("1 of 3 friends",), ("You have reached",)),
        ({"all": 2}, (), ("of 3 friends", "more friend")),
    ):
        program = replace(terms.program, caps=Caps(per_referrer=caps))
        app = wallet_app(redis_url, records=(replace(terms, program=program), AMY, *PROFILES))
        app.extensions["rewards"].grants.grants = grants
        page = opened_wallet(app, f"wlk_{caps}").get("/w").text
        assert all(text in page for text in expected)
        assert not any(text in page for text in absent)
        app.extensions["referral"].close()


def test_a_banned_person_is_promised_nothing(app: Flask, redis: RedisClient) -> None:
    """Their earlier rewards are still there; there is nothing to share, since no further friend counts."""
    assert 'href="/w/share' in opened_wallet(app, "wlk_before").get("/w").text
    settings = app.extensions["referral"].settings
    partition = partition_of(person_key(PROGRAM, AMY.id), settings.partitions)
    redis.zadd(state_key(BANS_SERVICE, BANS_FOLD, partition, ban_board(PROGRAM)), {AMY.id: 1})
    page = opened_wallet(app).get("/w").text
    assert "of 3 friends" not in page
    assert "GLOW2026XP" in page
    assert "/w/share" not in page


def test_messages_are_in_the_words_of_now_and_in_the_readers_language(app: Flask, redis: RedisClient) -> None:
    """Newest first; a reward that is not ready any more is not announced, and the next milestone is described once."""
    kinds: list[tuple[MessageKind, str | None]] = [
        ("welcome", None),
        ("progress", None),
        ("reward_ready", "rwd_used"),
        ("reward_ready", "rwd_code"),
        ("progress", None),
    ]
    items = [
        MessageItem(id=f"msi_{number}", kind=kind, at=NOW - timedelta(days=9 - number), reward=reward)
        for number, (kind, reward) in enumerate(kinds)
    ]
    store_messages(app, redis, items)
    page = opened_wallet(app).get("/w").text
    found = re.findall(r'<li><p class="text">(.*?)</p>', page, re.DOTALL)
    assert [text.splitlines()[0] for text in found] == [
        "2 of 3 friends",
        "Yours now: 20% off",
        "Every friend who follows through you counts. All you need:",
    ]
    assert "再邀请 1 位，就能得到：" in opened_wallet(app, "wlk_zh").get("/w?lang=zh-CN").text


def test_a_part_that_is_missing_is_a_panel_and_not_the_page(app: Flask) -> None:
    """The rewards are there without leaderboard and conversion-tracker."""
    app.extensions["rewards"].wallet_parts.parts = WalletParts(None, None)
    answer = opened_wallet(app).get("/w")
    assert answer.status_code == 200
    assert answer.text.count("This part can't be shown right now.") == 2
    assert "GLOW2026XP" in answer.text


def test_a_person_who_is_not_enrolled_sees_their_rewards_alone(redis: RedisClient, redis_url: str) -> None:
    """A friend has rewards, but neither a code nor friends."""
    app = wallet_app(redis_url, example_accounts(), records=(reward_terms(), *PROFILES))
    page = opened_wallet(app).get("/w").text
    assert "GLOW2026XP" in page
    assert "Friends you brought" not in page
    assert "/w/share" not in page
    app.extensions["referral"].close()


def test_an_empty_wallet_says_what_to_do_first(redis: RedisClient, redis_url: str) -> None:
    """And one with more rewards than a page says so."""
    [code, *_] = example_accounts()
    many = [replace(code, id=f"rwd_{number}") for number in range(120)]
    empty, full = wallet_app(redis_url), wallet_app(redis_url, many)
    assert "What you earn appears here" in opened_wallet(empty).get("/w").text
    assert "These are the newest 100; 20 are older." in opened_wallet(full, "wlk_2").get("/w").text
    for app in (empty, full):
        app.extensions["referral"].close()


def test_no_page_is_above_100_kb(redis: RedisClient, redis_url: str) -> None:
    """With a hundred rewards and their codes."""
    [code, *_] = example_accounts()
    app = wallet_app(redis_url, [replace(code, id=f"rwd_{number}") for number in range(120)])
    assert len(opened_wallet(app).get("/w").data) < 100_000
    app.extensions["referral"].close()


def test_a_link_is_bounded_and_needs_a_key_and_a_known_person(app: Flask) -> None:
    """Ninety days at most; the answer names the remedy."""
    client, path = app.test_client(), f"/v1/programs/{PROGRAM}/people/xhs:amy/wallet-link"
    created = client.post(path, json={"days": 90}, headers=AUTHORIZATION)
    assert created.status_code == 201
    token = created.get_json()["url"].rpartition("/w/")[2]
    found = app.extensions["rewards"].tokens.read_wallet("wallet", token, NOW_MS)
    assert (found.person, found.program, found.expires_ms) == (AMY.id, PROGRAM, NOW_MS + 90 * DAY_MS)
    for refused in ({"days": 91}, {"revoke": "no"}):
        assert client.post(path, json=refused, headers=AUTHORIZATION).status_code == 422
    assert client.post(path, json={}).status_code == 401
    again = {**AUTHORIZATION, "Idempotency-Key": "key-1"}
    first, repeated = (client.post(path, json={}, headers=again).get_json() for _ in range(2))
    assert first == repeated, "the link itself is not stored, and signed again"
    unknown = client.post(path.replace("amy", "nobody"), json={}, headers=AUTHORIZATION)
    assert (unknown.status_code, unknown.get_json()["code"]) == (404, "unknown_person")


def test_without_redis_nobody_opens_a_wallet_and_the_page_says_so(redis_url: str) -> None:
    """The binding to the first browser is never skipped."""
    app = wallet_app("redis://127.0.0.1:1/0", example_accounts())
    answer = app.test_client().post(wallet_link(app), headers=ENGLISH)
    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers
    app.extensions["referral"].close()
