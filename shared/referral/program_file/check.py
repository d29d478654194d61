"""Validates the content of a program file: the program, or every mistake in it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from marshmallow import ValidationError

from referral.events.program import Program, ProgramFile
from referral.program_file.cross_field_rules import cross_field_mistakes
from referral.validation.mistakes import Mistake, mistakes_in
from referral.validation.struct_schema import struct_schema

ProgramFileSchema = struct_schema(ProgramFile)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The program and when its rules take effect, or the mistakes, in the order of their pointers."""

    program: Program | None = None
    effective_from: datetime | None = None
    mistakes: list[Mistake] = field(default_factory=list)


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
        return CheckResult(mistakes=sorted(mistakes))
    effective_from = loaded.pop("effective_from", None)
    return CheckResult(msgspec.convert(loaded, Program), effective_from)
