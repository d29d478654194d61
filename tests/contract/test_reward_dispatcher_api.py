"""The OpenAPI document of reward-dispatcher is valid and describes what the service responds."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate

from referral.config import Settings
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES
from reward_dispatcher.http_api.app import app as make_app
from tests.support.api_probe import probe
from tests.support.builders.participants import PROGRAM
from tests.support.processes import run_module
from tests.support.settings import AUTHORIZATION, UNREACHABLE
from tests.support.systems.reward_dispatcher import serve_reward_dispatcher
from tests.support.waiting import wait_until

OPERATIONS = 42
OPEN_TO_ALL = {"/g/{token}"}


@pytest.fixture(scope="module")
def document() -> Iterator[dict[str, Any]]:
    """/openapi.json, which needs neither Kafka nor Redis."""
    app = make_app(UNREACHABLE)
    yield app.test_client().get("/openapi.json").get_json()
    app.extensions["referral"].follower.stop()


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Generators and testers read it; every reference can be resolved."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_has_a_scope_and_a_summary(document: dict[str, Any]) -> None:
    """Only the download link has no scope: its token is the permission."""
    for path, operations in document["paths"].items():
        for operation in (value for name, value in operations.items() if name != "parameters"):
            assert operation["summary"]
            assert bool(operation["security"]) is (path not in OPEN_TO_ALL), path


def test_every_write_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    """A client library may send a key with each write."""
    for path, operations in document["paths"].items():
        for method in {"post", "put", "patch", "delete"} & operations.keys():
            names = [parameter.get("name") for parameter in operations[method].get("parameters", [])]
            assert names.count("Idempotency-Key") == 1, (method, path)


def test_the_messages_to_webhooks_are_described(document: dict[str, Any]) -> None:
    """Each type that a webhook can be registered for, with whose reward it is, which is null after an erasure."""
    assert sorted(document["webhooks"]) == sorted(WEBHOOK_EVENT_TYPES)
    for name, operations in document["webhooks"].items():
        schema = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
        message = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert message["properties"]["type"]["enum"] == [name]
        data = document["components"]["schemas"][message["properties"]["data"]["$ref"].rpartition("/")[2]]
        if name.startswith("endpoint."):
            assert {"program", "webhook"} <= set(data["required"])
        elif name.startswith("budget."):
            assert {"program", "budget", "currency", "total", "free"} <= set(data["required"])
        elif name == "promoter.message":
            assert {"person", "external_id", "erased", "kinds"} <= set(data["required"])
        else:
            assert {"beneficiary", "external_id", "erased"} <= set(data["required"])
            assert {"type": "null"} in data["properties"]["external_id"]["anyOf"]


@pytest.mark.timeout(900)  # some forty operations, each with dozens of generated requests
@pytest.mark.integration
def test_every_response_is_as_documented(settings: Settings, environ: dict[str, str]) -> None:
    """Generated requests, valid and invalid: no server error, and every response matches the document."""
    with (
        serve_reward_dispatcher(settings, environ) as system,
        run_module(environ, "reward_dispatcher", "fold", "pools"),
    ):
        codes = f"/v1/programs/{PROGRAM}/pools/vip/codes"
        wait_until(lambda: system.client.put(codes, json=["A1"]).status_code == 200)  # the fold takes part
        schema = schemathesis.openapi.from_url(f"{system.client.base_url}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) == OPERATIONS
        for operation in operations:
            probe(operation, AUTHORIZATION, _aim)


def _aim(case: schemathesis.Case) -> schemathesis.Case:
    """Uses the program that exists."""
    if "program" in case.path_parameters:
        case.path_parameters["program"] = PROGRAM
    return case
