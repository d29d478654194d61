"""Warnings about files and codes that a program's rewards need."""

import pytest

from referral.events.reward_rules import Reward
from referral.program_file.check import check_program_file
from referral.program_file.supply import supply_problems
from tests.support.builders.participants import PROGRAM
from tests.support.builders.program_files import MINIMAL_FILE
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE, reward_terms

VIP = Reward(id="vip", to="referee", on="conversion.cleared", kind="discount_code", pool="vip")
CONTENT = Reward(id="content", to="referrer", on="conversion.cleared", kind="exclusive_content")
FILE = "skincare-secrets.pdf"


def _problems(
    *rules: Reward, codes: list[str] | None = None, files: list[str] | None = None
) -> list[tuple[str, str, str]]:
    found = supply_problems(reward_terms(*rules).program, codes, files)
    return [(one.code, one.pointer, one.detail) for one in found]


def test_a_program_with_its_files_and_codes_has_no_problem() -> None:
    """Generated codes, and kinds that hand nothing over, need neither."""
    assert _problems(GUIDE, FIRST20, BONUS3, VIP, codes=["vip"], files=[FILE]) == []
    assert _problems(GUIDE, VIP) == [], "nothing is known about files and codes"


def test_a_guide_whose_file_is_missing_or_misspelt_is_named_with_the_file_that_is_there() -> None:
    """Where it belongs, and what was probably meant."""
    ((code, pointer, detail),) = _problems(GUIDE, files=["skincare-secret.pdf", "x"])
    assert (code, pointer) == ("guide_missing", "/rewards/0/pool")
    assert f"there is no file {FILE} in the folder {PROGRAM} of REFERRAL_GUIDES" in detail
    assert "write skincare-secret.pdf" in detail


def test_exclusive_content_without_a_file_is_a_mistake_and_a_problem_of_versions_from_before() -> None:
    """It would be fulfilled with nothing."""
    rewards = [{"id": "c", "to": "referrer", "on": "conversion.cleared", "kind": "exclusive_content"}]
    ((pointer, detail),) = [
        (one.pointer, one.detail) for one in check_program_file(MINIMAL_FILE | {"rewards": rewards}).mistakes
    ]
    assert pointer == "/rewards/0/pool"
    assert detail.startswith("is required: exclusive_content needs its file name")
    assert [code for code, _, _ in _problems(CONTENT, files=[])] == ["guide_missing"]


@pytest.mark.parametrize("codes", [[], ["vipp"]])
def test_a_pool_without_codes_is_named_with_the_request_that_fills_it(codes: list[str]) -> None:
    """Its rewards are held until then."""
    code, pointer, detail = _problems(VIP, codes=codes)[0]
    assert (code, pointer) == ("pool_without_codes", "/rewards/0/pool")
    assert f"PUT /v1/programs/{PROGRAM}/pools/vip/codes" in detail
    assert ("write vipp" in detail) is ("vipp" in codes)


def test_codes_of_a_pool_that_no_rule_names_are_reported() -> None:
    """They would never be issued. The file of a guide is no pool."""
    (found,) = _problems(VIP, GUIDE, codes=["vip", FILE])
    assert found[:2] == ("pool_without_rule", "/rewards")
    assert "rules name vip" in found[2]
    (alone,) = _problems(FIRST20, codes=["mugs"])
    assert "no rule names a pool of codes" in alone[2]
