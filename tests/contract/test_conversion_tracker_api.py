"""The API's own description of conversion-tracker: valid, and true of the facts that it takes."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from openapi_spec_validator import validate

from conversion_tracker.app import app as make_app
from conversion_tracker.ingest.event_errors import REMEDIES
from referral.config import Settings
from referral.events.facts import Fact
from referral.events.schemas import types_by_tag
from referral_tools.stack.ports import free_ports
from tests.support.api_probe import probe
from tests.support.builders.participants import PROGRAM
from tests.support.processes import run_module
from tests.support.settings import UNREACHABLE
from tests.support.systems.conversion_tracker import serve_conversion_tracker
from tests.support.waiting import is_ready, wait_until

DECISIONS = ("/conversions", "/bans")


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


def test_every_fact_stands_there_with_a_schema_and_a_valid_example(document: dict[str, Any]) -> None:
    """What a platform's developer copies is what the door takes."""
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["examples"]) == set(types_by_tag(Fact))
    schema = {**body["schema"], "components": document["components"]}
    for one in body["examples"].values():
        jsonschema.validate(one["value"], schema)
        jsonschema.validate([one["value"]] * 2, schema)


def test_the_codes_of_refusals_stand_there(document: dict[str, Any]) -> None:
    """They are stable, and programs branch on them."""
    receipt = document["paths"]["/v1/events"]["post"]["responses"]["202"]["content"]["application/json"]["schema"]
    assert receipt["properties"]["rejected"]["items"]["properties"]["code"]["enum"] == list(REMEDIES)


def test_every_decision_says_who_may_take_it_and_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    """To look needs `read`, to decide needs `admin`; a client library may send a key with each."""
    found = {path: one for path, one in document["paths"].items() if any(part in path for part in DECISIONS)}
    operations = [(method, one[method]) for one in found.values() for method in one if method != "parameters"]
    assert sorted(method for method, _ in operations) == ["delete", "get", "get", "post", "post", "post"]
    for method, operation in operations:
        assert operation["summary"]
        assert operation["x-scope"] == ("read" if method == "get" else "admin")
        names = [one.get("name") for one in operation.get("parameters", [])]
        assert names.count("Idempotency-Key") == (method != "get")


@pytest.mark.integration
def test_whatever_is_decided_is_answered_as_described(settings: Settings, environ: dict[str, str]) -> None:
    """Made-up reviews and bans, right and wrong: no server error, and every answer has a described form."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    http = {**environ, "REFERRAL_HTTP_PORT": str(port), "REFERRAL_LOG_LEVEL": "error"}
    with serve_conversion_tracker(settings), run_module(http, "conversion_tracker", "http"):
        wait_until(lambda: is_ready(httpx.Client(base_url=url)))
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        for operation in (found.ok() for found in schema.get_all_operations()):
            if any(part in operation.path for part in DECISIONS):
                probe(operation, {"Authorization": "Bearer rk_all"}, _aim)


def _aim(case: schemathesis.Case) -> None:
    """At the program that exists."""
    if "program" in case.path_parameters:
        case.path_parameters["program"] = PROGRAM
