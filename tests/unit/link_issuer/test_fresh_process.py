"""A process that starts while Kafka is unavailable: what it has not read is unavailable, not unknown."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from link_issuer.http_api.app import app as make_app
from referral.config import Settings
from referral.events.entities import ApiKey
from referral.http.bearer_token import secret_digest
from tests.support.settings import UNREACHABLE
from tests.support.waiting import is_within

KEY = ApiKey(
    recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
    id="key_admin",
    digest=secret_digest("rk_a"),
    name="a",
    scopes=("admin",),
)
WITH_KEY = {"Authorization": "Bearer rk_a"}


@contextmanager
def fresh(settings: Settings) -> Iterator[Flask]:
    """Link-issuer that has read nothing yet and cannot connect to Kafka."""
    made = make_app(settings)
    yield made
    made.extensions["referral"].close()


@pytest.fixture
def app() -> Iterator[Flask]:
    """An app that has read nothing yet."""
    with fresh(UNREACHABLE) as made:
        yield made


def test_a_key_that_cannot_be_looked_up_is_not_invalid(app: Flask) -> None:
    """A client gives up after 401; after 503 it retries."""
    began = time.monotonic()
    answer = app.test_client().get("/v1/programs/prg_x", headers=WITH_KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert is_within(2, began)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/programs/prg_x",
        "/v1/programs/prg_x/participants/xhs:amy",
        "/v1/links/AMY88",
        "/v1/links/AMY88/qr.svg",
        "/AMY88",
        "/s/AMY88",
        "/s/AMY88/poster.png",
        "/s/AMY88/poster.webp",
        "/s/AMY88/card.png",
        "/s/AMY88/ticket",
    ],
)
def test_what_has_not_been_read_yet_is_not_unknown(app: Flask, path: str) -> None:
    """Links, programs and participants may exist, so none is 404."""
    app.extensions["referral"].catalog.apply(KEY)
    began = time.monotonic()
    answer = app.test_client().get(path, headers=WITH_KEY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert is_within(2, began)


@pytest.mark.parametrize("path", ["/AMY88", "/s/AMY88", "/s/AMY88/poster.png", "/v1/links/AMY88/qr.svg"])
def test_a_person_sees_a_page_and_nothing_of_the_log_while_it_is_unavailable(app: Flask, path: str) -> None:
    """In the worst minute, what a follower opens is a page with a button to try again."""
    page = app.test_client().get(path, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"})
    assert (page.status_code, page.mimetype, page.headers["Retry-After"]) == (503, "text/html", "1")
    assert "Please try again in a minute." in page.text
    assert all(word not in page.text for word in ("Kafka", "log", "catalog", "Error", "same ids"))


@pytest.mark.parametrize(
    "path",
    [
        "/{}",
        "/s/{}",
        "/s/{}/ticket",
        "/s/{}/poster.png",
        "/s/{}/poster.webp",
        "/s/{}/card.png",
        "/v1/links/{}/qr.svg",
        "/v1/links/{}/qr.png",
        "/v1/links/{}",
    ],
)
def test_guesses_are_limited_per_address_wherever_they_are_made(path: str) -> None:
    """For each unknown code the log is read to its end: one address must not occupy all threads with that."""
    with fresh(replace(UNREACHABLE, miss_limit="1/day")) as app:
        headers = WITH_KEY if path == "/v1/links/{}" else {}  # here the guess is the key
        answers = [app.test_client().get(path.format(f"GUESS{number}"), headers=headers) for number in range(2)]
    assert [answer.status_code for answer in answers] == [503, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_whole_ipv6_network_is_one_client() -> None:
    """A customer has at least a /64 and may send each guess from another address of it."""
    with fresh(replace(UNREACHABLE, miss_limit="1/day", proxies=1)) as app:
        answers = [
            app.test_client().get("/GUESS", headers={"X-Forwarded-For": address}).status_code
            for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
        ]
    assert answers == [503, 429, 503]
