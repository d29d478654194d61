"""Bodies, in and out: JSON anywhere, YAML where a program file is taken. What cannot be read is a problem."""

from collections.abc import Mapping, Sequence

import msgspec
from flask import Response, request

from link_issuer.programs.yaml_form import Document, NotYaml, read
from referral.http.problems import Problem
from referral.validation.mistakes import Mistake

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


def json_body() -> object:
    """What a JSON body holds. Raises Problem 415 for another content type, 400 for what is no JSON."""
    if not request.is_json:
        raise Problem(
            415, "unsupported_media_type", f"Content-Type is {request.mimetype or 'missing'}: send application/json."
        )
    try:
        return msgspec.json.decode(request.get_data())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed_json", f"The body cannot be read as JSON: {error}.") from error


def json_or_yaml_body() -> Document:
    """What a JSON or YAML body holds. Raises Problem as `json_body` does."""
    if request.mimetype not in YAML_TYPES:
        return Document(json_body())  # type: ignore[arg-type] # what msgspec gives for JSON is just that
    try:
        return read(request.get_data().decode())
    except (NotYaml, UnicodeDecodeError) as error:
        where = f" in line {error.line}" if isinstance(error, NotYaml) else ""
        raise Problem(400, "malformed_yaml", f"The body cannot be read as YAML{where}: {error}.") from error


def invalid(mistakes: Sequence[Mistake], detail: str) -> Problem:
    """422 with every mistake."""
    return Problem(422, "invalid", detail, [{"pointer": one.pointer, "detail": one.detail} for one in mistakes])


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON: mappings, lists, dataclasses, moments (RFC 3339, UTC)."""
    return Response(msgspec.json.encode(content), status, headers, mimetype="application/json")
