"""Refusals of the ledger as problems: what was refused, why, and what to do."""

from typing import assert_never

from referral.events.redemptions import RefusalReason
from referral.http.problems import Problem


def redemption_refused(what: str, reason: RefusalReason, used_for: str | None = None) -> Problem:
    """Returns the 409 for a request to use `what` ("Reward rwd_…"), or to change a redemption, that the ledger refused."""
    return Problem(409, reason, f"{what} {refusal_text(reason, used_for)}.")


def refusal_text(reason: RefusalReason, used_for: str | None) -> str:  # noqa: C901, PLR0911, PLR0912 - a table
    """Returns why the ledger refused a request, to be put after what was refused."""
    match reason:
        case "already_redeemed":
            return f"was already used for order {used_for}"
        case "not_redeemable":
            return "cannot be used: it is not fulfilled, or an operator holds it"
        case "revoked":
            return "was revoked"
        case "expired":
            return "has expired"
        case "unknown":
            return "is unknown to the ledger"
        case "held_for_order":
            return "is held for another order: wait until its hold is captured, released or over"
        case "insufficient":
            return "has less left than `amount`; GET its balance or reward to see how much"
        case "not_divisible":
            return "is used as a whole: omit `amount`"
        case "not_held":
            return "is not held: the hold was captured, released or is over"
        case "not_redeemed":
            return "is not used: it was reversed already, or only held"
        case "already_refunded":
            return "was given back for this refund already"
        case "not_returned":
            return "was not given back"
        case "too_many_refunds":
            return "has too many refunds; reverse it as a whole"
        case "too_many_uses":
            return "was used too many times in parts; reverse one, or use another reward"
        case "too_many_lots":
            return "has too many small credits for one use: use it in parts"
        case _:
            assert_never(reason)
