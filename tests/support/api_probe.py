"""Requests made up from an API's own description: no server error, and every answer has a described form."""

from collections.abc import Callable, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

_EXAMPLES = 20
_WITH_STRANGERS = 3


def probe(operation: Any, headers: Mapping[str, str], aim: Callable[[schemathesis.Case], None]) -> None:
    """Sends what hypothesis makes of an operation's description; `aim` points it at what exists.

    What fits the description may still be refused for what it says: an opaque cursor, a program's dates. Each example is
    sent by strangers too, without a key and with wrong ones; what they are told does not depend on the example, and costs
    a look at the end of the catalog each, so a few do.
    """
    _send(operation, headers, aim, _WITH_STRANGERS, [positive_data_acceptance])
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
