"""Look-ups for callers who have shown no key yet."""

from collections.abc import Callable
from typing import TypeVar

from flask import g, request

from conversion_tracker.dependencies import dependencies
from referral.catalog.view import Catalog
from referral.http.context import context

Found = TypeVar("Found")


def look_up(look: Callable[[Catalog], Found]) -> Found:
    """What the catalog has. What is not in view costs a read of it, so that is counted against the caller's allowance.

    Raises Problem 429 where too many came, LogUnavailable if Kafka is unavailable.
    """
    found = look(dependencies().catalog_snapshot)
    if found:
        return found
    if "standing" not in g:
        context().limiter.count(request)
    return look(context().catalog)
