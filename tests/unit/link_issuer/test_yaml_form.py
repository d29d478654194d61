"""Program files in YAML: their values, and the line of each."""

import re

import msgspec
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from link_issuer.programs.yaml_form import InvalidYaml, read_yaml

_plain = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)
# A number in YAML 1.2, which PyYAML, a writer of YAML 1.1, does not quote when it is a text, such as 0E0.
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    """JSON values with these texts."""
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=15,
    )


@given(values(_plain))
def test_json_is_read_as_json(value: object) -> None:
    """JSON is YAML (YAML 1.2, section 1.2): the same text has the same content in both."""
    assert read_yaml(msgspec.json.encode(value).decode()).content == value


@given(values(_plain.filter(lambda text: _NUMBER.fullmatch(text) is None)))
@example("0E")
def test_the_output_of_a_yaml_writer_is_read_back(value: object) -> None:
    """Block style, quoting and folding of PyYAML."""
    assert read_yaml(yaml.safe_dump(value, allow_unicode=True)).content == value


def test_unquoted_values_are_read_by_the_json_schema() -> None:
    """`on` is a key and `no` is text, dates and times remain text, keys are text as in JSON."""
    text = "on: no\nday: 2026-11-01\ntime: 12:30\nprizes: {1: grand, 2-10: gift}\nyes: true\nnone:\noctal: 007\n"
    assert read_yaml(text).content == {
        "on": "no",
        "day": "2026-11-01",
        "time": "12:30",
        "prizes": {"1": "grand", "2-10": "gift"},
        "yes": True,
        "none": None,
        "octal": 7.0,
    }


def test_each_value_has_its_line() -> None:
    """A mistake is shown on the line of its value, or of the nearest enclosing value."""
    document = read_yaml(
        "# a comment\nid: prg_x\nrewards:\n  - id: guide\n    to: referrer\n  - {id: code,\n     to: referee}\n"
    )
    lines = {
        "/id": 2,
        "/rewards": 3,
        "/rewards/0": 4,
        "/rewards/0/to": 5,
        "/rewards/1/to": 7,
        "/rewards/0/on": 4,
        "/x/y": 1,
    }
    assert {where: document.line_of(where) for where in lines} == lines


def test_a_duplicate_key_is_a_mistake() -> None:
    """YAML libraries silently take the last one; a program would lose rules."""
    document = read_yaml("id: a\nrewards: [1]\nid: b\n")
    assert [(one.pointer, document.line_of(one.pointer)) for one in document.mistakes] == [("/id", 1)]
    assert "line 3" in document.mistakes[0].detail


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id: prg_x\nname: [a", 2),
        ("id: prg_x\n\tname: x", 2),
        ("a: &x [1]\nb: *x", 1),
        ("a: 1\nb: !!python/object:os.system x", 2),
        ("a: !x 1", 1),
        ("[" * 1000, 1),
        ("a: \x00", 1),
        ("a: 1\n---\nb: 2", 2),
    ],
)
def test_invalid_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    """Syntax errors, aliases that multiply, tags that create objects, unbounded nesting."""
    with pytest.raises(InvalidYaml) as refused:
        read_yaml(text)
    assert refused.value.line == line
