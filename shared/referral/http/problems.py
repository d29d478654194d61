"""Errors as RFC 9457 problem details: a stable `code`, a `detail` a person can act on, and `errors` that name each place."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from flask import Flask, Response, g, request
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as NoAnswer
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from referral.http.request_ids import request_id
from referral.log.errors import LogUnavailable, NotDurable, Overloaded

log = structlog.get_logger()

_CODES = {
    400: ("malformed_request", "The request could not be read. Check its syntax and its Content-Type."),
    404: ("not_found", "There is nothing at this address. See /docs for what there is."),
    405: ("method_not_allowed", "This address does not take that method. See /docs for those it takes."),
    406: ("not_acceptable", "None of the formats asked for in Accept can be given. Leave Accept out, or see /docs."),
    413: ("too_large", "The request body is larger than {most} bytes. Send less at once."),
    414: ("address_too_long", "The address is too long. Send less in it."),
    415: ("unsupported_media_type", "Send the body with a Content-Type this address takes; /docs names them."),
    422: ("invalid", "The request was understood but breaks a rule; `errors` names each place and what to do there."),
    500: ("internal_error", "Something failed on our side. Try again; when it stays, tell us the request id."),
}
# What may be over in a moment; any other error of Redis means that we asked it something wrong.
_REDIS = {Disconnected: "is away", NoAnswer: "is away", OutOfMemoryError: "is full", ReadOnlyError: "takes no writes"}
# marshmallow says what is wrong; a person also wants to know what to do.
_REMEDIES = {
    "Missing data for required field.": "This is required: add it.",
    "Unknown field.": "There is no such field: remove it, or check how it is written.",
    "Field may not be null.": "This may not be null: give a value, or leave the field out where it is optional.",
    "Invalid input type.": "A JSON object belongs here.",
    "Not a valid string.": "A string belongs here.",
    "Not a valid integer.": "A whole number belongs here.",
    "Not a valid number.": "A number belongs here.",
    "Not a valid boolean.": "true or false belongs here.",
    "Not a valid list.": "A list belongs here.",
    "Not a valid mapping type.": "A JSON object belongs here.",
    "Not a valid datetime.": "A time as in RFC 3339 belongs here, e.g. 2026-11-24T08:00:00Z.",
    "Not a valid date.": "A date belongs here, e.g. 2026-11-24.",
    "Not a valid URL.": "A complete address belongs here, e.g. https://example.com/hook.",
    "Invalid JSON body.": "This is not JSON: check quotes, commas and brackets, and the encoding (UTF-8).",
}


class Problem(Exception):
    """An error to be answered: HTTP status, stable code, what was wrong and what to do, and the places."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = list(errors), dict(headers or {})


def problem_response(problem: Problem) -> Response:
    """The response of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.code.replace("_", " "),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id(request.environ),
    }
    if problem.errors:
        body["errors"] = problem.errors
    g.problem = problem.code
    if problem.status >= 500:
        g.reason = problem.detail
    return Response(msgspec.json.encode(body), problem.status, problem.headers, mimetype="application/problem+json")


def unavailable(what: str) -> Problem:
    """503: something we need is away; the same request may be sent again."""
    return Problem(
        503,
        "unavailable",
        f"{what} Nothing of it is promised: send it again, with the same ids.",
        headers={"Retry-After": "1"},
    )


def register(app: Flask) -> None:
    """Every exception of a request becomes a problem."""
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(
        NotDurable, lambda error: problem_response(unavailable(f"The log does not answer: {error}."))
    )
    app.register_error_handler(LogUnavailable, lambda error: problem_response(unavailable(str(error))))
    app.register_error_handler(Overloaded, lambda error: problem_response(unavailable(f"We are busy: {error}.")))
    for kind, trouble in _REDIS.items():
        app.register_error_handler(kind, partial(_redis_error, trouble))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _internal_error)


def _redis_error(trouble: str, error: Exception) -> Response:
    return problem_response(unavailable(f"Redis {trouble} ({type(error).__name__}), and this needs it."))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code, detail = _CODES.get(status, (error.name.lower().replace(" ", "_"), error.description or error.name))
    detail = detail.format(most=request.max_content_length) if status == 413 else detail
    messages = getattr(error, "data", {}).get("messages") or {}  # where webargs puts what marshmallow found
    methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    headers = {"Allow": ", ".join(methods)} if methods else {}
    return problem_response(Problem(status, code, detail, validation_errors(messages), headers))


def _internal_error(error: Exception) -> Response:
    log.error("request failed", request_id=request_id(request.environ), exc_info=error)
    return problem_response(Problem(500, *_CODES[500]))


def validation_errors(messages: Mapping[str, Any]) -> list[dict[str, str]]:
    """marshmallow's nested messages, under webargs' location, as a flat list of places and what is wrong there.

    A place in the body is a JSON pointer (RFC 6901, so the whole body is ""); elsewhere it is `query:name` or `headers:name`.
    """
    return [
        {"pointer": pointer, "detail": detail}
        for location, nested in messages.items()
        for pointer, detail in _flatten(nested, "" if location in ("json", "json_or_form") else f"{location}:")
    ]


def _flatten(nested: Any, place: str) -> list[tuple[str, str]]:
    if isinstance(nested, Mapping):
        return [found for key, value in nested.items() for found in _flatten(value, _below(place, key))]
    if isinstance(nested, (list, tuple)):
        return [found for value in nested for found in _flatten(value, place)]
    return [(place, _REMEDIES.get(str(nested), str(nested)))]


def _below(place: str, key: object) -> str:
    if key == "_schema":
        return place
    escaped = str(key).replace("~", "~0").replace("/", "~1")
    return f"{place}{escaped}" if place.endswith(":") else f"{place}/{escaped}"
