"""`referral program check|apply FILE`: a program file is checked here, line by line, and applied over HTTP."""

from pathlib import Path
from typing import Any

import click
import httpx

from link_issuer.domain.mistakes import Mistake
from link_issuer.programs.check import Checked, check
from link_issuer.programs.yaml_form import Document, NotYaml, read

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_TIMEOUT_S = 10.0


@click.group()
def program() -> None:
    """Check program files, and apply them."""


@program.command("check")
@_FILE
def check_file(file: Path) -> None:
    """Say what is wrong in FILE, line by line, and what could be better. Ends with 1 where something is wrong."""
    checked = _checked(file)[1]
    assert checked.program is not None  # noqa: S101 - mistakes have ended the command
    warnings = f", {len(checked.warnings)} to think about" if checked.warnings else ""
    click.echo(f"{file}: {checked.program.id} is in order{warnings}")


@program.command("apply")
@_FILE
@click.option(
    "--url",
    envvar="REFERRAL_PUBLIC_URL",
    default="http://127.0.0.1:8001",
    show_default=True,
    help="link-issuer's address",
)
@click.option("--key", envvar="REFERRAL_KEY", required=True, help="an API key with the scope admin (or REFERRAL_KEY)")
@click.option("--dry-run", is_flag=True, help="ask what would happen, and change nothing")
def apply_file(file: Path, url: str, key: str, dry_run: bool) -> None:
    """Make FILE the program's next version, if its rules differ from the newest one's."""
    document, checked = _checked(file)
    assert checked.program is not None  # noqa: S101 - mistakes have ended the command
    answer = _put(f"{url.rstrip('/')}/v1/programs/{checked.program.id}", file, key, dry_run=dry_run)
    if answer.is_error:
        _refuse(file, document, answer)
    click.echo(_told(checked.program.id, answer.json()))


def _checked(file: Path) -> tuple[Document, Checked]:
    """The file's content and the verdict on it. Prints what there is to say; ends the command where there are mistakes."""
    try:
        document = read(file.read_text("utf-8"))
    except (NotYaml, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}:{getattr(error, 'line', 1)}: {error}") from error
    checked = check(document.content)
    mistakes = [*document.mistakes, *checked.mistakes]
    _print(file, document, mistakes)
    for one in checked.warnings:
        _say(file, document.line_of(one.pointer), one.pointer, f"{one.detail} [{one.code}]", "yellow")
    if mistakes:
        raise click.ClickException(f"{file} has {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}")
    return document, checked


def _print(file: Path, document: Document, mistakes: list[Mistake]) -> None:
    for line, one in sorted((document.line_of(one.pointer), one) for one in mistakes):
        _say(file, line, one.pointer, one.detail, "red")


def _say(file: Path, line: int, pointer: str, detail: str, color: str) -> None:
    """One remark, in the form that editors and terminals make a link of: file:line."""
    click.echo(f"{click.style(f'{file}:{line}', fg=color)}: {pointer or '/'} {detail}", err=True)


def _put(address: str, file: Path, key: str, *, dry_run: bool) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/yaml"}
    parameters = {"dry_run": "true"} if dry_run else {}
    try:
        return httpx.put(address, content=file.read_bytes(), headers=headers, params=parameters, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise click.ClickException(
            f"{address} does not answer ({error}): does the system run, and is --url right?"
        ) from error


def _refuse(file: Path, document: Document, answer: httpx.Response) -> None:
    """Prints the problem that the service answered, with lines where it names places, and ends the command."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    problem: dict[str, Any] = answer.json() if is_problem else {"detail": answer.text[:500]}
    _print(file, document, [Mistake(one["pointer"], one["detail"]) for one in problem.get("errors", ())])
    raise click.ClickException(f"{answer.status_code} {problem.get('code', '')}: {problem['detail']}")


def _told(id_: str, answer: dict[str, Any]) -> str:
    version, since = answer["version"], answer["effective_from"]
    if not answer["is_new"]:
        return f"{id_}: version {version} has these rules already, since {since}; nothing was changed"
    if answer["dry_run"]:
        return f"{id_}: this would be version {version}, in effect from {since}; nothing was changed"
    return f"{id_}: version {version} is in effect from {since}"
