"""A program file as the commands read it: validated, with mistakes and advice printed by line."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from link_issuer.domain.advice.advice_rule import Advice
from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.programs.text_encoding import InvalidEncoding, decode_utf8
from link_issuer.programs.yaml_form import InvalidYaml, YamlDocument, read_yaml
from referral.events.program import Program
from referral.program_file.check import CheckResult, ProgramFileTooLarge, check_program_file, require_program_size
from referral.validation.mistakes import Mistake, count_of_mistakes, first_mistakes

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def load_program_file(file: Path, *, advise: bool = True) -> tuple[YamlDocument, CheckResult, Program]:
    """The file's content, the result of the check, and the program.

    Prints mistakes, and advice unless `advise` is false; ends the command if there are mistakes.
    """
    try:
        require_program_size(file.stat().st_size)
        document = read_yaml(decode_utf8(file.read_bytes()))
    except (InvalidYaml, InvalidEncoding, ProgramFileTooLarge) as error:
        raise click.ClickException(f"{file}:{getattr(error, 'line', 1)}: {error}") from error
    checked = check_program_file(document.content)
    mistakes, omitted = first_mistakes([*document.mistakes, *checked.mistakes], checked.omitted)
    print_mistakes(file, document, document.explain(mistakes))
    if advise and checked.program is not None:
        print_advice(file, document, find_advice(checked.program, datetime.now(UTC)))
    if mistakes or checked.program is None:
        raise click.ClickException(f"{file} has {count_of_mistakes(len(mistakes), omitted)}")
    return document, checked, checked.program


def print_mistakes(file: Path, document: YamlDocument, mistakes: Iterable[Mistake]) -> None:
    """Prints mistakes with their lines, in the order of the file."""
    for line, one in sorted((document.line_of(one.pointer), one) for one in mistakes):
        _print_remark(file, line, one.pointer, one.detail, "red")


def print_advice(file: Path, document: YamlDocument, advice: Iterable[Advice]) -> None:
    """Prints advice with its lines, in the order of the file."""
    for one in sorted(advice, key=lambda one: document.line_of(one.pointer)):
        _print_remark(file, document.line_of(one.pointer), one.pointer, f"{one.detail} [{one.code}]", "yellow")


def _print_remark(file: Path, line: int, pointer: str, detail: str, color: str) -> None:
    """One remark, in the form that editors and terminals turn into a link: file:line."""
    click.echo(f"{click.style(f'{file}:{line}', fg=color)}: {pointer or '/'} {detail}", err=True)
