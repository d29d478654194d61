"""The OpenAPI 3.1 document of a service (/openapi.json), generated from request schemas, response structs and decorators.

flask-smorest generates it. What applies to every operation is added here: scopes, idempotency keys, problem responses.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields
from msgspec import Struct

from referral.http.openapi_webhooks import add_webhooks
from referral.http.responses import component_schemas

PROBLEM_JSON = "application/problem+json"

_ABOUT = """Every error is `application/problem+json` (RFC 9457) with a stable `code`, a `detail` that says what is wrong and what
to do, and `errors` with the location of each mistake. Times are RFC 3339 in UTC. A write is acknowledged once it is durable. An
operation with `Idempotency-Key` returns the first response to a repeated request for 24 hours; events are deduplicated by their
own id. 429 and 503 have `Retry-After`."""

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeated request with the same key and body gets the first response again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class ErrorLocationSchema(Schema):
    """A mistake and its location."""

    pointer = fields.String(
        required=True,
        metadata={
            "description": "A JSON pointer (RFC 6901) into the body; `query:name` or `headers:name` elsewhere.",
            "example": "/data/amount",
        },
    )
    detail = fields.String(required=True, metadata={"description": "What is wrong and what to write instead."})
    code = fields.String(metadata={"description": "Stable code of the mistake, if it has one."})


class ProblemSchema(Schema):
    """Problem details (RFC 9457)."""

    type = fields.String(required=True, metadata={"example": "about:blank"})
    title = fields.String(required=True, metadata={"example": "missing scope"})
    status = fields.Integer(required=True, metadata={"example": 403})
    code = fields.String(required=True, metadata={"description": "Stable error code.", "example": "missing_scope"})
    detail = fields.String(required=True, metadata={"description": "What is wrong and what to do."})
    request_id = fields.String(required=True, metadata={"description": "`X-Request-Id` of the response."})
    errors = fields.List(
        fields.Nested(ErrorLocationSchema), metadata={"description": "Every mistake, with its location."}
    )


class _Api(Api):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest's registry, with problem details in place of its own error responses."""

    def _register_error_handlers(self) -> None:
        """Registers none: referral.http.problems handles all errors."""

    def _register_responses(self) -> None:
        """Registers problem responses under flask-smorest's names; the document contains those in use."""
        for status in HTTPStatus:
            self.spec.components.response(status.name, _problem(status.phrase), lazy=True)
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, _problem("Any other error."), lazy=True)

    def _register_pagination_header(self) -> None:
        """Registers none: lists are paged by cursor (referral.http.paging)."""


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM_JSON: {"schema": ProblemSchema}}}


def build_api(
    app: Flask, title: str, blueprints: Sequence[Blueprint], webhook_messages: Sequence[type[Struct]] = ()
) -> Api:
    """Registers the blueprints with the app and in its OpenAPI document; returns the registry of the document.

    The document describes `webhook_messages` too.
    """
    app.config |= {
        "API_TITLE": title,
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": _ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "servers": [{"url": "/"}],
        },
    }
    api = _Api(app)
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer", "description": "An API key, rk_…"})
    for blueprint in blueprints:
        _add_common_documentation(blueprint)
        api.register_blueprint(blueprint)
    if webhook_messages:
        add_webhooks(api.spec, webhook_messages)
    return api


def _add_common_documentation(blueprint: Blueprint) -> None:
    """Appends `_complete` to the steps in which flask-smorest documents the operations of a blueprint."""
    steps = blueprint._prepare_doc_cbks
    if _complete not in steps:
        steps.append(_complete)


def _complete(doc: dict[str, Any], info: dict[str, Any], *, spec: APISpec, **_: object) -> dict[str, Any]:
    """Adds what `requires`, `reads_headers`, `idempotent` and `response` have annotated, and errors as problems."""
    for name, schema in component_schemas(info).items():
        _add_component(spec, name, schema)
    scope = info.get("scope")
    doc["security"] = [{"key": []}] if scope else []
    if scope:
        doc["x-scope"] = scope
        doc["responses"] = {"401": HTTPStatus.UNAUTHORIZED.name, "403": HTTPStatus.FORBIDDEN.name} | doc["responses"]
    headers = [*info.get("headers", ()), *([IDEMPOTENCY_KEY] if info.get("idempotent") else [])]
    if headers:
        doc["parameters"] = [*doc.get("parameters", []), *headers]
    for status, response in doc["responses"].items():
        if isinstance(response, dict) and str(status)[0] in "45" and "content" not in response:
            response.update(_problem(response["description"]))
    return doc


def _add_component(spec: APISpec, name: str, schema: Mapping[str, Any]) -> None:
    """Adds a component schema once. Raises TypeError if another schema has its name."""
    known = spec.components.schemas.get(name)
    if known is None:
        spec.components.schema(name, deepcopy(dict(schema)))  # apispec changes what it gets
    elif known != schema:
        raise TypeError(f"two response schemas have the name {name!r}: rename one of them")
