"""Changing the content of a YAML text: the result has the wanted content, and what was not changed stays as it was written."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.programs.yaml_edit import edited_yaml, is_same
from link_issuer.programs.yaml_form import InvalidYaml, Value, read_yaml
from link_issuer.programs.yaml_writer import yaml_text
from tests.support.builders.yaml_documents import DOCUMENT

GLOW = Path("examples/programs/glow.yaml")


@given(DOCUMENT)
def test_what_is_written_is_read_as_it_was(content: dict[str, Value]) -> None:
    """For any texts, also those that look like numbers, dates, comments or YAML's own characters."""
    assert is_same(read_yaml(yaml_text(content)).content, content)


@given(DOCUMENT, DOCUMENT)
def test_an_edited_text_has_the_wanted_content(before: dict[str, Value], after: dict[str, Value]) -> None:
    """Whatever it was before."""
    assert is_same(read_yaml(edited_yaml(yaml_text(before), after)).content, after)


@given(st.data())
def test_an_edit_of_one_value_keeps_every_other_line(data: st.DataObject) -> None:
    """Of a file with comments, blank lines and several styles, as people write it."""
    text = GLOW.read_text("utf-8")
    content = read_yaml(text).content
    assert isinstance(content, dict)
    number = data.draw(st.integers(1, 365))
    edited = edited_yaml(text, content | {"holding_days": number})
    kept = [line for line in text.splitlines() if not line.startswith("holding_days")]
    assert [line for line in edited.splitlines() if not line.startswith("holding_days")] == kept


EDITS: Mapping[str, tuple[str, Value, str]] = {
    "a value changes, and its comment stays": ("a: 1  # one\nb: 2\n", {"a": 5, "b": 2}, "a: 5  # one\nb: 2\n"),
    "a key is added before the comment of the next section": (
        "a:\n  b: 1  # x\n\n# about c\nc: 2\n",
        {"a": {"b": 1, "d": 3}, "c": 2},
        "a:\n  b: 1  # x\n  d: 3\n\n# about c\nc: 2\n",
    ),
    "a key is removed, and the comment of the next section stays": (
        "a:\n  b: 1\n  d: 3\n\n# about c\nc: 2\n",
        {"a": {"b": 1}, "c": 2},
        "a:\n  b: 1\n\n# about c\nc: 2\n",
    ),
    "an item is removed by its id": (
        "r:\n  # first\n  - id: x\n    n: 1\n  # second\n  - id: y\n    n: 2\n",
        {"r": [{"id": "y", "n": 2}]},
        "r:\n  # first\n  # second\n  - id: y\n    n: 2\n",
    ),
    "an item is inserted": (
        "r:\n  - id: x   # x\n  - id: y   # y\n",
        {"r": [{"id": "x"}, {"id": "new"}, {"id": "y"}]},
        "r:\n  - id: x   # x\n  - {id: new}\n  - id: y   # y\n",
    ),
    "the first key of an item is removed": ("r:\n  - id: x\n    n: 1\n", {"r": [{"n": 1}]}, "r:\n  - n: 1\n"),
    "quotes stay where nothing changes": ("a: 'x'\nb: \"y\"\n", {"a": "x", "b": "z"}, "a: 'x'\nb: z\n"),
    "an empty value gets one": ("a:\nb: 1\n", {"a": 2, "b": 1}, "a: 2\nb: 1\n"),
    "a block of text stays": ("a: |\n  one\n  two\nb: 1\n", {"a": "one\ntwo\n", "b": 2}, "a: |\n  one\n  two\nb: 2\n"),
    "a list in one line grows": ("a: [x, y]  # both\n", {"a": ["x", "y", "z"]}, "a: [x, y, z]  # both\n"),
    "windows line breaks": ("a: 1\nb: 2", {"a": 1, "b": 2, "c": 3}, "a: 1\nb: 2\nc: 3\n"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_only_its_place(name: str) -> None:
    """The text before, the wanted content, the text after."""
    before, content, after = EDITS[name]
    assert edited_yaml(before, content) == after


def test_the_same_content_leaves_the_text_alone() -> None:
    """To the last byte."""
    text = GLOW.read_text("utf-8")
    assert edited_yaml(text, read_yaml(text).content) == text


def test_a_text_that_is_no_yaml_is_refused() -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidYaml):
        edited_yaml("a: [", {"a": 1})
