"""The API's own description of the leaderboard: valid, and true of what the service answers."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from openapi_spec_validator import validate
from redis import Redis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.integration.leaderboard.serving import NOW, WITH_KEY, score, seat, served
from tests.unit.leaderboard.folding import PROGRAM, somebody

OPERATIONS = 4
OPEN_TO_ALL = {"/p/{program}"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """/openapi.json; nothing has to run to tell what an API looks like."""
    told: dict[str, Any] = served("redis://127.0.0.1:1/0").test_client().get("/openapi.json").get_json()
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
    amy = somebody("amy")
    seat(redis, "all", {amy.id: score(3, NOW)})
    schema = schemathesis.openapi.from_wsgi("/openapi.json", served(redis_url, [amy]))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        _probe(operation)


def _probe(operation: Any) -> None:
    """Sends what hypothesis makes of the operation's description; half of it to the program that exists.

    A cursor is opaque, and a period is described in words: what fits the description may still name nothing.
    """

    @given(case=operation.as_strategy())
    @hypothesis_settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def send(case: schemathesis.Case) -> None:
        if len(str(case.query)) % 2:
            case.path_parameters["program"] = PROGRAM
        case.call_and_validate(headers=WITH_KEY, excluded_checks=[positive_data_acceptance])

    send()
