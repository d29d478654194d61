"""Reads a replay's request: its period, and its rules, the content of a program file as JSON, validated as by PUT /v1/programs."""

from typing import TypedDict

from marshmallow import ValidationError, fields, validate

from referral.events.program import Program
from referral.http.json_body import decode_json
from referral.http.problems import Problem
from referral.program_file.check import ProgramFileTooLarge, check_program_file, require_program_size
from referral.validation.mistakes import Mistake, count_of_mistakes, first_mistakes
from referral.validation.strict_schema import StrictSchema

MAX_DAYS = 3650


class Period(TypedDict):
    """The decoded query of a replay."""

    days: int | None


class PeriodQuery(StrictSchema):
    """What is compared."""

    days = fields.Integer(
        load_default=None,
        validate=validate.Range(1, MAX_DAYS, error="Must be from {min} to {max}; got {input}."),
        metadata={"description": "compare what happened in the last days; left out: everything recorded"},
    )


def read_days(text: str | None) -> int | None:
    """The days of a period as in the query of a request; None: everything. Raises Problem 422."""
    try:
        period: Period = PeriodQuery().load({"days": text} if text else {})
    except ValidationError as error:
        detail = f"`days` must be a whole number from 1 to {MAX_DAYS:,}; got {(text or '')[:20]!r}."
        raise Problem(422, "invalid", detail) from error
    return period["days"]


def read_rules(body: bytes, mimetype: str, program: str) -> Program:
    """The program of a body. Raises Problem: 400 invalid JSON, 413 too large, 415 another media type, 422 mistakes.

    A replay applies the rules from the beginning, so `effective_from` has no effect.
    """
    if mimetype != "application/json":
        raise Problem(
            415,
            "unsupported_media_type",
            f"Send the program file's content with Content-Type application/json, not {mimetype or 'without any'}.",
        )
    try:
        require_program_size(len(body))
        document = decode_json(body)
    except ProgramFileTooLarge as error:
        raise Problem(413, "too_large", f"{error}.") from error
    checked = check_program_file(document)
    mistakes = [*checked.mistakes, *_other_program(document, program)]
    if mistakes or checked.program is None:
        raise _invalid(*first_mistakes(mistakes, checked.omitted))
    return checked.program


def _other_program(document: object, program: str) -> list[Mistake]:
    """A replay applies a program's rules to its own events."""
    id_ = document.get("id") if isinstance(document, dict) else None
    if not isinstance(id_, str) or id_ == program:
        return []
    return [
        Mistake("/id", f"must be {program}, as in the URL; got {id_:.64}: a program is replayed over its own events")
    ]


def _invalid(mistakes: list[Mistake], omitted: int) -> Problem:
    count = count_of_mistakes(len(mistakes), omitted)
    detail = f"The rules have {count}; nothing was replayed. `referral program check` names the line of each."
    return Problem(422, "invalid", detail, [{"pointer": one.pointer, "detail": one.detail} for one in mistakes])
