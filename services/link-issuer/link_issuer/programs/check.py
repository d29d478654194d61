"""Checks what a program file says, whatever form it came in: every mistake in one answer, or the program."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from marshmallow import ValidationError

from link_issuer.domain.advice.advice_rule import Advice
from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.programs.schema import ProgramFile
from referral.events.program import Program
from referral.validation.mistakes import Mistake, mistakes_in


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on a file: the program where there are no mistakes, and what could be better."""

    program: Program | None = None
    effective_from: datetime | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Advice] = field(default_factory=list)


def check(content: object) -> Checked:
    """The verdict on what a file holds: mappings, lists, strings, numbers and booleans."""
    try:
        loaded: dict[str, Any] = ProgramFile().load(content)  # type: ignore[arg-type]
    except ValidationError as error:
        return Checked(mistakes=sorted(mistakes_in(error.messages)))
    effective_from = loaded.pop("effective_from", None)
    program = msgspec.convert(loaded, Program)
    return Checked(program, effective_from, [], find_advice(program))


def spelled_out(value: object) -> object:
    """A program or a part of it as JSON that also says the defaults of what was left out, where there are any."""
    if isinstance(value, msgspec.Struct):
        given = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: spelled_out(part) for name, part in given.items() if part not in (None, {})}
    return [spelled_out(part) for part in value] if isinstance(value, tuple) else value
