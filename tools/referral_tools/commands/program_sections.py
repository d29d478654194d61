"""The sections of a program file as people read about them: in docs/programs.md and in `referral program diff`."""

from referral.events.program import ProgramFile
from referral.validation.struct_schema import FieldDeclaration, field_declarations

BASICS = "The program"
FIELDS = {one.name: one for one in field_declarations(ProgramFile)}
SECTIONS = {name: one for name, one in FIELDS.items() if "title" in one.value.meta}
"""The fields of a program that have a heading of their own, in the order of the docs."""


def title(field: str) -> str:
    """The heading of a field of the program."""
    return heading(SECTIONS[field]) if field in SECTIONS else BASICS


def heading(section: FieldDeclaration) -> str:
    """The heading of a section."""
    return str(section.value.meta["title"])
