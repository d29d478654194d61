"""Errors as problem details (RFC 9457): a stable `code`, a `detail` with the remedy, `errors` with each location."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from flask import Flask, Response, g, request
from redis.exceptions import (
    AskError,
    ClusterDownError,
    InvalidResponse,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from referral.encryption import DecryptionFailed
from referral.http.request_ids import request_id
from referral.log.errors import LogUnavailable, NotDurable, Overloaded
from referral.validation.mistakes import MAX_MISTAKES, mistakes_in

log = structlog.get_logger()

_CODES = {
    400: ("malformed_request", "The request could not be parsed. Check its syntax and its Content-Type."),
    404: ("not_found", "No resource at this path. See /docs for all routes."),
    405: (
        "method_not_allowed",
        "This path does not support the method. `Allow` lists the supported methods; see /docs.",
    ),
    406: ("not_acceptable", "No supported media type in `Accept`. Omit the header, or see /docs for the media types."),
    413: (
        "too_large",
        "The request body is larger than {limit} bytes. Send a smaller body, e.g. fewer events at once.",
    ),
    414: ("address_too_long", "The URL is too long. Shorten the path or the query."),
    415: ("unsupported_media_type", "Unsupported Content-Type. See /docs for the media types of this route."),
    422: (
        "invalid",
        "The request is invalid; `errors` lists every mistake with its location and what to write instead.",
    ),
    500: ("internal_error", "Internal error. Retry; if it persists, report the request id."),
}
# Temporary states of Redis; any other Redis error is a bug in the request to it.
_REDIS_STATES = {
    RedisConnectionError: "unavailable",
    RedisTimeoutError: "unavailable",
    InvalidResponse: "unavailable",  # another server at its address, or a broken proxy before it
    OutOfMemoryError: "out of memory",
    ReadOnlyError: "read-only",
    ClusterDownError: "unavailable for some keys",
    AskError: "moving keys to another node",  # MovedError too
    TryAgainError: "moving keys to another node",
}
# Replacements of marshmallow's messages, which name the mistake but not the remedy.
_REMEDIES = {
    "Missing data for required field.": "Required: add this field.",
    "Unknown field.": "Unknown field: remove it, or check its spelling.",
    "Field may not be null.": "Must not be null: write a value, or omit the field if it is optional.",
    "Invalid input type.": "Must be a JSON object.",
    "Not a valid string.": "Must be a string.",
    "Not a valid integer.": "Must be an integer.",
    "Not a valid number.": "Must be a number.",
    "Not a valid boolean.": "Must be true or false.",
    "Not a valid list.": "Must be an array.",
    "Not a valid mapping type.": "Must be a JSON object.",
    "Not a valid datetime.": "Must be a time in RFC 3339, e.g. 2026-11-24T08:00:00Z.",
    "Not a valid date.": "Must be a date, e.g. 2026-11-24.",
    "Not a valid URL.": "Must be a complete URL, e.g. https://example.com/hook.",
    "Invalid JSON body.": "Not valid JSON: check quotes, commas, brackets and the encoding (UTF-8).",
}


class Problem(Exception):
    """An error response: HTTP status, stable code, what is wrong and what to do, and the location of each mistake."""

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
    """Returns the response of a problem."""
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


def unreadable_secret(error: DecryptionFailed) -> Problem:
    """Returns the 503 for something sealed whose key is not in the key ring."""
    reason = str(error)
    return Problem(503, "secret_unreadable", f"{reason[0].upper()}{reason[1:]}.", headers={"Retry-After": "60"})


def unavailable(what: str) -> Problem:
    """Returns the 503 for a request that failed because of `what`, one sentence; the client may send it again."""
    detail = f"{what} The request may not have taken effect: send it again with the same ids."
    return Problem(503, "unavailable", detail, headers={"Retry-After": "1"})


def register(app: Flask) -> None:
    """Makes every exception of a request a problem response."""
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(
        NotDurable, lambda error: problem_response(unavailable(f"The log does not answer: {error}."))
    )
    app.register_error_handler(LogUnavailable, lambda error: problem_response(unavailable(str(error))))
    app.register_error_handler(Overloaded, _overload_response)
    for error_class, state in _REDIS_STATES.items():
        app.register_error_handler(error_class, partial(_redis_error, state))
    app.register_error_handler(HTTPException, http_error_response)
    app.register_error_handler(Exception, _internal_error)


def _overload_response(error: Exception) -> Response:
    return problem_response(unavailable(f"Too many requests in flight: {error}."))


def _redis_error(state: str, error: Exception) -> Response:
    return problem_response(unavailable(f"Redis is {state} ({type(error).__name__})."))


def http_error_response(error: HTTPException) -> Response:
    """Returns the problem response of an error that Flask raised, such as for an unknown path."""
    status = error.code or 500
    code, detail = _CODES.get(status, (error.name.lower().replace(" ", "_"), error.description or error.name))
    detail = detail.format(limit=request.max_content_length) if status == 413 else detail
    messages = getattr(error, "data", {}).get("messages") or {}  # where webargs puts marshmallow's messages
    methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    headers = {"Allow": ", ".join(methods)} if methods else {}
    listed, more = first_errors(validation_errors(messages))
    return problem_response(Problem(status, code, f"{detail.removesuffix('.')}{more}.", listed, headers))


def _internal_error(error: Exception) -> Response:
    log.error("request failed", request_id=request_id(request.environ), exc_info=error)
    return problem_response(Problem(500, *_CODES[500]))


def first_errors(errors: Sequence[dict[str, str]]) -> tuple[list[dict[str, str]], str]:
    """The first MAX_MISTAKES errors, and what the detail says of the others; empty without any.

    A small body can have very many mistakes; an answer with all of them would cost more than the request.
    """
    more = f" (the first {MAX_MISTAKES} of {len(errors):,})" if len(errors) > MAX_MISTAKES else ""
    return list(errors[:MAX_MISTAKES]), more


def validation_errors(messages: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns marshmallow's nested messages, grouped by webargs' location, as a flat list of mistakes.

    In the body the location is a JSON pointer (RFC 6901; "" is the whole body), elsewhere `query:name` or `headers:name`.
    """
    return [
        {"pointer": _location(source, mistake.pointer), "detail": _REMEDIES.get(mistake.detail, mistake.detail)}
        for source, nested in messages.items()
        for mistake in mistakes_in(nested)
    ]


def _location(source: str, pointer: str) -> str:
    return pointer if source in ("json", "json_or_form") else f"{source}:{pointer.removeprefix('/')}"
