"""`referral program`: checks a program file line by line, applies it over HTTP, and compares versions."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from link_issuer.domain.advice.advice_rule import Advice
from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.domain.advice.missing_element import missing_elements
from link_issuer.domain.program_changes import program_changes
from link_issuer.programs.yaml_form import YamlDocument
from referral.events.code_formats import code_space, formatted_code
from referral.events.program import Program
from referral.program_file.supply import supply_problems
from referral_tools.commands.program_diff import diff
from referral_tools.commands.program_file import FILE, load_program_file, print_advice, print_mistakes
from referral_tools.commands.program_sections import title
from referral_tools.commands.program_service import ProgramVersionAnswer, list_versions, put_program
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, decode_response, mistakes, refusal, service_options


@click.group(cls=HelpGroup)
def program() -> None:
    """Check program files, apply them, and compare versions."""


program.add_command(diff)


@program.command("check")
@click.argument("file", type=FILE)
@click.option(
    "--guides",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="REFERRAL_GUIDES",
    help="the folder of guides of reward-dispatcher: also report files that are missing there",
)
def check_file(file: Path, guides: Path | None) -> None:
    """Print the mistakes in FILE by line, and advice on improving it. Exits with 1 if there are mistakes."""
    document, _, found = load_program_file(file)
    missing = supply_problems(found, files=_file_names(guides / found.id)) if guides is not None else []
    print_advice(file, document, [Advice(one.code, one.pointer, one.detail) for one in missing])
    count = len(find_advice(found, datetime.now(UTC))) + len(missing)
    warnings = f", with {count} warning{'s' if count > 1 else ''}" if count else ""
    click.echo(f"{file}: {found.id} is valid{warnings}")
    click.echo(_scores(found) + _code_spaces(found), nl=False)


@program.command("apply")
@click.argument("file", type=FILE)
@service_options("admin")
@click.option("--dry-run", is_flag=True, help="show what would happen, and change nothing")
def apply_file(file: Path, url: str, key: str, dry_run: bool) -> None:
    """Make FILE the program's next version, if its rules differ from the newest one's."""
    document, _, found = load_program_file(file, advise=False)
    answer = put_program(ServiceClient(url, key), found.id, file, dry_run=dry_run)
    if not answer.is_success:
        _fail(file, document, answer)
    applied = decode_response(answer, dict[str, Any])
    # The service also knows which guides and codes are missing.
    print_advice(file, document, msgspec.convert(applied["warnings"], list[Advice]))
    click.echo(_apply_summary(found.id, applied))


@program.command("versions")
@click.argument("program_id", metavar="PROGRAM")
@service_options("read")
def versions(program_id: str, url: str, key: str) -> None:
    """List the versions of PROGRAM (prg_…), the newest first, with what each changed."""
    listed = list_versions(ServiceClient(url, key), program_id)
    for newer, older in zip(listed, [*listed[1:], None], strict=True):
        click.echo(
            f"{newer.version:>4}  from {newer.effective_from:%Y-%m-%dT%H:%M:%SZ}  {_version_summary(older, newer)}"
        )


def _file_names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []


def _scores(found: Program) -> str:
    """How many of the four elements each content item has."""
    return "".join(f"  {item.id}: {4 - len(missing_elements(item))} of 4 elements\n" for item in found.content)


def _code_spaces(found: Program) -> str:
    """How many different codes each rule with a form of its own has."""
    forms = [(rule.id, rule.code) for rule in found.rewards if rule.code]
    return "".join(
        f"  {id}: codes such as {formatted_code(code.format, 0)}, {code_space(code.pattern):,} in all, for up to {code.up_to:,}\n"
        for id, code in forms
    )


def _version_summary(older: ProgramVersionAnswer | None, newer: ProgramVersionAnswer) -> str:
    if older is None:
        return "the first"
    found = program_changes(older.program, newer.program)
    return f"{len(found)} changed: {', '.join(dict.fromkeys(title(one.section) for one in found))}"


def _fail(file: Path, document: YamlDocument, answer: httpx.Response) -> None:
    """Prints the mistakes that the service found, with their lines, and ends the command with its error."""
    print_mistakes(file, document, mistakes(answer))
    raise refusal(answer)


def _apply_summary(id_: str, answer: dict[str, Any]) -> str:
    version, since = answer["version"], answer["effective_from"]
    if not answer["is_new"]:
        return f"{id_}: version {version} already has these rules, since {since}; nothing was changed"
    if answer["dry_run"]:
        return f"{id_}: this would be version {version}, in effect from {since}; nothing was changed"
    return f"{id_}: version {version} is in effect from {since}"
