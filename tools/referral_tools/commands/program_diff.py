"""`referral program diff`: the differences between two program files, a file and the applied version, or two versions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from link_issuer.domain.program_changes import ProgramChange, program_changes
from referral.events.program import Program
from referral.events.section import with_defaults
from referral_tools.commands.program_diff_text import describe_changes
from referral_tools.commands.program_file import load_program_file
from referral_tools.commands.program_service import ProgramVersionAnswer, list_versions
from referral_tools.service_client import ServiceClient, service_options

_VERSION = re.compile(r"(prg_[a-z0-9_]+)(?:@([1-9][0-9]*|newest))?")
_FORMS = "a program file, or PROGRAM@VERSION of a running system, such as prg_glow@3 or prg_glow@newest"


@dataclass(frozen=True, slots=True)
class ComparedProgram:
    """A program to compare, and its label. For a file, `version` is None and `since` its effective_from, if it has one."""

    label: str
    program: Program
    version: int | None
    since: datetime | None


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@service_options("read", required=False)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def diff(old: str, new: str | None, url: str, key: str | None, as_json: bool) -> None:
    """Print the differences from OLD to NEW, section by section.

    Each is a program file, or PROGRAM@VERSION of a running system (prg_glow@3, prg_glow@newest). A file alone is compared with
    the newest applied version; a version alone is compared with the newest one.
    """
    service = ServiceClient(url, key) if key else None
    before, after = _sides(old, new, service)
    found = program_changes(before.program, after.program)
    click.echo(_json(before, after, found) if as_json else _text(before, after, found))


def _sides(old: str, new: str | None, service: ServiceClient | None) -> tuple[ComparedProgram, ComparedProgram]:
    """The older and the newer program; a file alone is the newer one, a version alone the older one."""
    if new is not None:
        return _side(old, service), _side(new, service)
    first = _side(old, service)
    newest = _version(first.program.id, "newest", service)
    return (newest, first) if first.version is None else (first, newest)


def _side(name: str, service: ServiceClient | None) -> ComparedProgram:
    match = _VERSION.fullmatch(name)
    if Path(name).is_file():
        _, checked, program = load_program_file(Path(name), advise=False)
        return ComparedProgram(name, program, None, checked.effective_from)
    if match is None:
        raise click.ClickException(f"{name} is neither a file nor a version: write {_FORMS}")
    return _version(match[1], match[2] or "newest", service)


def _version(program: str, which: str, service: ServiceClient | None) -> ComparedProgram:
    if service is None:
        raise click.ClickException(
            f"the versions of {program} are in the running system: give --key (or REFERRAL_KEY), and --url if it is not local"
        )
    listed = list_versions(service, program)
    found = [one for one in listed if which in ("newest", str(one.version))][:1]
    if not found:
        raise click.ClickException(f"{program} has no version {which}: its versions are 1 to {listed[0].version}")
    return _of_service(found[0])


def _of_service(one: ProgramVersionAnswer) -> ComparedProgram:
    return ComparedProgram(f"version {one.version}", one.program, one.version, one.effective_from)


def _text(before: ComparedProgram, after: ComparedProgram, found: Sequence[ProgramChange]) -> str:
    head = f"{after.program.id}: {before.label} → {after.label}"
    if not found:
        return f"{head}\nThe rules are the same."
    return f"{head}\n{_effective_line(before, after)}\n{describe_changes(found)}"


def _effective_line(before: ComparedProgram, after: ComparedProgram) -> str:
    """From when on the new rules apply; they never apply to earlier events."""
    since = f"{after.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if after.since else "the time they are applied"
    return f"The new rules apply from {since}; earlier events keep those of {before.label}."


def _json(before: ComparedProgram, after: ComparedProgram, found: Sequence[ProgramChange]) -> str:
    content = {"from": _source_json(before), "to": _source_json(after), "changes": [_change_json(one) for one in found]}
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def _source_json(side: ComparedProgram) -> dict[str, object]:
    return {
        "source": side.label,
        "program": side.program.id,
        "version": side.version,
        "effective_from": side.since,
    }


def _change_json(change: ProgramChange) -> dict[str, object]:
    return {
        "section": change.section,
        "kind": change.kind,
        "name": change.name,
        "pointer": change.pointer,
        "before": with_defaults(change.before),
        "after": with_defaults(change.after),
    }
