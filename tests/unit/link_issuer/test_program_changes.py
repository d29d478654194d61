"""The differences between two programs: each with its pointer, and none between equal rules."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from link_issuer.domain.program_changes import ProgramChange, program_changes
from referral.events.program import Program
from referral.events.section import Section
from referral.program_file.check import check_program_file
from tests.support.builders.program_files import MINIMAL_FILE, program_files

GUIDE = {"id": "guide", "to": "referrer", "on": "conversion.cleared", "kind": "guide", "pool": "guide.pdf"}
CODE = {"id": "code", "to": "referee", "on": "conversion.cleared", "kind": "discount_code", "percent": 20}
KIT = {"en": "Come: {link}"}


def _program(change: dict[str, Any]) -> Program:
    program = check_program_file(MINIMAL_FILE | change).program
    assert program is not None
    return program


def _summarize(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, object, object]]:
    """Each difference as kind, pointer, before and after; items are represented by their ids."""
    found = program_changes(_program(old), _program(new))
    return [(one.kind, one.pointer, getattr(one.before, "id", one.before), one.after) for one in found]


def _at(program: Program, pointer: str) -> object:
    """The value at a pointer in a program."""
    found: Any = program
    for step in pointer.split("/")[1:]:
        found = (
            getattr(found, step)
            if isinstance(found, Section)
            else found[int(step) if isinstance(found, tuple) else step]
        )
    return found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"holding_days": 0, "attribution": {"window_days": 30}}, []),
        ({}, {"holding_days": 7}, [("changed", "/holding_days", 0, 7)]),
        ({}, {"fallback_url": "https://x.com"}, [("added", "/fallback_url", None, "https://x.com")]),
        ({}, {"name": {"en": "Y"}}, [("changed", "/name/en", "X", "Y")]),
        ({}, {"name": {"en": "X", "fr": "Z"}}, [("added", "/name/fr", None, "Z")]),
        (
            {"rewards": [GUIDE, CODE]},
            {"rewards": [CODE | {"percent": 30}]},
            [("removed", "/rewards/0", "guide", None), ("changed", "/rewards/0/percent", 20, 30)],
        ),
        (
            {"rewards": [GUIDE, CODE]},
            {"rewards": [CODE, GUIDE]},
            [("changed", "/rewards", ("guide", "code"), ("code", "guide"))],
        ),
        ({"kits": {"wechat": KIT}}, {}, [("removed", "/kits/wechat", KIT, None)]),
        (
            {"attribution": {"evidence": ["code", "tag"]}},
            {"attribution": {"evidence": ["tag", "code"]}},
            [("changed", "/attribution/evidence", ("code", "tag"), ("tag", "code"))],
        ),
    ],
)
def test_each_difference_has_its_kind_and_pointer(
    old: dict[str, Any], new: dict[str, Any], expected: list[Any]
) -> None:
    """Items are matched by their ids whatever their position, and an explicit default is not a difference."""
    assert _summarize(old, new) == expected


@given(program_files)
def test_a_program_does_not_differ_from_itself(content: dict[str, Any]) -> None:
    """Not even after an encoding and decoding."""
    program = check_program_file(content).program
    assert program is not None
    assert program_changes(program, msgspec.json.decode(msgspec.json.encode(program), type=Program)) == []


@given(program_files, program_files)
def test_every_difference_is_found_at_its_pointer(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Different rules have a difference, and the value at its pointer is its `before` or `after`."""
    old, new = check_program_file(one).program, check_program_file(other).program
    assert old is not None, check_program_file(one).mistakes
    assert new is not None, check_program_file(other).mistakes
    found = program_changes(old, new)
    assert (old == new) == (found == [])
    assert {change.section for change in found} == {
        name for name in Program.__struct_fields__ if getattr(old, name) != getattr(new, name)
    }
    for change in found:
        _assert_at_pointer(change, old, new)


def _assert_at_pointer(change: ProgramChange, old: Program, new: Program) -> None:
    if change.name[-1:] == ("order",) and isinstance(change.after, tuple):
        assert set(change.before) == set(change.after)  # type: ignore[call-overload]
    elif change.kind == "removed":
        assert _at(old, change.pointer) == change.before
    else:
        assert _at(new, change.pointer) == change.after
