"""The program file as a form: made from the declared structs, and what is sent changes the file and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.programs.form_content import FIELD, KEY, SentForm, with_form
from link_issuer.programs.form_fields import FormField, FormGroup, nodes, program_form
from link_issuer.programs.three_way_merge import merged, with_changes
from link_issuer.programs.version_text import program_content, version_text
from link_issuer.programs.yaml_edit import is_same
from link_issuer.programs.yaml_form import Value, read_yaml
from referral.events.program import ProgramFile
from referral.program_file.check import check_program_file
from referral.validation.struct_schema import field_declarations
from tests.support.builders.yaml_documents import DOCUMENT, VALUE

EXAMPLES = sorted(Path("examples/programs").glob("*.yaml"))
FIELDS = [one.name for one in field_declarations(ProgramFile)]


def content(file: Path) -> Value:
    """The content of a file."""
    return read_yaml(file.read_text("utf-8")).content


def controls(document: Value) -> dict[str, list[str]]:
    """What a browser sends if nothing is touched."""
    sent: dict[str, list[str]] = {}
    for node in nodes(program_form(document)):
        if not isinstance(node, FormField) or node.control == "yaml":
            continue
        texts = ["", *node.value] if node.control == "options" else ["\r\n".join("\n".join(node.value).split("\n"))]
        sent[FIELD + node.pointer] = texts
    return sent


def holds_something(value: Value) -> bool:
    """Whether there is more in a value than null, empty texts, lists and mappings."""
    if isinstance(value, dict | list):
        return any(map(holds_something, value.values() if isinstance(value, dict) else value))
    return value not in (None, "")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_form_that_is_sent_untouched_changes_nothing(file: Path) -> None:
    """Every value of every example has a control, or stays without one."""
    document = content(file)
    assert is_same(with_form(document, SentForm(controls(document))), document)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUE, max_size=6) | DOCUMENT)
def test_that_holds_for_any_content(document: dict[str, Value]) -> None:
    """Values of wrong types, unknown fields, empty sections: a form loses nothing that it cannot show.

    A field that is null or empty may be left out, which means the same to the check.
    """
    after = with_form(document, SentForm(controls(document)))
    lost = {name for name, value in document.items() if name not in after and holds_something(value)}
    assert lost == set()
    assert set(after) <= set(document)


def test_every_declared_field_has_a_control() -> None:
    """The form is the declaration: a field that is added to a struct is in it."""
    shown = {node.pointer for node in nodes(program_form({}))}
    assert {f"/{name}" for name in FIELDS} <= shown
    assert {"/attribution/window_days", "/screening/churn/follows", "/codes/vanity", "/caps/budget/total"} <= shown


def test_typed_values_have_the_types_of_their_fields() -> None:
    """Numbers, amounts, yes and no, choices, lists by line; what is no number stays a text, for which the check has words."""
    sent = {
        f"{FIELD}/holding_days": ["7"],
        f"{FIELD}/attribution/min_amount": ["9.50"],
        f"{FIELD}/attribution/window_days": ["a week"],
        f"{FIELD}/codes/vanity": ["false"],
        f"{FIELD}/channels": ["", "web", "weibo"],
        f"{FIELD}/codes/blocklist": ["ADMIN\r\n\r\nVIP"],
        f"{FIELD}/name/zh-CN": ["焕肤"],
    }
    assert with_form({"id": "prg_x"}, SentForm(sent)) == {
        "id": "prg_x",
        "holding_days": 7,
        "attribution": {"min_amount": 9.5, "window_days": "a week"},
        "codes": {"vanity": False, "blocklist": ["ADMIN", "VIP"]},
        "channels": ["web", "weibo"],
        "name": {"zh-CN": "焕肤"},
    }


def test_an_emptied_field_is_left_out() -> None:
    """And so is a section without any."""
    sent = SentForm({f"{FIELD}/attribution/window_days": [""]})
    assert with_form({"attribution": {"window_days": 5}, "id": "prg_x"}, sent) == {"id": "prg_x"}


def test_items_are_added_and_removed() -> None:
    """By the pointer that the button has."""
    document: Value = {"rewards": [{"id": "a"}, {"id": "b"}]}
    assert with_form(document, SentForm({}, added="/rewards")) == {"rewards": [{"id": "a"}, {"id": "b"}, {}]}
    assert with_form(document, SentForm({}, removed="/rewards/0")) == {"rewards": [{"id": "b"}]}
    assert with_form({"rewards": [{"id": "a"}]}, SentForm({}, removed="/rewards/0")) == {}


def test_a_key_is_added_to_a_mapping() -> None:
    """A language, or the name of a pool."""
    assert with_form({"name": {"en": "X"}}, SentForm({f"{KEY}/name": ["fr"]})) == {"name": {"en": "X", "fr": ""}}
    assert with_form({}, SentForm({f"{KEY}/pools": ["spring"]})) == {"pools": {"spring": {}}}


def test_long_lists_are_shown_in_part_and_kept_whole() -> None:
    """A form with a control for each of a thousand partners would serve no one."""
    partners: list[Value] = [{"id": f"p{number}", "kind": "brand", "channel": "web"} for number in range(100)]
    document: Value = {"partners": partners}
    shown = next(node for node in nodes(program_form(document)) if node.pointer == "/partners")
    assert isinstance(shown, FormGroup)
    assert (len(shown.children), shown.hidden) == (40, 60)
    assert is_same(with_form(document, SentForm(controls(document))), document)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_version_is_written_as_a_file_with_the_same_rules(file: Path) -> None:
    """Without its text by the rules alone; with it, with its comments."""
    text = file.read_text("utf-8")
    program = check_program_file(content(file)).program
    assert program is not None
    assert check_program_file(read_yaml(version_text(program, None)).content).program == program
    assert version_text(program, text) == text
    assert check_program_file(program_content(program)).program == program


def test_a_version_is_written_into_the_text_of_another() -> None:
    """Taking a version back keeps the comments that its fields have."""
    text = "# mine\nid: prg_x  # id\nname: {en: X}\ntimezone: UTC\ntarget_url: https://example.com/\nchannels: [web]\n"
    program = check_program_file(read_yaml(text + "holding_days: 3\n").content).program
    assert program is not None
    assert version_text(program, text) == text + "holding_days: 3\n"


@given(DOCUMENT, DOCUMENT)
def test_changes_of_one_person_alone_are_taken_as_they_are(base: dict[str, Value], changed: dict[str, Value]) -> None:
    """In either direction, and both the same."""
    assert is_same(merged(base, changed, base), changed)
    assert is_same(merged(base, base, changed), changed)
    assert is_same(merged(base, changed, changed), changed)


def test_changes_of_two_people_are_joined() -> None:
    """Different fields and different items; of the same field, mine."""
    base: Value = {"a": 1, "b": 1, "r": [{"id": "x", "n": 1}, {"id": "y", "n": 1}]}
    mine: Value = {"a": 2, "b": 2, "r": [{"id": "x", "n": 2}, {"id": "y", "n": 1}]}
    theirs: Value = {"a": 1, "b": 3, "c": 1, "r": [{"id": "x", "n": 1}, {"id": "z", "n": 1}]}
    assert merged(base, mine, theirs) == {"a": 2, "b": 2, "r": [{"id": "x", "n": 2}, {"id": "z", "n": 1}], "c": 1}


@given(DOCUMENT, DOCUMENT)
def test_changes_are_made_in_what_was_written(before: dict[str, Value], after: dict[str, Value]) -> None:
    """Where nothing more is written than what is meant, the result is what is wanted."""
    assert is_same(with_changes(before, before, after), after)


def test_defaults_that_are_written_out_stay() -> None:
    """With their comments; one that is changed is replaced."""
    written: Value = {"holding_days": 0, "attribution": {"model": "last_touch", "window_days": 30}}
    changed = with_changes(written, {}, {"attribution": {"window_days": 7}})
    assert changed == {"holding_days": 0, "attribution": {"window_days": 7}}
    assert with_changes(written, {"attribution": {}}, {"attribution": {"window_days": 7}}) == {
        "holding_days": 0,
        "attribution": {"model": "last_touch", "window_days": 7},
    }
