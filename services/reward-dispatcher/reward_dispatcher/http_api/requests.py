"""Request bodies and query parameters of this API. Unknown fields are errors."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from referral.events.currencies import CURRENCY_CODES
from referral.events.money import MAX_AMOUNT, POINTS
from referral.events.normal_forms import normalize_code
from referral.events.value_checks import InvalidValue, legible
from referral.http.paging import PageQuery
from reward_dispatcher.domain.uploaded_codes import MAX_CODE, MAX_LINE
from reward_dispatcher.folds.state_keys import CLAWED_BACK, LISTED_STATES

MAX_VOID_CODES = 1000
_ID = validate.Length(min=1, max=64)
_MAX_TYPED_CODE = 256  # with white space and punctuation around it, which do not count
_CLIENT = {
    "description": "the shop's own opaque id of the shopper who typed the code, so that one who guesses codes slows no other"
}
_WHICH_PROGRAM = {"description": "needed only if two programs have the same code"}


def _typed_code(code: str) -> None:
    """Refuses a text without a code."""
    if not 1 <= len(code) <= _MAX_TYPED_CODE or not 1 <= len(normalize_code(code)) <= MAX_CODE:
        raise ValidationError(f"must be a code of 1 to {MAX_CODE} characters")


def _legible(text: str) -> None:
    """Refuses control characters: answers and pages quote the text."""
    try:
        legible(text)
    except InvalidValue as error:
        raise ValidationError(str(error)) from error


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("must not be blank")


class RedemptionRequest(Schema):
    """What to use (a reward by its code or id, or a person's credit), how much of it, and the order it is used for."""

    code = fields.Str(
        validate=_typed_code,
        metadata={"description": "in any case; white space, quotes and punctuation around it do not count"},
    )
    reward_id = fields.Str(validate=_ID)
    person = fields.Str(
        validate=validate.Length(min=1, max=128),
        metadata={
            "description": "of a balance: the platform's id or the person id; needs `program`, `unit` and `amount`"
        },
    )
    unit = fields.Str(
        validate=validate.OneOf(sorted((*CURRENCY_CODES, POINTS))),
        metadata={"description": "of a balance: an ISO 4217 code, or points", "examples": ["CNY"]},
    )
    amount = fields.Int(
        strict=True,
        validate=validate.Range(min=1, max=MAX_AMOUNT),
        metadata={"description": "in minor units (fen, cents) or points; without it all that is left of the reward"},
    )
    order_id = fields.Str(
        required=True, validate=[_ID, _legible], metadata={"description": "the shop's own id of the order"}
    )
    program = fields.Str(validate=_ID, metadata=_WHICH_PROGRAM)
    client = fields.Str(validate=_ID, metadata=_CLIENT)

    @validates_schema
    def check_one_of_them(self, data: dict[str, object], **_: object) -> None:
        """Exactly one of code, reward_id and person, the last with program and unit."""
        if sum(name in data for name in ("code", "reward_id", "person")) != 1:
            raise ValidationError("Send one of code, reward_id and person.", "code")
        for name in ("program", "unit"):
            if "person" in data and name not in data:
                raise ValidationError("Required with `person`.", name)


class HoldRequest(RedemptionRequest):
    """What to hold, for which order, and for how long."""

    seconds = fields.Int(
        strict=True,
        load_default=900,
        validate=validate.Range(min=60, max=86_400),
        metadata={"description": "how long it is held if it is neither captured nor released, at most a day"},
    )


class CaptureRequest(Schema):
    """How much of a hold to use."""

    amount = fields.Int(
        strict=True,
        validate=validate.Range(min=1, max=MAX_AMOUNT),
        metadata={"description": "in minor units or points; without it all that is held"},
    )


class OrderRefundRequest(Schema):
    """A refund of the order that a redemption was for, and what was paid for the order, both in one minor unit."""

    refund_id = fields.Str(
        required=True, validate=[_ID, _legible], metadata={"description": "the shop's own id: each refund counts once"}
    )
    amount = fields.Int(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=MAX_AMOUNT),
        metadata={"description": "how much is refunded, in minor units (fen, cents)"},
    )
    order_amount = fields.Int(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=MAX_AMOUNT),
        metadata={"description": "what was paid for the order, in the same unit"},
    )

    @validates_schema
    def check_part(self, data: dict[str, int], **_: object) -> None:
        """A refund is at most the order."""
        if data["amount"] > data["order_amount"]:
            raise ValidationError("Must not be more than `order_amount`.", "amount")


class NoFields(Schema):
    """A body without fields."""


class RewardActionRequest(Schema):
    """Who decides, and why."""

    by = fields.Str(
        required=True,
        validate=[validate.Length(1, 128), _legible, _not_blank],
        metadata={
            "description": "who decided: a name or an address that colleagues know",
            "examples": ["lin@glow.example"],
        },
    )
    note = fields.Str(
        load_default="",
        validate=[validate.Length(max=512), _legible],
        metadata={"description": "why, for later readers", "examples": ["posted the thank-you on 3 May"]},
    )


class TasksQuery(PageQuery):
    """Which of the waiting rewards to list."""

    status = fields.Str(
        validate=validate.OneOf(("held", CLAWED_BACK)),
        metadata={"description": "`clawed_back`: used, and revoked afterwards; both without it"},
    )
    hold_reason = fields.Str(
        validate=validate.OneOf([state for state in LISTED_STATES if state != CLAWED_BACK]),
        metadata={"description": "what they are held for; every reason but `holding_period` without it"},
    )


class CodeQuery(Schema):
    """The program of the code, and who asks."""

    program = fields.Str(validate=_ID, metadata=_WHICH_PROGRAM)
    client = fields.Str(validate=_ID, metadata=_CLIENT)


class UploadQuery(Schema):
    """How a table of codes is read."""

    column = fields.Str(
        validate=validate.Length(1, 128),
        metadata={
            "description": "of CSV: the name of the column with the codes (then the first line is a header), or its number from 1;"
            " otherwise the first column"
        },
    )


class VoidCodesRequest(Schema):
    """Codes of a pool that must never be given."""

    codes = fields.List(
        fields.Str(validate=validate.Length(1, MAX_LINE)), required=True, validate=validate.Length(1, MAX_VOID_CODES)
    )
