"""docs/programs.md: every section of a program file, from the schema's own descriptions, and the table of advice."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
from marshmallow import Schema, fields

from link_issuer.domain.advice.catalogue import RULES
from link_issuer.programs.schema import ProgramFile
from link_issuer.programs.sections import BASICS, SECTIONS
from referral.events.program import Program
from referral.events.section import Section

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/programs/glow.yaml"

_INTRO = """\
A program is everything a growth team decides, in one YAML file (or the same as JSON). [glow.yaml](../examples/programs/glow.yaml)
uses every section but caps; the excerpts below are its own.

```sh
referral program check glow.yaml           # what is wrong, line by line, and what a growth expert would do better
referral program apply glow.yaml           # make it the program's next version (--dry-run asks what would happen)
referral program versions prg_glow         # the versions, the newest first, with what each changed
referral program diff glow.yaml            # what differs from the newest version that is applied
referral program diff old.yaml new.yaml    # ... between two files
referral program diff prg_glow@1 prg_glow@3 --json   # ... between two versions, for a program to read
```

`apply`, `versions` and `diff` with applied versions ask link-issuer (`--url` or `REFERRAL_PUBLIC_URL`, `--key` or `REFERRAL_KEY`);
over HTTP it is `PUT /v1/programs/{id}` (`?dry_run=true`), `GET /v1/programs/{id}` and `GET /v1/programs/{id}/versions`.

**Strict.** A field that is not known is refused, and so is anything that does not fit together: ids that stand twice, an experiment
with a call to action that its item has not, a partner or kit on a channel where the program does not run, dates out of order. All
mistakes come in one answer, each with a JSON pointer, and with the line of the file where `check` says it.

**Versions.** Applying other rules makes the next version; the same rules change nothing. A version counts from `effective_from` on,
which is never in the past: what happened before keeps the rules it happened under, and what took effect is never changed.\
"""

_ADVICE = """\
What `check` says beside mistakes, and `PUT` answers under `warnings` as `{code, pointer, detail}`. A program with warnings is
taken: they are advice. Texts are read in Chinese and English; the word lists are in
[text_patterns.py](../services/link-issuer/link_issuer/domain/advice/text_patterns.py).\
"""


def programs(made: str) -> str:
    """docs/programs.md; `made` is the line that says where it comes from."""
    whole = ProgramFile()
    named = {name: _schema(field) for name, field in whole.fields.items()}
    basics = {name: field for name, field in whole.fields.items() if name not in SECTIONS}
    return (
        "\n\n".join(
            [
                "# Programs",
                made,
                _INTRO,
                f"## {BASICS}",
                _table(_rows(basics, Program, "")),
                *[_section(name, named[name]) for name in SECTIONS],
                "## Advice",
                _ADVICE,
                _rules(),
            ]
        )
        + "\n"
    )


def _section(name: str, schema: Schema | None) -> str:
    section = SECTIONS[name]
    field = ProgramFile().fields[name]
    rows = [(f"`{name}`", "—", field.metadata["description"])] if schema is None else _of(schema, name, field)
    parts = [f"## {section.title}", section.why, _table(rows), f"*What the system does with it:* {section.use}"]
    return "\n\n".join([*parts, *_excerpt(name)])


def _of(schema: Schema, name: str, field: fields.Field[Any]) -> Iterator[tuple[str, str, str]]:
    part = _part(Program, name)
    return _rows(schema.fields, part, f"{name}[]." if isinstance(field, fields.List) else f"{name}.")


def _rows(given: dict[str, fields.Field[Any]], part: type[Section], place: str) -> Iterator[tuple[str, str, str]]:
    """A row for each field, and below it those of the sections inside it."""
    defaults = {one.name: one.default for one in msgspec.structs.fields(part)}
    for name, field in given.items():
        default = "required" if field.required else _plain(defaults.get(name))
        yield f"`{place}{name}`", default, str(field.metadata.get("description", ""))
        inner = _schema(field)
        if inner is not None:
            deeper = f"{place}{name}[]." if isinstance(field, fields.List) else f"{place}{name}."
            yield from _rows(inner.fields, _part(part, name), deeper)


def _schema(field: fields.Field[Any]) -> Schema | None:
    """The section that a field holds, one or a list of them."""
    inner = field.inner if isinstance(field, fields.List) else field
    found = inner.schema if isinstance(inner, fields.Nested) else None
    return found if isinstance(found, Schema) else None


def _part(part: type[Section], name: str) -> type[Section]:
    """The contract's type of a section."""
    [annotation] = [one.type for one in msgspec.structs.fields(part) if one.name == name]
    [found] = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, Section)]
    return found


def _plain(default: object) -> str:
    """A default as it is written in the file; sections and empty ones say nothing."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple) and default:
        return f"[{', '.join(map(str, default))}]"
    return str(default) if isinstance(default, str | int) else "—"


def _table(rows: Iterator[tuple[str, str, str]] | list[tuple[str, str, str]]) -> str:
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(["| field | if left out | what belongs there |", "|---|---|---|", *lines])


def _excerpt(name: str) -> list[str]:
    """The section as the example has it, without its comment lines."""
    found = re.search(rf"^{name}:.*\n(?:(?:[ #].*)?\n)*", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    if found is None:
        return []
    lines = [line for line in found[0].splitlines() if line.strip() and not line.startswith("#")]
    return ["\n".join(["```yaml", *lines, "```"])]


def _rules() -> str:
    rows = [f"| `{rule.name}` | {rule.pitfall} | {rule.fix} |" for rule in RULES]
    return "\n".join(["| name | the mistake | its fix |", "|---|---|---|", *rows])
