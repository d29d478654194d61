"""How often, and how many at the same time, one API key may ask for explanations. Redis is unreachable: they fail after that."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient

from conversion_tracker.dependencies import MAX_EXPLANATIONS, init_app
from conversion_tracker.explain.api import MAX_OF_ONE_KEY, blueprint
from referral.catalog.memory_follower import MemoryFollower
from referral.http.app import create_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM
from tests.support.settings import UNREACHABLE, api_key

KEYS = [api_key(f"r{number}", "read", secret=f"rk_{number}") for number in range(MAX_EXPLANATIONS)]


@contextmanager
def service(limit: str) -> Iterator[tuple[Flask, FlaskClient]]:
    """The explanations of conversion-tracker, with this REFERRAL_EXPLANATION_LIMIT."""
    app = create_app(
        "conversion-tracker",
        replace(UNREACHABLE, explanation_limit=limit),
        title="Conversion tracker",
        blueprints=[blueprint],
        follower=MemoryFollower([*KEYS, program_version()]),
    )
    init_app(app)
    yield app, app.test_client()
    app.extensions["referral"].close()


def _explain(client: FlaskClient, key: int) -> tuple[int, str]:
    path = f"/v1/programs/{PROGRAM}/people/xhs:bo/explanation"
    answer = client.get(path, headers={"Authorization": f"Bearer rk_{key}"})
    return answer.status_code, answer.get_json()["code"]


def test_a_key_has_a_limited_number_of_explanations() -> None:
    """Other keys have their own."""
    with service("1/day") as (_, client):
        answers = [_explain(client, key) for key in (0, 0, 1)]
    assert answers == [(503, "unavailable"), (429, "rate_limited"), (503, "unavailable")]


def test_a_key_may_build_few_explanations_at_the_same_time() -> None:
    """And all keys together a few more: the answer to a further one does not wait."""
    with service("100/day") as (app, client), ExitStack() as stack:
        limit = app.extensions["conversion-tracker"].explanations
        for number in range(MAX_EXPLANATIONS):
            stack.enter_context(limit.hold(KEYS[number // MAX_OF_ONE_KEY].id, MAX_OF_ONE_KEY))
            if number == MAX_OF_ONE_KEY - 1:
                assert _explain(client, 0) == (429, "rate_limited")
        assert _explain(client, MAX_EXPLANATIONS - 1) == (503, "unavailable")
        assert "at most 4 of all callers" in _detail(client, MAX_EXPLANATIONS - 1)


def _detail(client: FlaskClient, key: int) -> str:
    path = f"/v1/programs/{PROGRAM}/people/xhs:bo/explanation"
    return str(client.get(path, headers={"Authorization": f"Bearer rk_{key}"}).get_json()["detail"])
