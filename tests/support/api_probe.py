"""Requests generated from an API's OpenAPI document: no server error, and every response matches the document."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

_EXAMPLES = 20
_EXAMPLES_WITHOUT_KEY = 3
_PATIENCE_S = 60


def probe(
    operation: Any, headers: Mapping[str, str], prepare: Callable[[schemathesis.Case], schemathesis.Case]
) -> None:
    """Sends generated requests of an operation; `prepare` returns the request as it refers to existing resources.

    A request that matches the document may be rejected for its content (an opaque cursor, a program's dates). Some examples are
    also sent without a key and with an invalid one. These responses do not depend on the example, and each costs a read of the
    catalog, so there are only a few.
    """
    _send(operation, headers, prepare, _EXAMPLES_WITHOUT_KEY, [positive_data_acceptance])
    _send(operation, headers, prepare, _EXAMPLES, [positive_data_acceptance, ignored_auth])


def _send(
    operation: Any,
    headers: Mapping[str, str],
    prepare: Callable[[schemathesis.Case], schemathesis.Case],
    examples: int,
    excluded_checks: list[Any],
) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    def send(case: schemathesis.Case) -> None:
        prepared = prepare(case)
        answer = _answer(prepared, dict(headers))
        prepared.validate_response(
            answer, headers=dict(headers), excluded_checks=excluded_checks, transport_kwargs={"headers": dict(headers)}
        )

    send()


def _answer(case: schemathesis.Case, headers: dict[str, str]) -> Any:
    """Returns the response. After 503 the request is repeated as a client would: a broker on a busy machine may miss 1.5 s."""
    deadline = time.monotonic() + _PATIENCE_S
    while (answer := case.call(headers=headers)).status_code == 503 and time.monotonic() < deadline:
        pass
    return answer
