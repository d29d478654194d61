"""Addresses as people type them: with a final slash, and with codes that do not exist."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from link_issuer.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from tests.support.builders.link_issuer import LINK_OWNER, SHARE_VERSION
from tests.support.settings import UNREACHABLE

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en"}


@pytest.fixture
def app() -> Iterator[Flask]:
    """Link-issuer with one participant; an address may look for two unknown codes."""
    made = make_app(replace(UNREACHABLE, miss_limit="2/day"), MemoryFollower([SHARE_VERSION, LINK_OWNER]))
    yield made
    made.extensions["referral"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser's requests."""
    return app.test_client()


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/s/AMY88/", "channel=wechat&x=%D6%D0", "/s/AMY88?channel=wechat&x=%D6%D0"),
        ("/s/AMY88//", "", "/s/AMY88"),
        ("/N0SUCH/", "", "/N0SUCH"),
        ("//evil.example/", "", "/evil.example"),
        ("/\\evil.example/", "", "/%5Cevil.example"),
        ("/小美/".encode().decode("latin-1"), "", "/%E5%B0%8F%E7%BE%8E"),
    ],
)
def test_a_final_slash_leads_to_the_address_that_was_meant(
    client: FlaskClient, path: str, query: str, location: str
) -> None:
    """With its query, never to another host, whatever the client accepts."""
    for headers in (BROWSER, {}):
        answer = client.get("/", headers=headers, environ_overrides={"PATH_INFO": path, "QUERY_STRING": query})
        assert (answer.status_code, answer.headers["Location"]) == (308, location)


def test_a_link_with_a_final_slash_works(client: FlaskClient) -> None:
    """A messenger or a person added it."""
    answer = client.get("/AMY88/", headers=BROWSER)
    assert answer.headers["Location"].startswith("https://example.com/?rt=")


def test_a_person_with_too_many_wrong_codes_gets_a_page(client: FlaskClient) -> None:
    """429 with Retry-After and a button; the code that is right still works."""
    answers = [client.get(f"/GUESS{number}", headers=BROWSER) for number in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert (answers[2].mimetype, answers[2].headers["Retry-After"] > "0") == ("text/html", True)
    assert "Try again" in answers[2].text
    assert client.get("/GUESS9").get_json()["code"] == "rate_limited"
    assert client.get("/AMY88", headers=BROWSER).status_code == 302
