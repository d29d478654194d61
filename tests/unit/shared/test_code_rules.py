"""Generated codes in a program file: the form, whose it is, and the code space."""

from typing import Any

import pytest

from referral.events.code_formats import code_space, needed_space
from referral.program_file.check import check_program_file
from tests.support.builders.program_files import MINIMAL_FILE

CODE: dict[str, Any] = {
    "id": "code",
    "to": "referee",
    "on": "conversion.cleared",
    "kind": "discount_code",
    "percent": 20,
}
FORM: dict[str, Any] = {"prefix": "GLOW-", "pattern": "*****-*****"}
PATTERN = "/rewards/0/code/pattern"


def _mistakes(form: dict[str, Any], reward: dict[str, Any] = CODE, **program: Any) -> dict[str, str]:
    found = check_program_file({**MINIMAL_FILE, "rewards": [{**reward, "code": form}], **program})
    return {one.pointer: one.detail for one in found.mistakes}


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"prefix": "GLOW-"}, PATTERN),
        ({"pattern": "*****-*****"}, "/rewards/0/code/prefix"),
        (FORM | {"prefix": "glow-"}, "/rewards/0/code/prefix"),
        (FORM | {"prefix": "GLOW"}, "/rewards/0/code/prefix"),
        (FORM | {"pattern": "ABC-*****"}, PATTERN),
        (FORM | {"pattern": "-**********"}, PATTERN),
        (FORM | {"blocked_words": ["v"]}, "/rewards/0/code/blocked_words/0"),
        (FORM | {"blocked_words": ["VIP"] * 21}, "/rewards/0/code/blocked_words"),
        (FORM | {"up_to": 0}, "/rewards/0/code/up_to"),
        (FORM | {"check": False}, "/rewards/0/code/check"),
    ],
)
def test_each_field_has_its_bounds(form: dict[str, Any], pointer: str) -> None:
    """An unknown field is refused, too: codes always have a check character."""
    assert list(_mistakes(form)) == [pointer]


def test_only_generated_codes_have_a_form() -> None:
    """Not those of an uploaded pool, and nothing that is no code."""
    assert "generated" in _mistakes(FORM, CODE | {"pool": "vip"})["/rewards/0/code"]
    guide = {"id": "guide", "to": "referrer", "on": "conversion.cleared", "kind": "guide", "pool": "guide.pdf"}
    assert "discount_code" in _mistakes(FORM, guide)["/rewards/0/code"]
    assert _mistakes(FORM, CODE | {"pool": "generated"}) == {}


def test_a_code_space_that_is_too_small_is_refused_with_a_pattern_that_is_large_enough() -> None:
    """A million codes by default; the remedy in the message works."""
    detail = _mistakes(FORM | {"pattern": "****-**"})[PATTERN]
    assert "729,000,000 codes, too few for up to 1,000,000" in detail
    proposed = detail.partition("such as ")[2].partition(",")[0]
    assert _mistakes(FORM | {"pattern": proposed}) == {}
    assert _mistakes(FORM | {"pattern": proposed.removesuffix("*")}) != {}


def test_the_codes_that_will_be_given_are_bounded_by_the_rule_and_by_budgets() -> None:
    """729 million are enough for 3,000 codes; so are budgets that pay for as many."""
    small = FORM | {"pattern": "****-**"}
    assert code_space("****-**") >= needed_space(3_000)
    assert _mistakes(small | {"up_to": 3_000}) == {}
    assert list(_mistakes(small | {"up_to": 5_000})) == [PATTERN]
    total = {"caps": {"budget": {"total": 30_000, "currency": "CNY"}}}
    assert _mistakes(small, CODE | {"cost": 10}, **total) == {}
    assert list(_mistakes(small, CODE | {"cost": "0.5"}, **total)) == [PATTERN]
    own = {"budget": {"total": 3_000, "currency": "CNY"}}
    assert _mistakes(small, CODE | {"cost": 1} | own) == {}
    assert list(_mistakes(small, CODE | {"cost": 0} | own)) == [PATTERN]


def test_at_most_a_thousandth_of_the_space_is_given() -> None:
    """Few codes are limited by guessing, many by codes that would be equal by chance."""
    assert needed_space(19) == 19_000
    assert list(_mistakes(FORM | {"pattern": "####", "up_to": 5})) == [PATTERN]
    assert _mistakes(FORM | {"pattern": "####", "up_to": 4}) == {}
