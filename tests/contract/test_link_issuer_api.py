"""The API's own description of link-issuer: valid, true of its examples, and of what it answers to whatever is sent."""

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

OPEN_TO_ALL = {"/{code}", "/v1/links/{code}/qr.svg", "/v1/links/{code}/qr.png", "/s/{code}", "/s/{code}/poster.png"} | {
    "/s/{code}/ticket",
    "/s/{code}/shares",
}


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    """The app; no broker is needed to tell what an API looks like."""
    app = make_app(UNREACHABLE)
    yield app
    app.extensions["referral"].close()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    """/openapi.json."""
    found: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return found


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Generators and testers read it; every reference leads somewhere."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """A summary, who may call it, the answers, and an example wherever a body is sent."""
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
    """A client library may send one with each, and need not know which honours it."""
    for path, operations in document["paths"].items():
        for method in {"post", "put", "patch", "delete"} & operations.keys():
            names = [one.get("name") for one in operations[method].get("parameters", [])]
            assert names.count("Idempotency-Key") == 1, (method, path)
    put = document["paths"]["/v1/programs/{program}"]["put"]
    assert {one["name"] for one in put["parameters"]} == {"dry_run", "If-Match", "Idempotency-Key"}


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    """What a developer copies is what the door takes."""
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


def test_no_address_of_the_service_can_be_taken_as_a_code(app: Flask) -> None:
    """A chosen code DOCS would hide a page, or be hidden by it."""
    rules = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    addresses = {name.partition(".")[0].upper() for name in rules if "<" not in name}
    assert addresses - {""} <= RESERVED_CODES


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # the app in this process draws ids meanwhile
def test_whatever_is_sent_is_answered_as_described(settings: Settings) -> None:
    """Made-up requests, right and wrong: no server error, and every answer has a described form."""
    with serve_link_issuer(settings) as system:
        assert system.apply(RULES).status_code == 201
        codes = {"participant": system.enrol_amy()["id"], "code": system.enrol_amy()["code"], "program": PROGRAM}

        def aim(case: schemathesis.Case) -> None:
            case.path_parameters.update({name: codes[name] for name in case.path_parameters if name in codes})

        schema = schemathesis.openapi.from_wsgi("/openapi.json", system.app)
        for found in schema.get_all_operations():
            probe(found.ok(), {"Authorization": "Bearer rk_admin"}, aim)
