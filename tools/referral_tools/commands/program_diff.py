"""`referral program diff`: what differs between two program files, a file and what is applied, or two versions."""

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
from referral_tools.commands.program_diff_text import describe
from referral_tools.commands.program_file import load_program_file
from referral_tools.commands.program_service import Applied, versions_of
from referral_tools.service_client import ServiceClient, service_options

_VERSION = re.compile(r"(prg_[a-z0-9_]+)(?:@([1-9][0-9]*|newest))?")
_FORMS = "a program file, or PROGRAM@VERSION of a running system, such as prg_glow@3 or prg_glow@newest"


@dataclass(frozen=True, slots=True)
class Side:
    """A program to compare, and what to call it; of a file, `version` is none and `since` what it says, if anything."""

    label: str
    program: Program
    version: int | None
    since: datetime | None


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@service_options("read", required=False)
@click.option("--json", "as_json", is_flag=True, help="as JSON, one object")
def diff(old: str, new: str | None, url: str, key: str | None, as_json: bool) -> None:
    """Say what differs from OLD to NEW, section by section.

    Each is a program file, or PROGRAM@VERSION of a running system (prg_glow@3, prg_glow@newest). With a file alone, it is
    compared with the newest version that is applied; with a version alone, the newest with it.
    """
    service = ServiceClient(url, key) if key else None
    before, after = _sides(old, new, service)
    found = program_changes(before.program, after.program)
    click.echo(_json(before, after, found) if as_json else _text(before, after, found))


def _sides(old: str, new: str | None, service: ServiceClient | None) -> tuple[Side, Side]:
    """What to compare; a file alone is the newer side, a version alone the older one."""
    if new is not None:
        return _side(old, service), _side(new, service)
    first = _side(old, service)
    newest = _version(first.program.id, "newest", service)
    return (newest, first) if first.version is None else (first, newest)


def _side(name: str, service: ServiceClient | None) -> Side:
    match = _VERSION.fullmatch(name)
    if Path(name).is_file():
        _, verdict, program = load_program_file(Path(name), advise=False)
        return Side(name, program, None, verdict.effective_from)
    if match is None:
        raise click.ClickException(f"{name} is no file and no version: write {_FORMS}")
    return _version(match[1], match[2] or "newest", service)


def _version(program: str, which: str, service: ServiceClient | None) -> Side:
    if service is None:
        raise click.ClickException(
            f"{program}'s versions are the running system's: give --key (or REFERRAL_KEY), and --url where it is not local"
        )
    listed = versions_of(service, program)
    found = [one for one in listed if which in ("newest", str(one.version))][:1]
    if not found:
        raise click.ClickException(f"{program} has no version {which}: its versions are 1 to {listed[0].version}")
    return _of_service(found[0])


def _of_service(one: Applied) -> Side:
    return Side(f"version {one.version}", one.program, one.version, one.effective_from)


def _text(before: Side, after: Side, found: Sequence[ProgramChange]) -> str:
    head = f"{after.program.id}: {before.label} → {after.label}"
    if not found:
        return f"{head}\nThe rules are the same."
    return f"{head}\n{_when(before, after)}\n{describe(found)}"


def _when(before: Side, after: Side) -> str:
    """From when on the new rules count, which is never for what happened before."""
    since = f"{after.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if after.since else "the moment they are applied"
    return f"The new rules count from {since}; what happened before keeps those of {before.label}."


def _json(before: Side, after: Side, found: Sequence[ProgramChange]) -> str:
    content = {"from": _facts(before), "to": _facts(after), "changes": [_fields(one) for one in found]}
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def _facts(side: Side) -> dict[str, object]:
    return {
        "source": side.label,
        "program": side.program.id,
        "version": side.version,
        "effective_from": side.since,
    }


def _fields(change: ProgramChange) -> dict[str, object]:
    return {
        "section": change.section,
        "kind": change.kind,
        "name": change.name,
        "pointer": change.pointer,
        "before": with_defaults(change.before),
        "after": with_defaults(change.after),
    }
