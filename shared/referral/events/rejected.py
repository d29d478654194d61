"""Dead letters, in `referral.rejected`: lines that could not be decoded or decided, with their bytes and the reason."""

from typing import Literal

from referral.events.line import Line, Name

RejectionReason = Literal["unreadable", "decision_failed"]


class LineRejected(Line, frozen=True, kw_only=True, tag="line.rejected"):
    """A line that a fold could not process: its log position, the reason, and the line itself (base64 of its bytes)."""

    fold: Name
    topic: Name
    partition: int
    offset: int
    line: int
    reason: RejectionReason
    detail: str
    payload: bytes
