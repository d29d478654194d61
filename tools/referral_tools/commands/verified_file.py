"""Reads the JSON files that are verified: bounded, and with the place of a mistake."""

from pathlib import Path
from typing import TypeVar

import click
import msgspec

_MOST_BYTES = 256 * 1024 * 1024
Content = TypeVar("Content")


def read_json(file: Path, kind: type[Content]) -> Content:
    """Returns the content of a file as this type; fields that the type lacks are ignored. Ends the command if it is not that."""
    if file.stat().st_size > _MOST_BYTES:
        raise click.ClickException(f"{file} must have at most {_MOST_BYTES:,} bytes")
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is not what it should be: {error}") from None
