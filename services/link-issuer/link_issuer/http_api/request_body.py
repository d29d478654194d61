"""Request bodies: JSON, or YAML for a program file, loaded with a marshmallow schema. Invalid bodies raise a Problem."""

from collections.abc import Sequence
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from link_issuer.programs.text_encoding import InvalidEncoding, decode_utf8
from link_issuer.programs.yaml_form import InvalidYaml, YamlDocument, read_yaml
from referral.http.json_body import decode_json, require_whole_characters
from referral.http.problems import Problem, first_errors
from referral.program_file.check import ProgramFileTooLarge, require_program_size
from referral.validation.mistakes import Mistake, mistakes_in

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


def json_body() -> object:
    """The content of a JSON body. Raises Problem 415 for another content type, 400 for invalid JSON, 422 for half characters."""
    if not request.is_json:
        raise Problem(
            415, "unsupported_media_type", f"Content-Type is {request.mimetype or 'missing'}: send application/json."
        )
    try:
        return decode_json(decode_utf8(request.get_data()))
    except InvalidEncoding as error:
        raise Problem(400, "malformed_json", f"The body {error}.") from error


def json_or_yaml_body() -> YamlDocument:
    """The content of a program file in JSON or YAML. Raises Problem as `json_body` does, and 413 for a file that is too large."""
    try:
        require_program_size(len(request.get_data()))
    except ProgramFileTooLarge as error:
        raise Problem(413, "too_large", f"{error}.") from error
    if request.mimetype not in YAML_TYPES:
        return YamlDocument(json_body())  # type: ignore[arg-type] # msgspec decodes JSON to exactly these types
    try:
        document = read_yaml(decode_utf8(request.get_data()))
    except InvalidEncoding as error:
        raise Problem(400, "malformed_yaml", f"The body {error}.") from error
    except InvalidYaml as error:
        raise Problem(400, "malformed_yaml", f"The body is not valid YAML in line {error.line}: {error}.") from error
    require_whole_characters(document.content)
    return document


def load_body(schema: Schema, consequence: str) -> dict[str, Any]:
    """The JSON body as loaded by a schema. Raises Problem 422 with every mistake."""
    try:
        loaded: dict[str, Any] = schema.load(json_body())  # type: ignore[arg-type] # load refuses what is not an object
    except ValidationError as error:
        raise invalid_body(sorted(mistakes_in(error.messages)), consequence) from error
    return loaded


def invalid_body(mistakes: Sequence[Mistake], consequence: str) -> Problem:
    """422 with every mistake, or the first MAX_MISTAKES; `consequence` is what was not done, e.g. "The link was not created."."""
    listed, more = first_errors([{"pointer": mistake.pointer, "detail": mistake.detail} for mistake in mistakes])
    return Problem(422, "invalid", f"{consequence} See `errors`{more}.", listed)
