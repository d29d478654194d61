"""Validates the content of a program file: the program, or every mistake in it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from marshmallow import ValidationError

from referral.events.program import Program, ProgramFile
from referral.program_file.cross_field_rules import cross_field_mistakes
from referral.validation.mistakes import Mistake, first_mistakes, mistakes_in
from referral.validation.struct_schema import struct_schema

ProgramFileSchema = struct_schema(ProgramFile)
MAX_PROGRAM_BYTES = 256 * 1024


class ProgramFileTooLarge(ValueError):
    """The file has more bytes than a program file may have; the message names the limit."""


def require_program_size(size: int) -> None:
    """Refuses a file of more than MAX_PROGRAM_BYTES bytes, before it is read. Raises ProgramFileTooLarge."""
    if size > MAX_PROGRAM_BYTES:
        raise ProgramFileTooLarge(
            f"the program file has {size:,} bytes; the maximum is {MAX_PROGRAM_BYTES:,} (256 KB): shorten texts and lists"
        )


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The program and when its rules take effect, or the mistakes, in the order of their pointers.

    At most the first MAX_MISTAKES are listed; `omitted` is how many more there are.
    """

    program: Program | None = None
    effective_from: datetime | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    omitted: int = 0


def check_program_file(document: object) -> CheckResult:
    """Validates what a file holds: mappings, lists, strings, numbers and booleans."""
    loaded: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    try:
        loaded = ProgramFileSchema().load(document)  # type: ignore[arg-type] # load refuses other types
    except ValidationError as error:
        mistakes = list(mistakes_in(error.messages))
    mistakes += cross_field_mistakes(document, [one.pointer for one in mistakes])
    if mistakes:
        listed, omitted = first_mistakes(mistakes)
        return CheckResult(mistakes=listed, omitted=omitted)
    effective_from = loaded.pop("effective_from", None)
    return CheckResult(msgspec.convert(loaded, Program), effective_from)
