"""Responses of the desk's API."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.desk.desk_row import DeskRow
from conversion_tracker.ingest.event_errors import EventError


class DeskCounts(Struct, frozen=True):
    """How many rows there are of each status."""

    new: int
    decide: int
    here: int
    nothing: int


class DeskCheckResponse(Struct, frozen=True):
    """What each line becomes. Nothing is recorded."""

    rows: list[DeskRow]
    counts: DeskCounts


class DeskFactsResponse(Struct, frozen=True):
    """How many events were added, and the rows that became none."""

    added: Annotated[int, Meta(description="Kafka has acknowledged them")]
    rows: Annotated[list[DeskRow], Meta(description="those that became events")]
    others: Annotated[
        list[DeskRow], Meta(description="those that are here already, or cannot be events, with the reason")
    ]
    rejected: Annotated[list[EventError], Meta(description="by the checks of `POST /v1/events`")]


class DeskWithdrawalsResponse(Struct, frozen=True):
    """How many events were withdrawn."""

    withdrawn: int


def count_rows(rows: Iterable[DeskRow]) -> DeskCounts:
    """How many rows there are of each status."""
    found = Counter(row.status for row in rows)
    return DeskCounts(found["new"], found["decide"], found["here"], found["nothing"])
