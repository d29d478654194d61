"""The OpenAPI document of link-issuer: valid, consistent with its examples and with the responses to generated requests."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from flask import Flask
from openapi_spec_validator import validate

from link_issuer.domain.codes import RESERVED_CODES
from link_issuer.http_api.app import app as make_app
from referral.config import Settings
from tests.support.api_probe import probe
from tests.support.settings import UNREACHABLE
from tests.support.systems.link_issuer import PROGRAM, RULES, serve_link_issuer

OPEN_TO_ALL = (
    {"/{code}", "/v1/links/{code}/qr.svg", "/v1/links/{code}/qr.png", "/s/{code}"}
    | {
        "/",
        "/s/{code}/poster.png",
        "/s/{code}/poster.webp",
        "/s/{code}/card.png",
        "/s/{code}/ticket",
        "/s/{code}/shares",
        "/referral.js",
        "/v1/invitations",
        "/q/{id}",
    }
    | {"/v1/wallet/participant", "/v1/wallet/poster.png"}
)  # the latter for the session of a wallet
_WITHOUT_KEY = {"/v1/wallet/participant"}  # of a person, not of a client; it enrols them once


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    """The app; its document needs no broker."""
    app = make_app(UNREACHABLE)
    yield app
    app.extensions["referral"].close()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    """/openapi.json."""
    found: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return found


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Version 3.1, and every reference resolves."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """With a summary, its security, its responses, and an example of its request body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert operation["summary"], (method, path)
            assert bool(operation["security"]) is (path not in OPEN_TO_ALL), (method, path)
            assert any(status.startswith(("2", "3")) for status in operation["responses"]), (method, path)
            if "requestBody" in operation:
                assert _examples(operation), (method, path)


def test_every_write_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    """So client libraries can send one with each."""
    for path, operations in document["paths"].items():
        for method in {"post", "put", "patch", "delete"} & operations.keys():
            names = [one.get("name") for one in operations[method].get("parameters", [])]
            assert names.count("Idempotency-Key") == (path not in _WITHOUT_KEY), (method, path)
    put = document["paths"]["/v1/programs/{program}"]["put"]
    assert {one["name"] for one in put["parameters"]} == {"dry_run", "If-Match", "Idempotency-Key"}


def test_every_example_matches_its_schema(document: dict[str, Any]) -> None:
    """So developers can copy them."""
    found = [
        (schema, example)
        for path in document["paths"].values()
        for one in path.values()
        for schema, example in _examples(one)
    ]
    assert len(found) >= 4
    for schema, example in found:
        jsonschema.validate(example, {**schema, "components": document["components"]})


def _examples(operation: object) -> list[tuple[dict[str, Any], Any]]:
    """The schemas of a request's bodies, with their examples."""
    contents = operation.get("requestBody", {}).get("content", {}).values() if isinstance(operation, dict) else ()
    return [
        (one["schema"], example)
        for one in contents
        for example in (
            [one["example"]] if "example" in one else [named["value"] for named in one.get("examples", {}).values()]
        )
    ]


def test_no_path_of_the_service_can_be_chosen_as_a_code(app: Flask) -> None:
    """A code DOCS would hide a page, or be hidden by it."""
    rules = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    segments = {name.partition(".")[0].upper() for name in rules if "<" not in name}
    assert segments - {""} <= RESERVED_CODES


@pytest.mark.timeout(900)  # some forty operations, each with dozens of generated requests
@pytest.mark.integration
@pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module"
)  # the app in this process generates ids at the same time
def test_generated_requests_get_documented_responses(settings: Settings) -> None:
    """Valid and invalid requests: no server error, and every response matches the document."""
    with serve_link_issuer(settings) as system:
        assert system.apply(RULES).status_code == 201
        codes = {"participant": system.enrol_amy()["id"], "code": system.enrol_amy()["code"], "program": PROGRAM}

        def aim(case: schemathesis.Case) -> schemathesis.Case:
            case.path_parameters.update({name: codes[name] for name in case.path_parameters if name in codes})
            return case

        schema = schemathesis.openapi.from_wsgi("/openapi.json", system.app)
        for found in schema.get_all_operations():
            probe(found.ok(), {"Authorization": "Bearer rk_admin"}, aim)
