"""Fixtures of link-issuer's integration tests."""

from collections.abc import Iterator

import pytest

from referral.config import Settings
from tests.support.systems.link_issuer import RULES, LinkIssuer, serve_link_issuer


@pytest.fixture
def issuer(settings: Settings) -> Iterator[LinkIssuer]:
    """Link-issuer with API keys and no programs."""
    with serve_link_issuer(settings) as system:
        yield system


@pytest.fixture
def glow(issuer: LinkIssuer) -> LinkIssuer:
    """Link-issuer with a program in force."""
    assert issuer.apply(RULES).status_code == 201
    return issuer
