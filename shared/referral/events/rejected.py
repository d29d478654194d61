"""Lines that a fold could not process, in `referral.rejected`, and the lines that put them through their fold again."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from referral.events.line import Id, Line, Name, Timestamp

RejectionReason = Literal["unreadable", "decision_failed", "earlier_line_waits"]
ProgramName = Annotated[str, Meta(max_length=64)]
StateKey = Annotated[str, Meta(max_length=1024)]


class LineRejected(Line, frozen=True, kw_only=True, tag="line.rejected"):
    """A line that a fold could not process: its log position, the reason, and the line itself (base64 of its bytes).

    `program` is whose rules could not process it; empty if the bytes could not be decoded. `timer` is the state that was due,
    for a clock tick. `earlier_line_waits`: an earlier line of the same state was set aside, and this one keeps its place.
    """

    fold: Name
    topic: Name
    partition: int
    offset: int
    line: int
    reason: RejectionReason
    detail: str
    payload: bytes
    program: ProgramName = ""
    timer: StateKey = ""


class LineRetried(Line, frozen=True, kw_only=True, tag="line.retried"):
    """A line that was set aside, for its fold alone and on its own partition: the fold decides it again, once.

    `offset`, `line` and `recorded_at` are its first position, `payload` its bytes; other folds of the topic pass it over.
    """

    id: Id
    program: ProgramName
    fold: Name
    offset: int
    line: int
    recorded_at: Timestamp
    payload: bytes
    timer: StateKey = ""


def retry_of(letter: LineRejected, id: str, at: datetime) -> LineRetried:
    """The line that puts a dead letter through its fold again; it belongs on the letter's topic and partition."""
    return LineRetried(
        occurred_at=at,
        id=id,
        program=letter.program,
        fold=letter.fold,
        offset=letter.offset,
        line=letter.line,
        recorded_at=letter.occurred_at,
        payload=letter.payload,
        timer=letter.timer,
    )
