"""The Python client and the served OpenAPI documents: each operation exists, with the fields that the client sends and reads."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from referral_client.operations import OPERATIONS, Operation
from tests.support.settings import UNREACHABLE

APPS = ("conversion_tracker.app", "link_issuer.http_api.app", "reward_dispatcher.http_api.app")
PACKAGE = Path("clients/python/referral_client")
Schema = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> list[Schema]:
    """The OpenAPI documents of the services."""
    found = []
    for module in APPS:
        app = import_module(module).app(UNREACHABLE)
        found.append(app.test_client().get("/openapi.json").get_json())
        app.extensions["referral"].close()
    return found


def _find(documents: list[Schema], operation: Operation[object]) -> tuple[Schema, Schema]:
    """The document that has an operation, and the operation. Names of path parameters are the services' own."""
    for document in documents:
        for path, methods in document["paths"].items():
            if _shape(path) == _shape(operation.path) and operation.method.lower() in methods:
                return document, methods[operation.method.lower()]
    raise AssertionError(f"no service has {operation.method} {operation.path}")


def _shape(path: str) -> list[str]:
    return ["{}" if part.startswith("{") else part for part in path.split("/")]


def _alternatives(document: Schema, schema: Schema) -> Iterator[Schema]:
    """The object schemas that a schema may stand for."""
    if "$ref" in schema:
        yield from _alternatives(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        return
    for one in schema.get("oneOf", schema.get("anyOf", schema.get("allOf", []))):
        yield from _alternatives(document, one)
    if "properties" in schema:
        yield schema


def _response_schemas(document: Schema, operation: Schema) -> list[Schema]:
    bodies = [answer["content"] for status, answer in operation["responses"].items() if status[0] == "2"]
    return [one for body in bodies for one in _alternatives(document, body["application/json"]["schema"])]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_every_operation_exists_with_its_fields(documents: list[Schema], operation: Operation[object]) -> None:
    """What the client sends is accepted, and what it reads is always there, unless it may be None."""
    document, served = _find(documents, operation)
    parameters = {one["name"] for one in served.get("parameters", [])}
    assert set(operation.query) <= parameters
    assert operation.idempotent_by_key == ("Idempotency-Key" in parameters)
    if operation.sends:
        sent = served["requestBody"]["content"]["application/json"]["schema"]
        assert any(set(operation.sends) <= set(one["properties"]) for one in _alternatives(document, sent))
    hints = get_type_hints(operation.result)
    required = {one.name for one in fields(operation.result) if "None" not in str(hints[one.name])}  # type: ignore[arg-type]
    names = {one.name for one in fields(operation.result)}  # type: ignore[arg-type] # every model is a dataclass
    assert any(
        names <= set(one["properties"]) and required <= set(one.get("required", ()))
        for one in _response_schemas(document, served)
    )


def test_the_client_needs_httpx_with_its_httpcore_and_nothing_of_this_repository() -> None:
    """It is a distribution of its own."""
    imported = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
    assert imported - set(sys.stdlib_module_names) == {"httpx", "httpcore", "referral_client"}
