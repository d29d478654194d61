"""Requests generated from an API's own description: no server error, and every response has a described form."""

from collections.abc import Callable, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

_EXAMPLES = 20
_WITHOUT_KEY = 3


def probe(operation: Any, headers: Mapping[str, str], aim: Callable[[schemathesis.Case], None]) -> None:
    """Sends requests that Hypothesis generates from an operation's description; `aim` sets the ids of existing resources.

    A request that fits the description may still be refused for its content: an opaque cursor, a program's dates. Some
    examples are sent without a key and with invalid keys too; each of these reads to the end of the catalog, so a few suffice.
    """
    _send(operation, headers, aim, _WITHOUT_KEY, [positive_data_acceptance])
    _send(operation, headers, aim, _EXAMPLES, [positive_data_acceptance, ignored_auth])


def _send(
    operation: Any, headers: Mapping[str, str], aim: Callable[[schemathesis.Case], None], examples: int, but: list[Any]
) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    def send(case: schemathesis.Case) -> None:
        aim(case)
        case.call_and_validate(headers=dict(headers), excluded_checks=but)

    send()
