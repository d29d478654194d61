"""The API's own description of the leaderboard: valid, and true of what the service answers."""

from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from redis import Redis

from tests.support.api_probe import probe
from tests.support.builders.participants import PROGRAM, participant
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores

OPERATIONS = 4
OPEN_TO_ALL = {"/p/{program}"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """/openapi.json; nothing has to run to tell what an API looks like."""
    told: dict[str, Any] = leaderboard_app("redis://127.0.0.1:1/0").test_client().get("/openapi.json").get_json()
    return told


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Generators and testers read it; every reference leads somewhere."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_says_what_it_does_and_who_may_call_it(document: dict[str, Any]) -> None:
    """The page is for everybody; all else needs the scope `read`."""
    for path, operations in document["paths"].items():
        for operation in (one for method, one in operations.items() if method != "parameters"):
            assert operation["summary"]
            assert operation.get("x-scope") == (None if path in OPEN_TO_ALL else "read"), path
            assert bool(operation["security"]) is (path not in OPEN_TO_ALL), path


@pytest.mark.integration
def test_whatever_is_sent_is_answered_as_described(redis: "Redis", redis_url: str) -> None:
    """Made-up requests, right and wrong: no server error, and every answer has a described form."""
    amy = participant("amy")
    set_scores(redis, "all", {amy.id: board_score(3, NOW)})
    schema = schemathesis.openapi.from_wsgi("/openapi.json", leaderboard_app(redis_url, [amy]))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        probe(operation, AUTHORIZATION, _aim)


def _aim(case: schemathesis.Case) -> None:
    """Half of the requests go to the program that exists."""
    if len(str(case.query)) % 2:
        case.path_parameters["program"] = PROGRAM
