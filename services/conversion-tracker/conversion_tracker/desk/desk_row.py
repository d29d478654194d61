"""What a pasted line becomes: an event, a choice, nothing, or something that is here already; and why. Pure."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from referral.events.line import Timestamp

DeskKind = Literal["follow", "tag", "post", "proof", "none"]
DeskStatus = Literal["new", "decide", "here", "nothing"]
DeskReason = Literal[
    "similar_code",
    "uncertain_code",
    "several_referrers",
    "no_name",
    "other_line",
    "unknown_code",
    "follows_already",
    "recorded",
    "same_line",
    "no_evidence",
    "own_code",
    "unknown_mention",
    "hashtag_alone",
    "before_enrolment",
    "before_program",
    "too_long_ago",
    "proof",
    "wrong_proof",
]
"""Why a row is to be decided, is here already, or becomes nothing."""
MAX_NAME = 64


class DeskRow(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A row of the preview. `status` new: it becomes an event; decide: an operator has to choose; here: it is recorded."""

    line: Annotated[int, Meta(ge=0, le=100_000, description="of what was pasted, from 1")]
    kind: DeskKind
    status: DeskStatus
    reason: DeskReason | None = None
    name: Annotated[str, Meta(max_length=MAX_NAME, description="who wrote it, as written")] = ""
    person: Annotated[str, Meta(max_length=128, description="the platform's id of the person")] = ""
    code: Annotated[str, Meta(max_length=128)] = ""
    mention: Annotated[str, Meta(max_length=128)] = ""
    referrer: Annotated[str, Meta(max_length=512, description="the name of the promoter")] = ""
    by: Annotated[str, Meta(max_length=128, description="of a tag: the platform's id of the promoter")] = ""
    post: Annotated[str, Meta(max_length=64)] = ""
    hashtags: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=30)] = ()
    choices: Annotated[tuple[Annotated[str, Meta(max_length=128)], ...], Meta(max_length=10)] = ()
    written: Annotated[str, Meta(max_length=64, description="what a similar code was read from")] = ""
    proof: Annotated[str, Meta(max_length=32, description="the code of the join page that was said")] = ""
    event: Annotated[str, Meta(max_length=64, description="the id of its event, once that is recorded")] = ""
    occurred_at: Timestamp | None = None
    known_at: Annotated[Timestamp | None, Meta(description="since when it is here, or since when the code counts")] = (
        None
    )
    known_line: Annotated[int, Meta(ge=0, le=100_000, description="the line of the same paste that it repeats")] = 0


def names_evidence(row: DeskRow) -> bool:
    """Whether a follow names who referred the person."""
    return bool(row.code or row.mention)
