"""JSON bodies: decoded, and refused with the place of each half character, which only some JSON libraries accept.

Every API declares its routes by the `Blueprint` of this module, whose `arguments` reads bodies in this way.
"""

import json
from contextlib import suppress
from typing import Any

import flask_smorest
import msgspec
from flask import Request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser

from referral.http.problems import Problem, first_errors
from referral.validation.half_characters import half_characters, may_have_half_characters


def decode_json(text: bytes | str) -> object:
    """The content of a JSON body in UTF-8. Raises Problem 400 for invalid JSON, 422 for half characters."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        _explain_half_characters(text)
        raise Problem(400, "malformed_json", f"The body is not valid JSON: {error}.") from error


def require_whole_characters(content: object) -> None:
    """Raises Problem 422 with the place of each half character in decoded JSON."""
    mistakes = sorted(half_characters(content))
    if mistakes:
        errors, more = first_errors([{"pointer": one.pointer, "detail": one.detail} for one in mistakes])
        raise Problem(422, "invalid", f"The body has half a character. See `errors`{more}.", errors)


def _explain_half_characters(text: bytes | str) -> None:
    """Raises Problem 422 if half characters are why a body could not be decoded."""
    with suppress(ValueError, RecursionError):
        require_whole_characters(json.loads(text))


class _JsonParser(FlaskParser):
    """webargs' parser; half characters are refused before any rule of a schema sees them."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The decoded body, `missing` without one. Raises Problem 422, and 400 for too deep nesting or too long a number."""
        try:
            content = super().load_json(req, schema)
            if may_have_half_characters(req.get_data(cache=True)):
                require_whole_characters(content)
        except RecursionError:
            raise Problem(400, "malformed_request", "The body is nested too deeply: send plain fields.") from None
        except ValueError:  # Python's limit on the digits of an integer; webargs answers other invalid JSON
            detail = "The body has a number with thousands of digits: send a shorter one."
            raise Problem(400, "malformed_request", detail) from None
        return content


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest's blueprint, which reads JSON bodies by this module."""

    ARGUMENTS_PARSER = _JsonParser()
