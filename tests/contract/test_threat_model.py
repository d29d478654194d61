"""The threat model: every claim has tests, and these exist."""

import re
from pathlib import Path

import pytest

from tests.support.defined_tests import defined_tests

PAGE = Path("docs/threat-model.md")
_ROW = re.compile(r"^\| (?P<claim>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def claims() -> list[tuple[str, str]]:
    """Every claim of the page, with the cell of its tests."""
    rows = [(row["claim"], row["tests"]) for row in _ROW.finditer(PAGE.read_text("utf-8"))]
    return [row for row in rows if row != ("claim", "tests")]


def test_the_page_has_claims() -> None:
    """Otherwise the tests below would check nothing."""
    assert len(claims()) > 25


@pytest.mark.parametrize(("claim", "named"), claims(), ids=[claim[:60] for claim, _ in claims()])
def test_a_claim_names_tests_that_exist(claim: str, named: str) -> None:
    """A claim without a test is a hope; one whose test was renamed must follow it."""
    found = _TEST.findall(named)
    assert found, f"no test for: {claim}"
    assert _TEST.sub("", named).strip(", ") == ""
    for path, name in found:
        assert name in defined_tests(path), f"{path} has no {name}"


def test_the_security_page_leads_to_the_threat_model() -> None:
    """Who looks for it looks there first."""
    assert "docs/threat-model.md" in Path("SECURITY.md").read_text("utf-8")
