"""The API reference (/docs), rendered by the server from the OpenAPI document: no script, no other host."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template_string
from flask_smorest import Api
from markupsafe import Markup, escape

_TEMPLATES = Path(__file__).parent / "templates"
_TOKENS = Path(__file__).parents[1] / "pages/assets/tokens.css"
_CODE = re.compile(r"`([^`]+)`")
_MOST_VALUES, _FIRST_VALUES = 40, 8
_METHODS = ("get", "post", "put", "patch", "delete")
_CONSTRAINTS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
    "default": "default {}",
}


def register(app: Flask, api: Api) -> None:
    """Adds /docs and /openapi/{service}.json to an app.

    The page is rendered on the first request, so that a service may extend the document until then.
    """
    style = _TOKENS.read_text("utf-8") + (_TEMPLATES / "docs.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"

    # The front door has one address for four services: the page links to the path that is the same there.
    document = f"/openapi/{app.name}.json"
    app.add_url_rule(document, "openapi_of_service", app.view_functions["api-docs.openapi_json"])

    @cache
    def page() -> str:
        template = (_TEMPLATES / "docs.html").read_text("utf-8")
        spec: dict[str, Any] = api.spec.to_dict()
        return render_template_string(
            template,
            spec=spec,
            document=document,
            groups=operation_groups(spec),
            style=style,
            type_text=type_text,
            constraints_text=constraints_text,
            anchor=anchor,
            prose=prose,
        )

    @app.get("/docs")
    def documentation() -> Response:
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
        return Response(page(), headers=headers, mimetype="text/html")


def operation_groups(spec: Mapping[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Returns the operations of a document as (path, method, operation) by their first tag, groups and paths in order.

    The parameters that a path has for all of its methods are part of each operation.
    """
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, operations in sorted(spec["paths"].items()):
        for method in (one for one in _METHODS if one in operations):
            operation = dict(operations[method])
            operation["parameters"] = [*operations.get("parameters", []), *operation.get("parameters", [])]
            group = (operation.get("tags") or ["other"])[0].replace("_", " ")
            groups.setdefault(group, []).append((path, method, operation))
    return dict(sorted(groups.items()))


def prose(text: str) -> Markup:
    """Returns a description as HTML: what is in backticks is code, everything else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before  # nosec B704


def type_text(schema: Mapping[str, Any]) -> str:
    """Returns the type that a schema describes, as text; a component schema by its name."""
    if "$ref" in schema:
        return anchor(schema["$ref"])
    if "enum" in schema:
        return _values_text([str(one) for one in schema["enum"]])
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(map(type_text, schema[union])))
    types = schema.get("type", "any")
    words = " or ".join(types) if isinstance(types, list) else str(types)
    if types == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    return f"{words} ({schema['format']})" if "format" in schema else words


def _values_text(values: list[str]) -> str:
    """The values of an enumeration, the first of very many."""
    if len(values) <= _MOST_VALUES:
        return " | ".join(values)
    return f"{' | '.join(values[:_FIRST_VALUES])} | … ({len(values)} values)"


def constraints_text(schema: Mapping[str, Any]) -> str:
    """Returns the constraints of a schema as text."""
    return ", ".join(words.format(schema[name]) for name, words in _CONSTRAINTS.items() if schema.get(name) is not None)


def anchor(reference: str) -> str:
    """Returns the last part of a reference: the name of the component."""
    return reference.rpartition("/")[2]
