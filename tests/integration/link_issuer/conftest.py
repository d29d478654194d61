"""Fixtures of link-issuer's integration tests."""

from collections.abc import Iterator

import pytest

from referral.config import Settings
from tests.support.systems.link_issuer import RULES, System, served


@pytest.fixture
def issuer(settings: Settings) -> Iterator[System]:
    """Link-issuer with API keys and no programs."""
    with served(settings) as system:
        yield system


@pytest.fixture
def glow(issuer: System) -> System:
    """Link-issuer with a program in force."""
    assert issuer.apply(RULES).status_code == 201
    return issuer
