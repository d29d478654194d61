"""Words that a program forbids in codes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.codes import code_prefix
from link_issuer.domain.link_spec import LinkSpec, link_mistakes
from link_issuer.store import CodeRequest
from referral.events.blocked_words import find_blocklisted
from referral.events.program import CodeRules, Program

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _program(rules: CodeRules) -> Program:
    return Program(
        id="prg_x", name={"en": "X"}, timezone="UTC", target_url="https://example.com", channels=("web",), codes=rules
    )


@given(st.sampled_from(["Viper", "VIP", "Amy", "李雷", "bo"]), st.text(min_size=1), st.integers(0, 15))
def test_no_derived_code_contains_a_blocklisted_word(name: str, owner: str, attempt: int) -> None:
    """Also if a person's name begins with one: then the code is derived without the name."""
    code = CodeRequest(owner, code_prefix(name), blocklist=("vip", "BO")).candidate(attempt)
    assert code is not None
    assert find_blocklisted(code, ("VIP", "BO")) is None


def test_a_blocklist_does_not_change_other_codes() -> None:
    """A name without blocklisted words has the same code as without a blocklist."""
    assert CodeRequest("par_1", "AMY", blocklist=("VIP",)).candidate(0) == CodeRequest("par_1", "AMY").candidate(0)


@pytest.mark.parametrize(
    ("rules", "code", "details"),
    [
        (CodeRules(blocklist=("vip",)), "MYVIP", ["MYVIP contains vip"]),
        (CodeRules(blocklist=("vip",)), "AMYGLOW", []),
        (CodeRules(vanity=False), "AMYGLOW", ["does not allow chosen codes"]),
        (CodeRules(vanity=False), None, []),
    ],
)
def test_a_chosen_code_is_checked_against_the_programs_rules(
    rules: CodeRules, code: str | None, details: list[str]
) -> None:
    """The message names the word or rule, and the remedy."""
    found = list(link_mistakes(LinkSpec(code=code), _program(rules), NOW))
    assert [one.pointer for one in found] == ["/code"] * len(details)
    assert all(detail in one.detail for detail, one in zip(details, found, strict=True))
