"""The differences between two programs in words, grouped by section."""

import re
from collections.abc import Iterable
from itertools import groupby

import click
import msgspec

from link_issuer.domain.program_changes import ProgramChange
from referral_tools.commands.program_sections import SECTIONS, title

_WORD = re.compile(r"[!-~]+")
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def describe_changes(found: Iterable[ProgramChange]) -> str:
    """A paragraph per section: what was added (+), removed (-) and changed (~), each with its JSON pointer."""
    ordered = sorted(found, key=lambda one: _rank(one.section))
    groups = groupby(ordered, key=lambda one: title(one.section))
    return "\n".join(
        f"\n{click.style(heading, bold=True)}\n" + "\n".join(map(_line, group)) for heading, group in groups
    )


def _rank(section: str) -> int:
    """The program's own fields first, then the sections in the order of the docs."""
    return [*SECTIONS].index(section) if section in SECTIONS else -1


def _line(change: ProgramChange) -> str:
    sign, color = _SIGNS[change.kind]
    return f"  {click.style(sign, fg=color)} {_field_text(change)}: {_change_text(change)}  {click.style(change.pointer, dim=True)}"


def _field_text(change: ProgramChange) -> str:
    """The field as the file names it; in a list of sections, the id of the section and its field."""
    named = change.name if change.section in SECTIONS and change.name else (change.section, *change.name)
    return ", ".join(f"no. {part}" if part.isdecimal() else part for part in named)


def _change_text(change: ProgramChange) -> str:
    match change.kind:
        case "added":
            return value_text(msgspec.to_builtins(change.after))
        case "removed":
            return value_text(msgspec.to_builtins(change.before))
        case _:
            return f"{value_text(msgspec.to_builtins(change.before))} → {value_text(msgspec.to_builtins(change.after))}"


def value_text(value: object) -> str:
    """A value as people read it, e.g. {"to": "referee", "percent": 20} → "to referee, percent 20"; phrases in quotes."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name} {value_text(part)}" for name, part in value.items() if name != "id") or "nothing"
        case list() | tuple():
            return ", ".join(map(value_text, value)) or "nothing"
        case str() if not _WORD.fullmatch(value):
            return f"“{value}”"
        case _:
            return str(value)
