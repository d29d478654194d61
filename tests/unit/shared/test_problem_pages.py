"""Error pages: a browser sees a page in the reader's language, a program the problem in JSON; neither sees internals."""

import re
from typing import get_args

import pytest
from flask.testing import FlaskClient

from referral.pages.languages import Language
from tests.support.tiny_service import tiny_service

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PATHS = {
    "/": 404,
    "/p/": 404,
    "/nowhere": 404,
    "/v1/things": 401,
    "/v1/broken/bug": 500,
    "/v1/broken/log": 503,
    "/v1/broken/busy": 503,
    "/v1/broken/full": 503,
    "/v1/broken/redis": 500,
    "/v1/broken/teapot": 418,
}
INTERNALS = re.compile(
    r"secret inside|acknowledgement|lines wait|maxmemory|Redis|Kafka|[A-Z]\w+Error|Traceback|log does not|/docs|same ids"
)


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A client of the tiny service, without Kafka and Redis."""
    return tiny_service().test_client()


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize(("path", "status"), PATHS.items())
def test_a_browser_gets_a_page_for_every_error(client: FlaskClient, path: str, status: int, language: str) -> None:
    """With the status of the problem, in the reader's language, with the request's id and nothing from inside."""
    page = client.get(path, headers={"Accept": BROWSER, "Accept-Language": language})
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert f'<html lang="{language}">' in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Accept" in page.headers["Vary"]
    assert not INTERNALS.search(page.text)
    assert page.text.count("<h1>") == 1


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "application/problem+json", "application/json, text/html;q=0.5"]
)
@pytest.mark.parametrize(("path", "status"), PATHS.items())
def test_a_program_gets_the_problem(client: FlaskClient, path: str, status: int, accept: str) -> None:
    """As before: JSON unless HTML is preferred."""
    answer = client.get(path, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status


def test_a_page_of_a_temporary_error_can_be_tried_again(client: FlaskClient) -> None:
    """A button leads to the same address; Retry-After stays."""
    page = client.get("/v1/broken/log?lang=en&a=1", headers={"Accept": BROWSER})
    assert 'href="/v1/broken/log?lang=en&amp;a=1"' in page.text
    assert "Try again" in page.text
    assert page.headers["Retry-After"] == "1"
    assert "Try again" not in client.get("/nowhere?lang=en", headers={"Accept": BROWSER}).text


def test_a_form_that_was_refused_is_no_incomplete_address(client: FlaskClient) -> None:
    """The page speaks of the form, and says that nothing was changed; a mistake in an address is one."""
    headers = {"Accept": BROWSER, "Authorization": "Bearer rk_all"}
    sent = client.post("/v1/broken/teapot?lang=en", headers=headers)
    read = client.get("/v1/broken/teapot?lang=en", headers=headers)
    assert "Nothing was changed." in sent.text
    assert "address is not complete" not in sent.text
    assert "This address is not complete" in read.text


def test_the_address_of_an_error_page_cannot_inject_html(client: FlaskClient) -> None:
    """It is escaped."""
    page = client.get('/v1/broken/log?"><script>alert(1)</script>', headers={"Accept": BROWSER})
    assert "<script>alert" not in page.text


def _directives(client: FlaskClient, url: str) -> set[str]:
    return set(client.get(url).headers["Cache-Control"].split(", "))


def test_only_the_version_of_an_asset_is_kept_for_a_year(client: FlaskClient) -> None:
    """Under the URL that pages name it is immutable; under any other, a minute: a process of another version may answer."""
    page = client.get("/nowhere", headers={"Accept": BROWSER}).text
    urls = re.findall(r'(?:href|src)="(/pages/[^"]+)"', page)
    assert {url.partition("?")[0] for url in urls} == {"/pages/tokens.css", "/pages/page.css", "/pages/icon.png"}
    for url in urls:
        assert _directives(client, url) == {"public", "max-age=31536000", "immutable"}
        for other in (url.partition("?")[0], url.partition("?")[0] + "?v=old"):
            assert _directives(client, other) == {"public", "max-age=60"}
    assert client.get("/pages/none.css").status_code == 404
