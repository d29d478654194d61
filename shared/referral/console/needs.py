"""What waits for an operator: each service answers for its own part, and the home view shows all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from flask import Response
from msgspec import Struct

NeedKind = Literal[
    "held",
    "appealed",
    "manual",
    "operator",
    "pool_empty",
    "pool_low",
    "file_missing",
    "budget_spent",
    "budget_stopped",
    "clawed_back",
    "webhook_failing",
    "webhook_disabled",
    "codes_guessed",
    "link_asked",
]


class Need(Struct, frozen=True):
    """A kind of thing that waits, how many there are, since when the first one, and where to deal with them.

    What has a row of its own is named: a pool with the codes that it has left, a budget with the percentage that is spent, a
    webhook, an API key, a person. `level` is that figure.
    """

    kind: NeedKind
    number: int
    oldest_at: datetime | None
    path: str
    name: str = ""
    level: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Need]).decode


def needs_response(needs: Sequence[Need]) -> Response:
    """The response of a service about its part; kinds of which nothing waits are left out."""
    return Response(_encode([need for need in needs if need.number]), mimetype="application/json")


def read_needs(body: bytes) -> list[Need]:
    """The needs of a response. Raises msgspec.DecodeError."""
    return _decode(body)
