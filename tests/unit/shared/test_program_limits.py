"""Limits of a program file: whatever a file contains, the check is fast, its answer is short, and no number is without a bound."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any, get_args, get_origin

import pytest
from click.testing import CliRunner
from flask import Flask

from conversion_tracker.replay.replay_request import read_rules
from link_issuer.http_api.links.link_request import LinkSchema
from link_issuer.http_api.participants.enrolment_request import read_enrolments
from link_issuer.http_api.request_body import json_or_yaml_body, load_body
from link_issuer.programs.yaml_form import InvalidYaml, read_yaml
from referral.events.program import ProgramFile
from referral.http.problems import Problem
from referral.program_file.check import MAX_PROGRAM_BYTES, check_program_file
from referral.validation.mistakes import MAX_MISTAKES
from referral.validation.struct_schema import Declaration, declaration, field_declarations
from referral_tools.cli import main
from tests.support.builders.program_files import MINIMAL_FILE

REWARD = {"id": "x", "to": "referrer", "on": "conversion.cleared", "kind": "early_access"}
ORDERS = {"qualifies_on": "order.paid", "currency": "CNY"}
CPU_S = 15.0  # 1 to 3 on a slow machine; the checks that this replaced took minutes there


def _values(value: Declaration, place: str) -> Iterator[tuple[str, Declaration]]:
    """Every value that a program file may contain, with its place: sections, items, keys and values of mappings."""
    yield place, value
    arguments = get_args(value.kind)
    if "text_form" in value.meta:
        yield from _values(value.meta["text_form"], f"{place}<text>")
    if value.struct is not None and not value.is_list:
        for field in field_declarations(value.struct):
            yield from _values(field.value, f"{place}/{field.name}")
    elif value.is_list:
        yield from _values(declaration(arguments[0]), f"{place}/0")
    elif get_origin(value.kind) is dict:
        yield from _values(declaration(arguments[0]), f"{place}/<name>")
        yield from _values(declaration(arguments[1]), f"{place}/<value>")


def _has_upper_bound(value: Declaration) -> bool:
    """Whether the declaration limits how large a value can be: a number by `le`, a text or list by its length."""
    meta, kind = value.meta, value.kind
    if value.options or kind is bool or (value.struct is not None and not value.is_list):
        return True
    if kind in (datetime, date):
        return value.years is not None
    if kind is int or kind is Decimal:
        return "le" in meta or "maximum" in meta
    if value.is_list or get_origin(kind) is dict:
        of_options = bool(declaration(get_args(kind)[0]).options)
        return "max_length" in meta or (of_options and (not value.is_list or bool(meta.get("uniqueItems"))))
    assert kind is str, f"say here how a {kind} is bounded"
    pattern = meta.get("pattern", "")
    return "max_length" in meta or (bool(pattern) and "*" not in pattern and "+" not in pattern and ",}" not in pattern)


def test_every_number_text_list_and_mapping_of_a_program_file_has_an_upper_bound() -> None:
    """A value without one is a value that some arithmetic, page or memory cannot take."""
    root = Declaration(ProgramFile, {})
    unbounded = [place for place, value in _values(root, "") if not _has_upper_bound(value)]
    assert not unbounded, "give each of them le=, max_length= or a bounded pattern in its Meta"


@pytest.mark.parametrize(
    ("change", "pointer", "bound"),
    [
        ({"rewards": [REWARD | {"expires_days": 3_650_000}]}, "/rewards/0/expires_days", "from 1 to 3650"),
        ({"rewards": [REWARD | {"expires_days": 9_999_999}]}, "/rewards/0/expires_days", "from 1 to 3650"),
        ({"rewards": [REWARD | {"expires_days": 3651}]}, "/rewards/0/expires_days", "from 1 to 3650"),
        ({"rewards": [REWARD | {"on": "milestone", "referrals": 10**9}]}, "/rewards/0/referrals", "1000000"),
        ({"rewards": [REWARD | {"id": f"r{n}"} for n in range(51)]}, "/rewards", "50 entries"),
        ({"caps": {"per_referrer": {"day": 10**7}}}, "/caps/per_referrer/day", "1000000"),
        ({"caps": {"budget": {"total": 10**13, "currency": "CNY"}}}, "/caps/budget/total", "1000000000000"),
        ({"attribution": ORDERS | {"min_amount": 10**13}}, "/attribution/min_amount", "1000000000000"),
        ({"attribution": ORDERS | {"min_amount": "1e-999999"}}, "/attribution/min_amount", "6 decimal places"),
        ({"ends_at": "9999-12-31T23:59:59Z"}, "/ends_at", "2000 to 2999"),
        ({"ends_at": "1999-12-31T23:59:59Z"}, "/ends_at", "2000 to 2999"),
        ({"effective_from": "3000-01-01T00:00:00Z"}, "/effective_from", "2000 to 2999"),
        (
            {"challenges": [{"id": "a", "hashtag": "#a", "starts": "9999-12-01", "days": 366}]},
            "/challenges/0/starts",
            "2000 to 2999",
        ),
        ({"holding_days": 10**30}, "/holding_days", "from 0 to 365"),
        ({"codes": {"blocklist": [f"w{n}" for n in range(1001)]}}, "/codes/blocklist", "1000 entries"),
        ({"name": {f"{a}{b}": "x" for a in "abcdef" for b in "abcdef"}}, "/name", "1 to 30 languages"),
    ],
)
def test_a_value_above_its_bound_is_refused_with_the_bound(change: dict[str, Any], pointer: str, bound: str) -> None:
    """At the value's own place, before any rule computes with it."""
    checked = check_program_file(MINIMAL_FILE | change)
    assert [one.pointer for one in checked.mistakes] == [pointer]
    assert bound in checked.mistakes[0].detail


@pytest.mark.parametrize(
    "change",
    [
        {f"k{n}": 1 for n in range(60_000)},
        {"content": [{f"titel{n}": 1 for n in range(150)} for _ in range(200)]},
        {"content": [{"a": 1}] * 60_000},
        {"kits": {f"k{n}": {"en": "x"} for n in range(20_000)}},
        {"boards": [{"metric": "referrals", "prizes": {"month": {str(n): "x" for n in range(1, 30_000)}}}]},
        {"codes": {"blocklist": [f"w{n}" for n in range(60_000)]}},
        {"channels": [f"w{n}" for n in range(60_000)]},
    ],
    ids=["unknown keys", "misspelt keys", "items", "kits", "prizes", "words", "channels"],
)
def test_a_file_with_very_many_mistakes_is_refused_fast_with_the_first_of_them(change: dict[str, Any]) -> None:
    """The answer lists at most 100, says how many more there are, and costs little to compute."""
    began = process_time()
    checked = check_program_file(MINIMAL_FILE | change)
    assert process_time() - began < CPU_S
    assert 0 < len(checked.mistakes) <= MAX_MISTAKES
    assert checked.mistakes == sorted(checked.mistakes)
    assert (checked.omitted > 0) == (len(checked.mistakes) == MAX_MISTAKES)
    assert checked.program is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("".join(f"k{n}: 1\n" for n in range(150_000)), "more than 20,000 keys and values"),
        ("a: [" + "1," * 500_000 + "]", "more than 20,000 keys and values"),
        ("[" * 1_000_000, "nested more than 20 levels"),
        ("- " * 500_000, "nested more than 20 levels"),
        ("? " * 500_000, "nested more than 20 levels"),
        ("a: &a [1]\n" + "b: [*a, *a]\n" * 1000, "anchor or alias"),
    ],
    ids=["keys", "items", "brackets", "dashes", "question marks", "aliases"],
)
def test_yaml_that_takes_long_to_read_is_refused_fast(text: str, why: str) -> None:
    """A megabyte of it too: reading stops where the text exceeds what a program file can use."""
    began = process_time()
    with pytest.raises(InvalidYaml, match=why):
        read_yaml(text)
    assert process_time() - began < CPU_S


def test_a_file_above_the_size_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """By PUT, by the check and by replays alike, naming the limit."""
    body = b"# " + b"x" * MAX_PROGRAM_BYTES
    app = Flask("test")
    for kind in ("application/yaml", "application/json"):
        with app.test_request_context(method="PUT", data=body, content_type=kind), pytest.raises(Problem) as refused:
            json_or_yaml_body()
        assert (refused.value.status, refused.value.code) == (413, "too_large")
        assert "262,144 (256 KB)" in refused.value.detail
    with pytest.raises(Problem) as of_replay:
        read_rules(body, "application/json", "prg_x")
    assert (of_replay.value.status, of_replay.value.detail) == (413, refused.value.detail)
    file = tmp_path / "large.yaml"
    file.write_bytes(body)
    result = CliRunner().invoke(main, ["program", "check", str(file)])
    assert result.exit_code == 1
    assert "262,144 (256 KB)" in result.output


@pytest.mark.parametrize(
    "read",
    [lambda: load_body(LinkSchema(), "The link was not created."), read_enrolments],
    ids=["link", "enrolments"],
)
@pytest.mark.parametrize(
    "body",
    [{f"k{n}": 1 for n in range(60_000)}, {"participants": [{f"k{n}": 1 for n in range(60)}] * 900}],
    ids=["unknown keys", "items with unknown keys"],
)
def test_any_body_with_very_many_mistakes_is_answered_with_the_first_of_them(read: Any, body: object) -> None:
    """Not only a program: the answer to a small body is never large."""
    app = Flask("test")
    began = process_time()
    with app.test_request_context(method="POST", json=body), pytest.raises(Problem) as refused:
        read()
    assert process_time() - began < CPU_S
    assert len(refused.value.errors) <= MAX_MISTAKES
    if len(refused.value.errors) == MAX_MISTAKES:
        assert "the first 100 of " in refused.value.detail


def test_a_list_that_is_too_long_is_refused_before_its_items_are_read() -> None:
    """A megabyte of empty items costs as little as the refusal."""
    app = Flask("test")
    began = process_time()
    with app.test_request_context(method="POST", json=[{}] * 300_000), pytest.raises(Problem) as refused:
        read_enrolments()
    assert process_time() - began < CPU_S
    assert [one["pointer"] for one in refused.value.errors] == [""]


def test_the_command_and_a_replay_say_how_many_more_mistakes_there_are(tmp_path: Path) -> None:
    """The first 100 with their places, and the number of all."""
    names = [f"k{n:04}" for n in range(250)]
    file = tmp_path / "program.yaml"
    file.write_text("".join(f"{name}: 1\n" for name in names))
    result = CliRunner().invoke(main, ["program", "check", str(file)])
    missing = ["id", "name", "timezone", "target_url", "channels"]
    count = f"{len(names) + len(missing)} mistakes, of which the first 100 are listed"
    assert count in result.output
    assert result.output.count("unknown field") == 100 - len([name for name in missing if name < "k"])
    with pytest.raises(Problem, match=count) as refused:
        read_rules(b"{%s}" % b",".join(b'"%s":1' % name.encode() for name in names), "application/json", "prg_x")
    assert len(refused.value.errors) == MAX_MISTAKES
