"""A process that starts while the broker is away: it knows little, and says that it cannot know more."""

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
    """Link-issuer that has read nothing yet, and finds nobody to read from."""
    made = make_app(settings)
    yield made
    made.extensions["referral"].close()


@pytest.fixture
def app() -> Iterator[Flask]:
    """A fresh one."""
    with fresh(UNREACHABLE) as made:
        yield made


def test_a_key_that_cannot_be_looked_up_is_not_called_invalid(app: Flask) -> None:
    """A client gives up at 401; at 503 it comes back with the same request."""
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
        "/s/AMY88/ticket",
    ],
)
def test_what_was_not_read_yet_is_not_called_unknown(app: Flask, path: str) -> None:
    """A shared link, a program, a participant: all may be there, so none is answered 404."""
    app.extensions["referral"].catalog.apply(KEY)
    began = time.monotonic()
    answer = app.test_client().get(path, headers=WITH_KEY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert is_within(2, began)


def test_who_guesses_codes_is_stopped() -> None:
    """Each code that nobody has takes a look at the log's end: one address must not keep all threads at it."""
    with fresh(replace(UNREACHABLE, rate_limit="2/day")) as app:
        answers = [app.test_client().get(f"/GUESS{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
