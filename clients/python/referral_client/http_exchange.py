"""Responses of the service as results, problems, or failures worth another attempt. No I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from referral_client.api_errors import ApiProblem, ServiceUnavailable
from referral_client.models import read_model
from referral_client.operations import Call
from referral_client.retry_policy import is_worth_repeating, retry_after_s

Result = TypeVar("Result")
USER_AGENT = "referral-client/0.1.0"
_MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt brought no answer; `retry_after_s` is what the service asks for."""

    reason: str
    retry_after_s: float | None = None


def read_response(call: Call[Result], status: int, headers: Mapping[str, str], body: bytes) -> Result | Failure:
    """The result of a call, or a Failure that is worth another attempt. Raises ApiProblem for a refused request."""
    if is_worth_repeating(status, headers):
        return Failure(f"{status} {_text(_json(body), 'detail')}".strip(), retry_after_s(headers))
    decoded = _json(body)
    if 200 <= status < 300 and decoded is not None:
        return _result(call, status, decoded)
    raise _problem(status, decoded or {})


def _result(call: Call[Result], status: int, body: Mapping[str, object]) -> Result:
    """Raises ApiProblem for a body with a time that is none."""
    try:
        return read_model(call.operation.result, body)
    except ValueError:
        raise ApiProblem(status, "unexpected_response", "The response has a time that cannot be read.") from None


def give_up(call: Call[Result], failure: Failure, attempts: int) -> ServiceUnavailable:
    """The error after the last attempt."""
    operation = call.operation
    return ServiceUnavailable(f"{operation.method} {operation.path} failed {attempts} times; last: {failure.reason}")


def _problem(status: int, body: Mapping[str, object]) -> ApiProblem:
    errors = body.get("errors")
    entries = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    code = _text(body, "code") or "unexpected_response"
    return ApiProblem(status, code, _text(body, "detail"), entries, _text(body, "request_id"))


def _json(body: bytes) -> Mapping[str, object] | None:
    """The object in a body; None if it is none."""
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _text(body: Mapping[str, object] | None, name: str) -> str:
    value = (body or {}).get(name)
    return value[:_MAX_TEXT] if isinstance(value, str) else ""
