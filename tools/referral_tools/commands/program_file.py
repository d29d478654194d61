"""A program file as the commands read it: checked, with what there is to say about it line by line."""

from collections.abc import Iterable
from pathlib import Path

import click

from link_issuer.programs.check import Checked, check
from link_issuer.programs.yaml_form import Document, NotYaml, read
from referral.events.program import Program
from referral.validation.mistakes import Mistake

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def load_program_file(file: Path, *, advise: bool = True) -> tuple[Document, Checked, Program]:
    """The file's content, the verdict on it, and the program.

    Prints mistakes, and advice unless that is not wanted; ends the command where there are mistakes.
    """
    try:
        document = read(file.read_text("utf-8"))
    except (NotYaml, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}:{getattr(error, 'line', 1)}: {error}") from error
    verdict = check(document.content)
    mistakes = [*document.mistakes, *verdict.mistakes]
    print_report(file, document, mistakes)
    if advise:
        _advise(file, document, verdict)
    if mistakes or verdict.program is None:
        raise click.ClickException(f"{file} has {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}")
    return document, verdict, verdict.program


def print_report(file: Path, document: Document, mistakes: Iterable[Mistake]) -> None:
    """Prints mistakes with their lines, in the order of the file."""
    for line, one in sorted((document.line_of(one.pointer), one) for one in mistakes):
        _print_mistakes(file, line, one.pointer, one.detail, "red")


def _advise(file: Path, document: Document, verdict: Checked) -> None:
    for one in sorted(verdict.warnings, key=lambda one: document.line_of(one.pointer)):
        _print_mistakes(file, document.line_of(one.pointer), one.pointer, f"{one.detail} [{one.code}]", "yellow")


def _print_mistakes(file: Path, line: int, pointer: str, detail: str, color: str) -> None:
    """One remark, in the form that editors and terminals make a link of: file:line."""
    click.echo(f"{click.style(f'{file}:{line}', fg=color)}: {pointer or '/'} {detail}", err=True)
