"""The API's documentation as a page (/docs), made from the OpenAPI document by the server: no script, no outside host."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template_string
from flask_smorest import Api

_TEMPLATES = Path(__file__).parent / "templates"
_BOUNDS = {
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "like {}",
    "default": "otherwise {}",
}


def register(app: Flask, api: Api) -> None:
    """Adds /docs to an app. The page is made when first asked for, so that a service may add to the document until then."""
    style = (_TEMPLATES / "docs.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"

    @cache
    def page() -> str:
        template = (_TEMPLATES / "docs.html").read_text("utf-8")
        spec: dict[str, Any] = api.spec.to_dict()
        return render_template_string(template, spec=spec, style=style, kind=kind, bounds=bounds, anchor=anchor)

    @app.get("/docs")
    def documentation() -> Response:
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
        return Response(page(), headers=headers, mimetype="text/html")


def kind(schema: Mapping[str, Any]) -> str:
    """What a schema takes, in a few words; a named schema by its name."""
    if "$ref" in schema:
        return anchor(schema["$ref"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(map(kind, schema[union])))
    named = schema.get("type", "any")
    words = " or ".join(named) if isinstance(named, list) else str(named)
    if named == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return f"{words} ({schema['format']})" if "format" in schema else words


def bounds(schema: Mapping[str, Any]) -> str:
    """What else a value must be."""
    return ", ".join(words.format(schema[name]) for name, words in _BOUNDS.items() if schema.get(name) is not None)


def anchor(reference: str) -> str:
    """The last part of a reference: the name of what it refers to."""
    return reference.rpartition("/")[2]
