"""Examples from which a new program can begin: complete program files, each for one purpose."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from link_issuer.programs.yaml_edit import edited_yaml
from link_issuer.programs.yaml_form import Value, read_yaml

_BEGINS_IN = timedelta(days=7)
GALLERY: Mapping[str, Path] = {
    name: Path(__file__).with_name(f"{name}.yaml")
    for name in ("refer-a-friend", "ugc-challenge", "giveaway", "early-access", "shop")
}
"""The files by their names, in the order in which they are offered."""


def example_text(example: Path, program: str, today: date) -> str:
    """The file for a new program: with its id, and with what has days beginning a week from today."""
    text = example.read_text("utf-8")
    content = _with_start(read_yaml(text).content, today + _BEGINS_IN)
    return edited_yaml(text, content | {"id": program} if isinstance(content, dict) else content)


def _with_start(value: Value, start: date) -> Value:
    """A value in which every `starts` is a day."""
    if isinstance(value, dict):
        return {
            name: start.isoformat() if name == "starts" else _with_start(item, start) for name, item in value.items()
        }
    return [_with_start(item, start) for item in value] if isinstance(value, list) else value
