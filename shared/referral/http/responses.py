"""Response bodies as msgspec structs: one declaration that encodes the body and describes it in OpenAPI.

    class Ban(msgspec.Struct):
        \"\"\"A banned person.\"\"\"

        person: Annotated[str, Meta(description="The platform's id of the person.", examples=["xhs:amy"])]
        at: Timestamp
        note: str | None

    @blueprint.post("/v1/programs/<program>/bans")
    @requires("admin")
    @idempotent
    @blueprint.arguments(BanRequest)
    @response(Ban, 202, description="The ban is durable.", example=Ban("xhs:amy", NOON, None))
    def ban(body: dict[str, str], program: str) -> Ban:
        \"\"\"Bans a person.\"\"\"

A view returns the struct, `(struct, status)`, `(struct, headers)`, `(struct, status, headers)`, or a finished Flask response, which
is passed on unchanged. `@response(A | B)` declares a body that is one of several structs. A view with several success statuses
has one `@response` for each; the lowest one's status is the default.

The component is named after the struct (`#/components/schemas/Ban`); its description is the docstring, those of its fields come
from `Meta`. Every field is always encoded, null included, so declare fields without defaults; one that may be absent is
`T | UnsetType = UNSET`. Times are `Timestamp`s, encoded in RFC 3339 (`2026-11-24T08:00:00Z`). A list is a `Page[Ban]`
(referral.http.paging). Requests are still validated by marshmallow (`blueprint.arguments`).

`@response` belongs below `@requires` and `@idempotent`, which need a Flask response; this is checked on import. Its order with
`blueprint.arguments` and `blueprint.alt_response` is free.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from types import UnionType
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar, cast, get_args

import msgspec
from flask import Response

from referral.http.openapi_annotations import annotate, annotations

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]

P = ParamSpec("P")
Body = TypeVar("Body")
Headers = Mapping[str, str]
Returned: TypeAlias = Response | Body | tuple[Body, int] | tuple[Body, Headers] | tuple[Body, int, Headers]

_REF_TEMPLATE = "#/components/schemas/{name}"
_encode = msgspec.json.Encoder().encode


def response(
    body: type[Body],
    status: int = 200,
    *,
    description: str | None = None,
    example: Body | None = None,
    examples: Mapping[str, Body] | None = None,
    headers: Mapping[str, object] | None = None,
) -> Callable[[Callable[P, Returned[Body]]], Callable[P, Response]]:
    """Encodes what a view returns as JSON and describes it in OpenAPI.

    `description` defaults to the phrase of the status, `examples` are named, `headers` are OpenAPI header objects by name.
    Raises TypeError on import if it is above `@requires` or `@idempotent`.
    """
    schema, components = body_schema(body)
    documented = {
        "schema": schema,
        "description": description or HTTPStatus(status).phrase,
        "example": None if example is None else msgspec.to_builtins(example),
        "examples": {name: {"value": msgspec.to_builtins(value)} for name, value in (examples or {}).items()} or None,
        "headers": headers,
    }
    entry = {name: value for name, value in documented.items() if value is not None} | {"content_type": None}

    def decorate(view: Callable[P, Returned[Body]]) -> Callable[P, Response]:
        if {"scope", "idempotent"} & annotations(view).keys():
            raise TypeError("@response belongs below @requires and @idempotent: they need a Flask response")

        @wraps(view)
        def json_view(*args: P.args, **kwargs: P.kwargs) -> Response:
            return encode_response(view(*args, **kwargs), status)

        _document(json_view, status, entry, components)
        return json_view

    return decorate


def encode_response(returned: object, status: int = 200) -> Response:
    """Returns the JSON response of what a view returned; `status` applies if the view named none."""
    if isinstance(returned, Response):
        return returned
    body, *rest = returned if isinstance(returned, tuple) else (returned,)
    for extra in rest:
        if isinstance(extra, int):
            status = extra
    headers = next((extra for extra in rest if isinstance(extra, Mapping)), None)
    return Response(_encode(body), status, headers, mimetype="application/json")


def component_schemas(view_annotations: Mapping[str, object]) -> Mapping[str, Mapping[str, Any]]:
    """Returns the OpenAPI component schemas, by name, that the responses of an annotated view refer to."""
    return cast("Mapping[str, Mapping[str, Any]]", view_annotations.get("response_components", {}))


def body_schema(body: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the schema of a body, which refers to component schemas, and these by name."""
    bodies = get_args(body) if isinstance(body, UnionType) else (body,)
    schemas, components = msgspec.json.schema_components(bodies, ref_template=_REF_TEMPLATE)
    schema = {"oneOf": list(schemas)} if len(schemas) > 1 else schemas[0]
    return _without_false_items(schema), _without_false_items(components)


def _without_false_items(schema: Any) -> Any:
    """The schema without `"items": false` of tuples, which apispec takes for a reference; `maxItems` bounds them all the same."""
    if isinstance(schema, list):
        return [_without_false_items(one) for one in schema]
    if isinstance(schema, dict):
        return {key: _without_false_items(one) for key, one in schema.items() if not (key == "items" and one is False)}
    return schema


def _document(view: Callable[..., object], status: int, entry: dict[str, Any], components: dict[str, Any]) -> None:
    """Adds the response where flask-smorest's own `blueprint.response` adds it."""
    known = annotations(view)
    documented: dict[str, Any] = deepcopy(dict(cast("Mapping[str, Any]", known.get("response", {}))))
    documented.setdefault("responses", {}).setdefault(status, []).append(entry)
    statuses = [*cast("list[int]", known.get("success_status_codes", [])), status]
    components = {**component_schemas(known), **components}
    annotate(view, response=documented, success_status_codes=statuses, response_components=components)
