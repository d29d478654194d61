"""The proof of an erasure."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from link_issuer.privacy.erasure import ErasureProof
from referral.http.responses import Timestamp


class WrittenRecord(Struct):
    """A record that the erasure wrote: a tombstone, the record of the erasure, or the participant marked as erased."""

    key: Annotated[str, Meta(description="kind and person id of what it replaces or removes")]
    topic: str
    partition: int
    offset: int


class ErasureResponse(Struct):
    """What was removed, and until when it is gone from the disks of Kafka."""

    program: str
    id: Annotated[
        str, Meta(description="the person id, which means no one from now on", examples=["psn_3v8k2m9q4t6w1x7z"])
    ]
    epoch: Annotated[int, Meta(description="how often this person was erased", examples=[1])]
    erased_at: Timestamp
    records: list[WrittenRecord]
    codes: Annotated[list[str], Meta(description="codes that lead nowhere and give no credit from now on")]
    gone_by: Annotated[
        Timestamp,
        Meta(description="when compaction has removed the bytes from `people`; no view shows them from `erased_at` on"),
    ]
    kept: Annotated[str, Meta(description="what stays, and why")]


KEPT = (
    "Lines of the log with the person id, which no record relates to anyone any more, since figures of other people depend on them;"
    " order ids and codes that your shop knows; the platform's own data, and copies that webhook receivers made: notify them."
)


def erasure_response(program: str, proof: ErasureProof, erase_within_s: int) -> ErasureResponse:
    """The answer to an erasure."""
    return ErasureResponse(
        program=program,
        id=proof.person,
        epoch=proof.epoch,
        erased_at=proof.erased_at,
        records=[WrittenRecord(key, *position) for key, position in proof.records],
        codes=proof.codes,
        gone_by=proof.erased_at + timedelta(seconds=erase_within_s),
        kept=KEPT,
    )
