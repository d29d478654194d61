"""The API's own description of reward-dispatcher: valid, and true of what the service answers."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate

from referral.config import Settings
from reward_dispatcher.http_api.app import app as make_app
from tests.support.api_probe import probe
from tests.support.builders.participants import PROGRAM
from tests.support.settings import AUTHORIZATION, UNREACHABLE
from tests.support.systems.reward_dispatcher import serve_reward_dispatcher

OPERATIONS = 10
OPEN_TO_ALL = {"/g/{token}"}


@pytest.fixture(scope="module")
def document() -> Iterator[dict[str, Any]]:
    """/openapi.json; no broker is needed to tell what an API looks like."""
    app = make_app(UNREACHABLE)
    yield app.test_client().get("/openapi.json").get_json()
    app.extensions["referral"].follower.stop()


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Generators and testers read it; every reference leads somewhere."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_says_who_may_call_it(document: dict[str, Any]) -> None:
    """A scope each, but for the download link, which is its own permission; and a sentence on what it does."""
    for path, operations in document["paths"].items():
        for operation in (one for method, one in operations.items() if method != "parameters"):
            assert operation["summary"]
            assert bool(operation["security"]) is (path not in OPEN_TO_ALL), path


def test_every_write_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    """A client library may send one with each, and need not know which honours it."""
    for path, operations in document["paths"].items():
        for method in {"post", "put", "patch", "delete"} & operations.keys():
            names = [one.get("name") for one in operations[method].get("parameters", [])]
            assert names.count("Idempotency-Key") == 1, (method, path)


@pytest.mark.integration
def test_whatever_is_sent_is_answered_as_described(settings: Settings, environ: dict[str, str]) -> None:
    """Made-up requests, right and wrong: no server error, and every answer has a described form."""
    with serve_reward_dispatcher(settings, environ) as system:
        schema = schemathesis.openapi.from_url(f"{system.client.base_url}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) == OPERATIONS
        for operation in operations:
            probe(operation, AUTHORIZATION, _aim)


def _aim(case: schemathesis.Case) -> None:
    """At the program that exists."""
    if "program" in case.path_parameters:
        case.path_parameters["program"] = PROGRAM
