"""The OpenAPI document of the leaderboard is valid and describes what the service responds."""

from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from redis import Redis

from tests.support.api_probe import probe
from tests.support.builders.participants import PROGRAM, participant, profile
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores

OPERATIONS = 38
OPEN_TO_ALL = {
    "/p/{program}",
    "/p/{program}/c/{challenge}",
    "/p/{program}/c/{challenge}/reminder.ics",
    "/p/embed/{token}",
    "/p/{program}/live",
    "/p/{program}/proof/{metric}/{period}/{participant}",
    "/v1/wallet/place",
    "/v1/wallet/posts",
    "/v1/digest",
}  # the latter for the session of a wallet, and a token of reward-dispatcher


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """/openapi.json, which needs neither Kafka nor Redis."""
    document: dict[str, Any] = leaderboard_app("redis://127.0.0.1:1/0").test_client().get("/openapi.json").get_json()
    return document


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Generators and testers read it; every reference can be resolved."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def _scope(path: str) -> str:
    decides = "{post}/" in path or path.endswith(("/randomness", "/thanks"))
    return "admin" if decides else "read"


def test_every_operation_has_a_scope_and_a_summary(document: dict[str, Any]) -> None:
    """The page is public; what decides something needs the scope `admin`, everything else `read`."""
    for path, operations in document["paths"].items():
        for operation in (value for name, value in operations.items() if name != "parameters"):
            assert operation["summary"]
            assert operation.get("x-scope") == (None if path in OPEN_TO_ALL else _scope(path)), path
            assert bool(operation["security"]) is (path not in OPEN_TO_ALL), path


@pytest.mark.timeout(900)  # some forty operations, each with dozens of generated requests
@pytest.mark.integration
def test_every_response_is_as_documented(redis: "Redis", redis_url: str) -> None:
    """Generated requests, valid and invalid: no server error, and every response matches the document."""
    amy = participant("amy")
    set_scores(redis, "all", {amy.id: board_score(3, NOW)})
    schema = schemathesis.openapi.from_wsgi("/openapi.json", leaderboard_app(redis_url, [amy, profile("amy")]))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        probe(operation, AUTHORIZATION, _aim)


def _aim(case: schemathesis.Case) -> schemathesis.Case:
    """Uses the program that exists for half of the requests."""
    if len(str(case.query)) % 2:
        case.path_parameters["program"] = PROGRAM
    return case
