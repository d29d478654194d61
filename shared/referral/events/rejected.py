"""Dead letters: what could not be read or decided, with its bytes and the reason. In `referral.rejected`."""

from typing import Literal

from referral.events.line import Line, Name

RejectionReason = Literal["unreadable", "decision_failed"]


class LineRejected(Line, frozen=True, kw_only=True, tag="line.rejected"):
    """A line that a fold could not take: where it stood, why, and the line itself (base64 of its bytes)."""

    fold: Name
    topic: Name
    partition: int
    offset: int
    line: int
    reason: RejectionReason
    detail: str
    payload: bytes
