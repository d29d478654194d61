"""The receipt of an upload, or of a list of void codes: how far the pools fold has decided it, and what came of it."""

from msgspec import Struct

MAX_REFUSED = 100
"""The most refused codes that a receipt names; all are counted."""


class RefusedCode(Struct, frozen=True, array_like=True):
    """A code that changed nothing: its segment within the request, its offset there, and the pool that has it ("": as given)."""

    index: int
    offset: int
    pool: str


class Receipt(Struct, frozen=True, array_like=True, tag="receipt"):
    """Of segments below `next`. `duplicates` were as requested before; `refused` are of another pool, or given already."""

    pool: str
    next: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    named: tuple[RefusedCode, ...] = ()


def add_segment(receipt: Receipt, accepted: int, duplicates: list[RefusedCode], refused: list[RefusedCode]) -> Receipt:
    """The receipt after its next segment."""
    room = MAX_REFUSED - len(receipt.named)
    return Receipt(
        receipt.pool,
        receipt.next + 1,
        receipt.accepted + accepted,
        receipt.duplicates + len(duplicates),
        receipt.refused + len(refused),
        (*receipt.named, *sorted((*duplicates, *refused), key=lambda one: one.offset)[:room])
        if room
        else receipt.named,
    )
