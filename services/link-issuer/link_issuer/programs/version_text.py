"""A version of a program as the text of a file."""

from decimal import Decimal

import msgspec

from link_issuer.programs.three_way_merge import with_changes
from link_issuer.programs.yaml_edit import edited_yaml
from link_issuer.programs.yaml_form import InvalidYaml, Value, read_yaml
from link_issuer.programs.yaml_writer import yaml_text
from referral.events.program import Program
from referral.program_file.check import check_program_file


def version_text(program: Program, applied: str | None) -> str:
    """The file of a version: the text that was applied, changed where the version differs; written by its rules without one.

    `effective_from`, which is the version's, is left out: it would be in the past when the file is applied again.
    """
    try:
        content = read_yaml(applied).content if applied else None
    except InvalidYaml:
        content = None
    if applied is None or not isinstance(content, dict):
        return yaml_text(program_content(program))
    kept: Value = {name: value for name, value in content.items() if name != "effective_from"}
    return edited_yaml(applied, with_rules(kept, program))


def with_rules(content: Value, program: Program) -> Value:
    """Content with the rules of a program; what is written out although it is the default stays where nothing differs."""
    own = check_program_file(content).program
    return (
        program_content(program)
        if own is None
        else with_changes(content, program_content(own), program_content(program))
    )


def program_content(program: Program) -> dict[str, Value]:
    """The content of a file with these rules; what has its default is left out."""
    content = plain_content(msgspec.to_builtins(program, builtin_types=(Decimal,)))
    assert isinstance(content, dict)  # noqa: S101 - a struct is a mapping  # nosec B101
    return content


def plain_content(value: object) -> Value:
    """Numbers as YAML has them, and lists in place of tuples."""
    match value:
        case dict():
            return {str(key): plain_content(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_content(item) for item in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"no YAML for {type(value).__name__}")
