"""docs/programs.md: every field of a program file, from its declaration, and the table of advice."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from link_issuer.domain.advice.catalogue import RULES
from referral.events.section import Section
from referral.validation.struct_schema import FieldDeclaration, field_declarations
from referral_tools.commands.program_sections import BASICS, FIELDS, SECTIONS, heading

Row: TypeAlias = tuple[str, str, str]
EXAMPLE = Path(__file__).resolve().parents[3] / "examples/programs/glow.yaml"

_INTRO = """\
A program is everything a growth team decides, in one YAML file (or the same as JSON). [glow.yaml](../examples/programs/glow.yaml)
uses every section but caps and adapters; the excerpts below are its own.
[monthly-prizes.yaml](../examples/programs/monthly-prizes.yaml) pays prizes of boards and draws;
[shop-rewards.yaml](../examples/programs/shop-rewards.yaml) pays for orders, with tiers, conditions and a budget;
[redemption](redemption.md) has what such a shop reports.

```sh
referral program check glow.yaml           # what is wrong, line by line, and what a growth expert would do better
referral program apply glow.yaml           # make it the program's next version (--dry-run only shows the result)
referral program versions prg_glow         # the versions, the newest first, with what each changed
referral program diff glow.yaml            # what differs from the newest version that is applied
referral program diff old.yaml new.yaml    # ... between two files
referral program diff prg_glow@1 prg_glow@3 --json   # ... between two versions, for a program to read
```

`apply`, `versions` and `diff` with applied versions call the running system (`--url`, `--key`, or `REFERRAL_URL`, `REFERRAL_KEY`);
over HTTP it is `PUT /v1/programs/{id}` (`?dry_run=true`), `GET /v1/programs/{id}` and `GET /v1/programs/{id}/versions`.
In the console, the [studio](studio.md) does the same by a form or by YAML.

**Strict.** Unknown fields are refused, and so are values that contradict each other: an id that is used twice, an experiment with a
call to action that its item does not have, a partner or kit on a channel where the program does not run, dates out of order. One
answer lists all mistakes (the first 100 of more), each with a JSON pointer; `check` adds the line in the file. Replays validate
rules in the same way.

**Bounded.** A file has at most 256 KB, and in YAML at most 20,000 keys and values. Every number, text, list and mapping has an
upper bound, so that no rule exceeds what dates and amounts can express; the tables below name it, `/openapi.json` has them all.

**Versions.** Applying different rules creates the next version; applying the same rules changes nothing. A version applies from
`effective_from` on, which is never in the past: earlier events keep the rules that were in effect, and these are never changed.\
"""

_ADVICE = """\
What `check` prints beside mistakes, and `PUT` returns under `warnings` as `{code, pointer, detail}`. A program with warnings is
accepted: they are advice. Texts are analysed in Chinese and English; the word lists are in
[text_patterns.py](../services/link-issuer/link_issuer/domain/advice/text_patterns.py).\
"""


def programs(made: str) -> str:
    """docs/programs.md; `made` is the line that names its source."""
    basics = [one for name, one in FIELDS.items() if name not in SECTIONS]
    return (
        "\n\n".join(
            [
                "# Programs",
                made,
                _INTRO,
                f"## {BASICS}",
                _table(_rows(basics, "")),
                *map(_section, SECTIONS.values()),
                "## Advice",
                _ADVICE,
                _rules(),
            ]
        )
        + "\n"
    )


def _section(section: FieldDeclaration) -> str:
    meta = section.value.meta
    rows = _inner_rows(section, "") or [(f"`{section.name}`", "—", section.value.text)]
    parts = [f"## {heading(section)}", meta["why"], _table(rows), f"*What the system does with it:* {meta['use']}"]
    return "\n\n".join([*parts, *_excerpt(section.name)])


def _rows(declared: Iterable[FieldDeclaration], place: str) -> list[Row]:
    """A row for each field, followed by those of the section inside it."""
    rows: list[Row] = []
    for one in declared:
        default = "required" if one.required else _plain(one.default)
        rows += [(f"`{place}{one.name}`", default, one.value.text), *_inner_rows(one, place)]
    return rows


def _inner_rows(section: FieldDeclaration, place: str) -> list[Row]:
    struct = section.value.struct
    deeper = f"{place}{section.name}[]." if section.value.is_list else f"{place}{section.name}."
    return [] if struct is None else _rows(field_declarations(struct), deeper)


def _plain(default: object) -> str:
    """A default as it is written in the file; a dash for empty values."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Section):
        return "as below"
    if isinstance(default, tuple) and default:
        return f"[{', '.join(map(str, default))}]"
    return str(default) if isinstance(default, str | int) else "—"


def _table(rows: Iterable[Row]) -> str:
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
