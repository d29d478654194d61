"""A service as the commands ask it: what it refuses and what goes wrong ends a command with words, never with a traceback."""

import json
from collections.abc import Iterator

import click
import pytest
from flask import Flask, Response, request

from referral_tools.service_client import ServiceClient, ServiceUnavailable, path
from referral_tools.text_columns import table
from tests.support.app_server import serve_app

REFUSED = {"code": "invalid", "detail": "Nothing was changed.", "errors": [{"pointer": "/to", "detail": "is not over"}]}


def _refused() -> Response:
    return Response(json.dumps(REFUSED), 422, content_type="application/problem+json")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A service that answers in every way that there is."""
    app = Flask(__name__)
    app.add_url_rule("/refused", view_func=_refused)
    app.add_url_rule("/busy", "busy", view_func=lambda: ("come again", 503))
    app.add_url_rule("/page", "page", view_func=lambda: "<html>")
    app.add_url_rule("/moved", "moved", view_func=lambda: ("", 302))
    app.add_url_rule("/list", view_func=_page)
    app.add_url_rule("/v1/people/<person>", "person", view_func=lambda person: {"person": person})
    with serve_app(app) as address:
        yield address


def _page() -> dict[str, object]:
    first, most = int(request.args.get("cursor", 0)), int(request.args["limit"])
    numbers = list(range(first, min(first + most, 250)))
    return {"items": [{"n": one} for one in numbers], "next_cursor": str(first + most) if first + most < 250 else None}


@pytest.mark.parametrize(
    ("address", "kind", "says"),
    [
        ("/refused", click.ClickException, r"422 invalid: Nothing was changed\.\n  /to: is not over"),
        ("/busy", ServiceUnavailable, "503 : come again"),
        ("/page", click.ClickException, "Is --url correct"),
        ("/moved", click.ClickException, "is --url correct"),
    ],
)
def test_an_error_response_ends_the_command_with_a_message(
    url: str, address: str, kind: type[Exception], says: str
) -> None:
    """A refusal names each place; what is none of our services says so."""
    with pytest.raises(kind, match=says):
        ServiceClient(url, "rk").document("GET", address)


@pytest.mark.parametrize("nowhere", ["http://127.0.0.1:1", "127.0.0.1:8002", "http://[", "http://a b:x"])
def test_an_address_without_a_server_names_the_option_to_check(nowhere: str) -> None:
    """Also one that is none."""
    with pytest.raises(ServiceUnavailable, match="is the service running and --url correct"):
        ServiceClient(nowhere, "rk").request("GET", "/")


def test_a_key_with_invalid_characters_is_reported_without_a_traceback(url: str) -> None:
    """As when it was pasted with a dash that an editor made long."""
    with pytest.raises(click.ClickException, match="the key contains invalid characters"):
        ServiceClient(url, "rk_\u2014").request("GET", "/")


@pytest.mark.parametrize(("limit", "gives"), [(1, 1), (100, 100), (130, 130), (1000, 250)])
def test_a_list_is_read_page_by_page_to_its_end(url: str, limit: int, gives: int) -> None:
    """As many as were asked for, no more and no fewer."""
    assert [one["n"] for one in ServiceClient(url, "rk").items("/list", limit)] == list(range(gives))


def test_any_id_is_one_step_of_an_address(url: str) -> None:
    """A person is whatever the platform calls them."""
    for person in ("xhs:u42", "a b?c#d%25", "李雷"):
        assert ServiceClient(url, "rk").document("GET", path("people", person)) == {"person": person}


def test_chinese_names_do_not_shift_the_columns() -> None:
    """Each of their letters is two places wide."""
    assert table(("WHO", "N"), [("李雷", "1"), ("Amy", "2")]) == "WHO   N\n李雷  1\nAmy   2"
