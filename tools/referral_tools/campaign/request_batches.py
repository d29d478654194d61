"""Puts facts into requests as several platforms would send them: arrays, NDJSON, and single events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from referral.events.facts import Fact
from referral_tools.campaign.client import Batch

_MOST = 500
_SINGLES = 3
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class RequestBatch:
    """One request: its body, the facts in it by position, and how many further items must be refused."""

    batch: Batch
    facts: Sequence[Fact]
    malformed: int = 0


def request_batches(facts: Sequence[Fact], malformed: Sequence[bytes], turn: int) -> Iterator[RequestBatch]:
    """Returns the requests of a step, in alternating forms: an array, NDJSON, or three single events and the rest as an array."""
    singles = facts[:_SINGLES] if turn % 3 == 2 else ()
    yield from (RequestBatch(Batch(_encode(fact), "application/json"), [fact]) for fact in singles)
    rest, odd = facts[len(singles) :], list(malformed)
    for start in range(0, len(rest), _MOST - len(odd)):
        some = rest[start : start + _MOST - len(odd)]
        yield RequestBatch(_batch([*map(_encode, some), *odd], turn), some, len(odd))
        odd = []


def _batch(items: Sequence[bytes], turn: int) -> Batch:
    if turn % 3 == 1:
        return Batch(b"\n".join(items), "application/x-ndjson")
    return Batch(b"[" + b",".join(items) + b"]", "application/json")
