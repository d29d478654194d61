"""Generated documentation pages are up to date."""

import pytest

from referral_tools.commands.docs import PAGES, current


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    """Settings, metrics, topics and event types are documented from one table each; a change without `make docs` fails here."""
    assert current(name, PAGES[name]()), f"docs/{name} is out of date: run `make docs`"
