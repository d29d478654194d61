"""Response structs of lines that were set aside."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from conversion_tracker.rejected.store import Letter, LetterPlace
from referral.http.paging import Page
from referral.http.responses import Timestamp

LetterStatus = Literal["waiting", "processed"]


class SourcePlace(Struct):
    """The place of the line on the topic that its fold reads."""

    topic: Annotated[str, Meta(examples=["conversions"])]
    partition: int
    offset: int
    line: Annotated[int, Meta(description="number of the line within its record, from 0")]


class RejectedLine(Struct):
    """A line that a fold set aside for a program."""

    id: Annotated[str, Meta(description="id of the dead letter", examples=["rej_1743_0"])]
    status: Annotated[LetterStatus, Meta(description="`waiting` until a replay was decided by the fold")]
    fold: Annotated[str, Meta(examples=["decide"])]
    reason: Annotated[
        str,
        Meta(
            description="`decision_failed`: the rules cannot process it; `earlier_line_waits`: an earlier line of the same state"
            " was set aside",
            examples=["decision_failed"],
        ),
    ]
    detail: Annotated[str, Meta(examples=["OverflowError: date value out of range"])]
    recorded_at: Annotated[Timestamp, Meta(description="when the line was recorded")]
    type: Annotated[str | None, Meta(description="the type of the line", examples=["conversion.cleared"])]
    source: SourcePlace


class RejectedPage(Page[RejectedLine]):
    """A page of lines that were set aside, the earliest first. It may have fewer entries than the limit, even none."""


class RejectedDetail(RejectedLine):
    """A line that was set aside, with its content."""

    content: Annotated[
        dict[str, Any] | None, Meta(description="the line itself; null without scope `admin`, as it may contain codes")
    ]


class RejectedReplay(Struct):
    """What a replay has written to the log; the folds decide it within seconds."""

    id: Annotated[str | None, Meta(description="id of the retries on the log; null if none was written")]
    replayed: Annotated[int, Meta(description="how many lines go through their fold again")]
    already_processed: Annotated[int, Meta(description="how many did not wait any more; they are left as they are")]
    next_cursor: Annotated[
        str | None, Meta(description="Send it as `cursor` to replay those after these; null at the end.")
    ]
    at: Timestamp


def letter_id(place: LetterPlace) -> str:
    """The id of a dead letter."""
    return f"rej_{place.offset}_{place.line}"


def rejected_line(letter: Letter) -> RejectedLine:
    """The response of a dead letter in a list."""
    return RejectedLine(**_fields(letter))


def rejected_detail(letter: Letter, *, with_content: bool) -> RejectedDetail:
    """The response of one dead letter."""
    return RejectedDetail(**_fields(letter), content=_content(letter) if with_content else None)


def _fields(letter: Letter) -> dict[str, Any]:
    one = letter.rejected
    return {
        "id": letter_id(letter.place),
        "status": "waiting" if letter.waits else "processed",
        "fold": one.fold,
        "reason": one.reason,
        "detail": one.detail,
        "recorded_at": one.occurred_at,
        "type": (_content(letter) or {}).get("type"),
        "source": SourcePlace(one.topic, one.partition, one.offset, one.line),
    }


def _content(letter: Letter) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(letter.rejected.payload, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
