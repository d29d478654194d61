"""What an e-mail that came back means for a mailbox. Pure.

Delivery reports are those of RFC 3464 (fields `Action` and `Status` of each recipient, with the codes of RFC 3463); complaints
those of RFC 5965.
"""

import re
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

ReturnOutcome = Literal["bounced", "complained", "temporary", "ignored"]
"""`bounced` and `complained` close the mailbox; `temporary` may pass; `ignored` says nothing about it."""
_CODE = re.compile(r"(?<![0-9.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_SUCCEEDED = frozenset({"delivered", "relayed", "expanded"})
_COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other"})
_PASSING: frozenset[tuple[int, int]] = frozenset({(2, 2), (2, 3), (3, 4), (4, 7)})
"""Subject and detail of codes that may pass, whatever their class: mailbox full, message too long for the mailbox or the system,
delivery time expired (RFC 3463, 3.3 to 3.5)."""


class RecipientStatus(Struct, frozen=True):
    """What a report says about one recipient: its fields `Action`, `Status` and `Diagnostic-Code`, empty if they are missing."""

    action: str = ""
    status: str = ""
    diagnostic: str = ""


class ReturnedVerdict(Struct, frozen=True):
    """What follows, and why: the code of the failure, the type of the complaint, or what the e-mail is in place of a report."""

    outcome: ReturnOutcome
    reason: str


def delivery_verdict(recipients: Iterable[RecipientStatus]) -> ReturnedVerdict:
    """The verdict on a delivery report: the worst of its recipients, since an e-mail of this system has only one."""
    verdicts = [_recipient_verdict(one) for one in recipients]
    order: tuple[ReturnOutcome, ...] = ("bounced", "temporary", "ignored")
    worst = min(verdicts, key=lambda one: order.index(one.outcome), default=None)
    return worst or ReturnedVerdict("ignored", "no_recipient")


def complaint_verdict(feedback_type: str) -> ReturnedVerdict:
    """The verdict on a complaint by its `Feedback-Type` (RFC 5965, 7.3); `not-spam` is none."""
    kind = feedback_type.strip().lower()
    return ReturnedVerdict("complained" if kind in _COMPLAINTS else "ignored", kind[:32] or "no_type")


def _recipient_verdict(recipient: RecipientStatus) -> ReturnedVerdict:
    action = recipient.action.strip().lower()
    code = _CODE.search(recipient.status) or _CODE.search(recipient.diagnostic)
    if action in _SUCCEEDED or code is None or code[1] == "2":
        is_failure = action in ("failed", "delayed")
        return ReturnedVerdict("temporary" if is_failure else "ignored", action[:32] or "no_action")
    is_lasting = code[1] == "5" and action != "delayed" and (int(code[2]), int(code[3])) not in _PASSING
    return ReturnedVerdict("bounced" if is_lasting else "temporary", code[0])
