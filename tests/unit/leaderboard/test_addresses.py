"""Addresses of pages as people type them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from leaderboard.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from tests.support.settings import UNREACHABLE


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    """Leaderboard without programs."""
    made = make_app(UNREACHABLE, MemoryFollower())
    yield made.test_client()
    made.extensions["referral"].close()


def test_a_board_with_a_final_slash_leads_to_the_board(client: FlaskClient) -> None:
    """With its period and language."""
    answer = client.get("/p/prg_glow/?period=week")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/p/prg_glow?period=week")


def test_guesses_of_programs_are_limited_per_address() -> None:
    """Each costs a read of the catalog."""
    made = make_app(replace(UNREACHABLE, miss_limit="2/day"), MemoryFollower())
    answers = [made.test_client().get(f"/p/prg_{number}", headers={"Accept": "text/html"}) for number in range(3)]
    assert [(answer.status_code, answer.mimetype) for answer in answers] == [
        (404, "text/html"),
        (404, "text/html"),
        (429, "text/html"),
    ]
    made.extensions["referral"].close()


@pytest.mark.parametrize("path", ["/p", "/p/", "/p/prg_glow/x"])
def test_a_browser_gets_a_page_where_there_is_nothing(client: FlaskClient, path: str) -> None:
    """No raw JSON."""
    answer = client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
