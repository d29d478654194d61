"""A draw with all entries, read over the API: what `referral draw verify` verifies."""

from collections.abc import Iterator

import msgspec

from referral.verification.draw_proof import DrawEntry, DrawFile, DrawRecord
from referral_tools.service_client import ServiceClient, path

_PAGE = "1000"


def fetch_draw(client: ServiceClient, program: str, name: str, period: str) -> DrawFile:
    """Returns the draw of a period, such as 2026-11."""
    found = client.document("GET", path("programs", program, "draws", name, period))
    record = msgspec.convert(found, DrawRecord)
    return DrawFile(record=record, entries=tuple(_entries(client, program, record)))


def _entries(client: ServiceClient, program: str, record: DrawRecord) -> Iterator[DrawEntry]:
    """The entries of the closed board, page by page."""
    address = path("programs", program, "boards", record.metric, record.period, "closing")
    cursor: str | None = None
    while True:
        page = client.document("GET", address, params={"limit": _PAGE} | ({"cursor": cursor} if cursor else {}))
        yield from (DrawEntry(one["participant"], one["score"], one["reached_at"]) for one in page["ranks"])
        cursor = page["next_cursor"]
        if not cursor:
            return
