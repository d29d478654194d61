"""`referral program`: checks a program file line by line, applies it over HTTP, and compares versions."""

from pathlib import Path
from typing import Any

import click
import httpx

from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.domain.advice.missing_element import missing_elements
from link_issuer.domain.program_changes import program_changes
from link_issuer.programs.yaml_form import Document
from referral.events.program import Program
from referral_tools.commands.program_diff import diff
from referral_tools.commands.program_file import FILE, load_program_file, print_mistakes
from referral_tools.commands.program_sections import title
from referral_tools.commands.program_service import Applied, put, versions_of
from referral_tools.service_client import ServiceClient, decode_response, mistakes, refusal, service_options


@click.group()
def program() -> None:
    """Check program files, apply them, and compare versions."""


program.add_command(diff)


@program.command("check")
@click.argument("file", type=FILE)
def check_file(file: Path) -> None:
    """Print the mistakes in FILE by line, and what a growth expert would improve. Exits with 1 if there are mistakes."""
    _, _, found = load_program_file(file)
    count = len(find_advice(found))
    warnings = f", {count} to think about" if count else ""
    click.echo(f"{file}: {found.id} is in order{warnings}")
    click.echo(_scores(found), nl=False)


@program.command("apply")
@click.argument("file", type=FILE)
@service_options("admin")
@click.option("--dry-run", is_flag=True, help="show what would happen, and change nothing")
def apply_file(file: Path, url: str, key: str, dry_run: bool) -> None:
    """Make FILE the program's next version, if its rules differ from the newest one's."""
    document, _, found = load_program_file(file)
    answer = put(ServiceClient(url, key), found.id, file, dry_run=dry_run)
    if not answer.is_success:
        _refuse(file, document, answer)
    click.echo(_print_versions(found.id, decode_response(answer, dict[str, Any])))


@program.command("versions")
@click.argument("program_id", metavar="PROGRAM")
@service_options("read")
def versions(program_id: str, url: str, key: str) -> None:
    """List the versions of PROGRAM (prg_…), the newest first, with what each changed."""
    listed = versions_of(ServiceClient(url, key), program_id)
    for newer, older in zip(listed, [*listed[1:], None], strict=True):
        click.echo(f"{newer.version:>4}  from {newer.effective_from:%Y-%m-%dT%H:%M:%SZ}  {_news(older, newer)}")


def _scores(found: Program) -> str:
    """How many of the four elements each content item has."""
    return "".join(f"  {item.id}: {4 - len(missing_elements(item))} of 4 elements\n" for item in found.content)


def _news(older: Applied | None, newer: Applied) -> str:
    if older is None:
        return "the first"
    found = program_changes(older.program, newer.program)
    return f"{len(found)} changed: {', '.join(dict.fromkeys(title(one.section) for one in found))}"


def _refuse(file: Path, document: Document, answer: httpx.Response) -> None:
    """Prints the problem that the service answered, with lines where it names places, and ends the command."""
    print_mistakes(file, document, mistakes(answer))
    raise refusal(answer)


def _print_versions(id_: str, answer: dict[str, Any]) -> str:
    version, since = answer["version"], answer["effective_from"]
    if not answer["is_new"]:
        return f"{id_}: version {version} has these rules already, since {since}; nothing was changed"
    if answer["dry_run"]:
        return f"{id_}: this would be version {version}, in effect from {since}; nothing was changed"
    return f"{id_}: version {version} is in effect from {since}"
