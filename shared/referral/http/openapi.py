"""The OpenAPI 3.1 document of a service, made by flask-smorest from the schemas that check requests, served at /openapi.json.

What holds for every operation is added here once: errors are problems, a scope needs a key, ids of requests come back.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields

from referral.http.responses import component_schemas

PROBLEM_JSON = "application/problem+json"

_ABOUT = """Every error is `application/problem+json` (RFC 9457) with a stable `code`, a `detail` that says what to do, and
`errors` that name each place. Times are RFC 3339 in UTC. A write is answered once it is durable. With `Idempotency-Key`, where an
operation takes it, a repeated request gets the first answer for 24 hours; an event is known by its own id. 429 and 503 carry
`Retry-After`."""


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same body gets the first answer again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class ErrorLocationSchema(Schema):
    """One thing that is wrong, and where."""

    pointer = fields.String(
        required=True,
        metadata={
            "description": "A JSON pointer (RFC 6901) into the body; `query:name` or `headers:name` elsewhere.",
            "example": "/data/amount",
        },
    )
    detail = fields.String(required=True, metadata={"description": "What is wrong there and what to write."})
    code = fields.String(metadata={"description": "A stable code of it, where there is one."})


class ProblemSchema(Schema):
    """An error, as RFC 9457 has it."""

    type = fields.String(required=True, metadata={"example": "about:blank"})
    title = fields.String(required=True, metadata={"example": "missing scope"})
    status = fields.Integer(required=True, metadata={"example": 403})
    code = fields.String(required=True, metadata={"description": "Stable; for programs.", "example": "missing_scope"})
    detail = fields.String(required=True, metadata={"description": "What was wrong and what to do; for people."})
    request_id = fields.String(required=True, metadata={"description": "The answer's `X-Request-Id`."})
    errors = fields.List(fields.Nested(ErrorLocationSchema), metadata={"description": "Each place that is wrong."})


class _Api(Api):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest's registry, with our problems for its errors."""

    def _register_error_handlers(self) -> None:
        """Leaves errors to referral.http.problems."""

    def _register_responses(self) -> None:
        """Problems by the names under which flask-smorest refers to them; those in use come into the document."""
        for status in HTTPStatus:
            self.spec.components.response(status.name, _problem(status.phrase), lazy=True)
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, _problem("Any other error."), lazy=True)

    def _register_pagination_header(self) -> None:
        """We page by cursor."""


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM_JSON: {"schema": ProblemSchema}}}


def document(app: Flask, title: str, blueprints: Sequence[Blueprint]) -> Api:
    """Registers the blueprints with the app and in its OpenAPI document, and gives the registry of that."""
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
    return api


def _add_common_documentation(blueprint: Blueprint) -> None:
    """Puts a last step into how a blueprint's operations are described."""
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
        spec.components.schema(name, dict(schema))
    elif known != schema:
        raise TypeError(f"two response schemas have the name {name!r}: rename one of them")
