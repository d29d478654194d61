"""axe-core (tests/support/axe_core, MPL-2.0): the rules of WCAG 2.2 A and AA that a program can check, on an open page."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_SOURCE = Path(__file__).parent / "axe_core" / "axe.min.js"
_RUN = """async () => (await axe.run(document, {
    resultTypes: ["violations"],  // what passes is not described, which takes as long as all checks
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
})).violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html}\n${failureSummary}`))"""


@cache
def _source() -> str:
    return _SOURCE.read_text("utf-8")


def violations(page: Page) -> list[str]:
    """Returns the violations, each with its rule, its element and what to do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN)
    return found
