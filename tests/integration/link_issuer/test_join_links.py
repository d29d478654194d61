"""Links of the join page by e-mail: they prove the browser in which they are opened, once, and say nothing about who is known."""

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from html import unescape
from threading import Event, Semaphore
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from link_issuer.http_api.app import SERVICE
from link_issuer.join_mails import JoinMails
from referral.config import Settings
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.promoter_messages import people_endpoint
from referral.fold.state_keys import state_key
from referral.http.serve import DRAIN_S, STOP_S
from referral.mail import Mail
from referral.people.join_links import write_join_link
from referral.topics import partition_of
from referral.wechat.accounts import APP_SECRET
from tests.support.builders.participants import START
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.operators import SAME_ORIGIN
from tests.support.records import write_records
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
PAGE = f"/j/{PROGRAM}"
AMY = "amy@mail.example"
JOIN = {
    "join": {
        "channels": ["web", "xiaohongshu"],
        "proofs": ["message", "email"],
        "consent": {"en": "I agree."},
    },
    "channels": ["wechat", "xiaohongshu"],
}


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server where the mailbox gone@mail.example does not exist."""
    with run_mail_server(refuses=lambda to: "550 no such user" if to.startswith("gone@") else "") as server:
        yield server


@pytest.fixture
def issuer(settings: Settings, mails: MailServer) -> Iterator[LinkIssuer]:
    """Link-issuer with a mail server, and a program whose join page takes e-mail addresses."""
    here = replace(
        settings,
        smtp_host="127.0.0.1",
        smtp_port=mails.port,
        smtp_tls="none",
        smtp_sender="hello@glow.example",
        smtp_bounces="bounce@mail.glow.example",
    )
    with serve_link_issuer(here) as system:
        assert system.apply(RULES | JOIN).status_code in (200, 201)
        yield system


def _ask(browser: FlaskClient, address: str) -> TestResponse:
    form = {"handle": address, "channel": "xiaohongshu", "consent": "1"}
    return browser.post(f"{PAGE}?lang=en", data=form, headers=SAME_ORIGIN)


def _ask_for_mail(issuer: LinkIssuer, browser: FlaskClient, mails: MailServer, address: str = AMY) -> str:
    """Asks for a link, and returns its path as the e-mail has it."""
    before = len(mails.received)
    sent = _ask(browser, address)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{PAGE}?sent=email&lang=en")
    wait_until(lambda: len(mails.received) > before)
    return _path(mails.received[-1])


def _path(mail: EmailMessage) -> str:
    found = re.search(rf"{PAGE}/open/\S+", mail.get_content())
    assert found is not None
    return found[0]


def _open(browser: FlaskClient, path: str) -> dict[str, str]:
    """Returns the form of the page with the button."""
    page = browser.get(f"{path}?lang=en")
    assert page.status_code == 200, page.text
    found = re.search(r'name="claim" value="([^"]+)"', page.text)
    assert found is not None
    return {"claim": unescape(found[1])}


def _confirm(browser: FlaskClient, path: str) -> TestResponse:
    return browser.post(path, data=_open(browser, path), headers=SAME_ORIGIN)


def _can_open_wallet(browser: FlaskClient) -> bool:
    return browser.post(f"{PAGE}/wallet", headers=SAME_ORIGIN).status_code == 303


def test_a_link_enrols_and_proves_in_one_step(issuer: LinkIssuer, mails: MailServer) -> None:
    """Before it nothing is stored; public pages show neither the address nor a part of it."""
    browser = issuer.app.test_client()
    path = _ask_for_mail(issuer, browser, mails)
    [mail] = mails.received
    assert (mail["To"], mail["Subject"]) == (AMY, "Your link to X")
    assert mails.senders[0].startswith("bounce+")
    assert "amy" not in path
    assert "Nothing after five minutes? Ask for another." in browser.get(f"{PAGE}?sent=email&lang=en").text
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}/participants/web:{AMY}").status_code == 404
    assert "a…@mail.example" in browser.get(f"{path}?lang=en").text
    assert _confirm(browser, path).status_code == 303
    person = issuer.request("GET", f"/v1/programs/{PROGRAM}/participants/web:{AMY}").get_json()
    page = browser.get(f"{PAGE}?lang=en").text
    assert person["code"] in page
    assert "Open my rewards" in page
    assert _can_open_wallet(browser)
    assert "amy" not in issuer.open(f"/s/{person['code']}").text


def test_who_asks_gets_nothing_and_who_opens_does(issuer: LinkIssuer, mails: MailServer) -> None:
    """A thief asks for Amy's link. She opens it on her phone; his browser has neither code nor wallet."""
    thief, phone = issuer.app.test_client(), issuer.app.test_client()
    path = _ask_for_mail(issuer, thief, mails)
    assert _confirm(phone, path).status_code == 303
    assert _can_open_wallet(phone)
    assert not _can_open_wallet(thief)
    assert 'name="handle"' in thief.get(f"{PAGE}?lang=en").text


def test_a_link_works_once(issuer: LinkIssuer, mails: MailServer) -> None:
    """Scanners that open it change nothing, and the same form twice neither; forwarded afterwards, it is over."""
    amy, scanner, friend = (issuer.app.test_client() for _ in range(3))
    path = _ask_for_mail(issuer, amy, mails)
    for _ in range(3):
        assert scanner.get(path).status_code == 200
    early = _open(friend, path)
    form = _open(amy, path)
    for _ in range(2):
        assert amy.post(path, data=form, headers=SAME_ORIGIN).status_code == 303
    assert _can_open_wallet(amy)
    assert friend.get(f"{path}?lang=en").status_code == 410
    assert friend.post(path, data=early, headers=SAME_ORIGIN).status_code == 410
    assert not _can_open_wallet(friend)
    again = _ask_for_mail(issuer, friend, mails)
    assert _confirm(friend, again).status_code == 303
    assert (_can_open_wallet(friend), _can_open_wallet(amy)) == (True, False)


def test_what_was_not_made_here_opens_nothing(issuer: LinkIssuer, mails: MailServer) -> None:
    """Guesses, links of other programs, old ones, forms of other sites, and a claim of someone else."""
    browser = issuer.app.test_client()
    path = _ask_for_mail(issuer, browser, mails)
    context = issuer.context
    old = write_join_link(context.key_ring, PROGRAM, f"web:{AMY}", context.clock.now_ms() - 31 * 60_000)
    other = write_join_link(context.key_ring, "prg_other", f"web:{AMY}", context.clock.now_ms())
    foreign = f"{PAGE}/open/{other.rpartition('/')[2]}"
    for wrong in (f"{path[:-6]}AAAAAA", old, foreign, f"{PAGE}/open/x", f"{PAGE}/open/{'x' * 2000}"):
        assert browser.get(wrong).status_code == 410
        assert browser.post(wrong, data={"claim": "x"}, headers=SAME_ORIGIN).status_code == 410
    form = _open(browser, path)
    assert browser.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    bo = _open(browser, _ask_for_mail(issuer, browser, mails, "bo@mail.example"))
    for claim in (bo, {"claim": "forged"}, {}):
        assert browser.post(path, data=claim, headers=SAME_ORIGIN).status_code == 410
    assert browser.post(path, data=form, headers=SAME_ORIGIN).status_code == 303


def test_an_answer_does_not_tell_who_is_known(issuer: LinkIssuer, mails: MailServer) -> None:
    """A participant's address and a stranger's have the same answer, and both get the same e-mail."""
    browser = issuer.app.test_client()
    _confirm(browser, _ask_for_mail(issuer, browser, mails))
    known, unknown = (_ask(issuer.app.test_client(), one) for one in (AMY, "stranger@mail.example"))
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert not known.headers.getlist("Set-Cookie") + unknown.headers.getlist("Set-Cookie")
    wait_until(lambda: len(mails.received) == 3)
    texts = {_without_link(one) for one in mails.received[1:]}
    assert len(texts) == 1


def test_the_address_that_a_person_gave_proves_their_handle(issuer: LinkIssuer, mails: MailServer) -> None:
    """Another address has the same answer, and gets nothing; so the form confirms no guess."""
    about = {"external_id": "xhs:mei", "mention": "@mei", "contact": "mei@mail.example", "consents": ["messages"]}
    assert issuer.enrol(about).status_code == 201
    browser = issuer.app.test_client()
    form = {"handle": "mei", "channel": "xiaohongshu", "consent": "1"}
    assert browser.post(PAGE, data=form, headers=SAME_ORIGIN).status_code == 303
    assert 'name="address"' in browser.get(f"{PAGE}?lang=en").text
    answers = [
        browser.post(f"{PAGE}/email", data={"address": one}, headers=SAME_ORIGIN)
        for one in ("thief@mail.example", "not an address", " Mei@MAIL.example")
    ]
    assert {(one.status_code, one.headers["Location"]) for one in answers} == {(303, f"{PAGE}?sent=email")}
    wait_until(lambda: mails.received)
    assert [one["To"] for one in mails.received] == ["mei@mail.example"]
    assert _confirm(browser, _path(mails.received[0])).status_code == 303
    assert _can_open_wallet(browser)


def test_e_mails_are_limited_by_mailbox_and_network(issuer: LinkIssuer, mails: MailServer) -> None:
    """Three an hour to a mailbox, ten for a network; without counts there are none, since anyone can ask."""
    browser = issuer.app.test_client()
    statuses = [_ask(browser, AMY).status_code for _ in range(4)]
    assert statuses == [303, 303, 303, 429]
    others = [_ask(browser, f"p{number}@mail.example").status_code for number in range(7)]
    assert others == [303] * 6 + [429]
    assert "Retry-After" in _ask(browser, AMY).headers
    wait_until(lambda: len(mails.received) == 9)


def test_a_mailbox_that_takes_nothing_is_sent_nothing(
    issuer: LinkIssuer, mails: MailServer, settings: Settings
) -> None:
    """The list is that of messages: what bounced, now or later. The answer is the same."""
    browser = issuer.app.test_client()
    assert _ask(browser, "gone@mail.example").status_code == 303
    wait_until(lambda: mails.refused == 1)
    person = issuer.context.pseudonyms.person_id(PROGRAM, f"web:{AMY}")
    endpoint = people_endpoint(PROGRAM, person)
    key = state_key("rd", "deliveries", partition_of(endpoint, settings.partitions), f"closed:{endpoint}")
    issuer.context.redis.zadd(key, {person: datetime.now(UTC).timestamp() * 1000})
    assert _ask(browser, AMY).status_code == 303
    assert _ask_for_mail(issuer, browser, mails, "bo@mail.example")
    assert [one["To"] for one in mails.received] == ["bo@mail.example"]


def test_a_system_without_a_mail_server_offers_none(issuer: LinkIssuer) -> None:
    """An address is a handle then, which a message proves."""
    own = issuer.collaborators
    silent = replace(issuer.settings, smtp_host="")
    issuer.app.extensions[SERVICE] = replace(own, join_mails=type(own.join_mails)(silent))
    browser = issuer.app.test_client()
    assert "e-mail" not in browser.get(f"{PAGE}?lang=en").text
    assert _ask(browser, AMY).headers["Location"] == f"{PAGE}?lang=en"


def _without_link(mail: EmailMessage) -> str:
    return re.sub(r"/open/\S+", "", mail.get_content())


def test_a_process_that_is_stopped_sends_what_waits(settings: Settings, mails: MailServer) -> None:
    """Of more e-mails than are sent at a time none is lost; after that nothing is accepted."""
    waiting = JoinMails(replace(settings, smtp_host="127.0.0.1", smtp_port=mails.port, smtp_tls="none"))
    addresses = {f"friend{number}@mail.example" for number in range(12)}
    for address in addresses:
        assert waiting.send(Mail(f"msg_{address[:8]}", address, "Your link", "…"), lambda: None)
    waiting.stop()
    assert {mail["To"] for mail in mails.received} == addresses
    assert not waiting.send(Mail("msg_late", AMY, "Your link", "…"), lambda: None)


def test_a_mail_server_that_answers_nothing_delays_no_stop(settings: Settings) -> None:
    """A worker is killed after five seconds: what is closed after the e-mails still has its time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here = replace(settings, smtp_host="127.0.0.1", smtp_port=silent.getsockname()[1], smtp_tls="none")
        waiting = JoinMails(here)
        for number in range(6):
            assert waiting.send(Mail(f"msg_{number}", AMY, "Your link", "…"), lambda: None)
        started = time.monotonic()
        waiting.stop()
        assert DRAIN_S <= time.monotonic() - started < STOP_S
        assert not waiting.send(Mail("msg_late", AMY, "Your link", "…"), lambda: None)


def test_a_name_server_that_answers_nothing_delays_a_page_by_three_seconds(
    issuer: LinkIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has the code in writing. A look-up cannot be interrupted: a fifth page does not begin one."""
    program = "prg_wechat"
    secret = seal(issuer.settings.key_ring(), program, APP_SECRET, "app-secret")
    write_records(
        issuer.settings, [AdapterSecret(recorded_at=START, program=program, name=APP_SECRET, sealed=(secret,))]
    )
    join = {"channels": ["wechat"], "proofs": ["message", "wechat"], "consent": {"en": "I agree."}}
    account = {"appid": "wx0123456789abcdef"}
    assert issuer.apply(RULES | {"id": program, "partners": [], "join": join, "wechat": account}).status_code == 201
    issuer.context.follower.read_to_end(30)
    ended, begun, known = Event(), Semaphore(0), socket.getaddrinfo

    def look_up(host: str, *more: Any, **options: Any) -> Any:
        if host != "api.weixin.qq.com":
            return known(host, *more, **options)
        begun.release()
        ended.wait(150)
        raise socket.gaierror

    def ask(_: int = 0) -> float:
        started = time.monotonic()
        page = issuer.app.test_client().post(f"/j/{program}/wechat", data={"consent": "1"}, headers=SAME_ORIGIN)
        assert page.status_code == 200
        assert "data:image/png" not in page.text
        return time.monotonic() - started

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        with ThreadPoolExecutor(4) as visitors:
            durations = list(visitors.map(ask, range(4)))
        assert begun.acquire(timeout=0)
        fifth = ask()
    finally:
        ended.set()
    assert max(durations) < 30
    assert fifth < min(durations)
