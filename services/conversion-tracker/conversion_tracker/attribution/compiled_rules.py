"""Programs' rules, compiled once a version and found by moment or by number."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from conversion_tracker.attribution.rules import Price, Rules, rules_of
from referral.catalog.view import Catalog
from referral.events.entities import ProgramVersion


@dataclass(frozen=True, slots=True)
class Page:
    """One program as it was when this was compiled: versions, the moments they took effect, their rules also by number."""

    versions: list[ProgramVersion]
    moments: list[datetime]
    rules: list[Rules]
    numbered: dict[int, Rules]
    known_from: datetime  # the second in which the program was first heard of
    prices: list[tuple[datetime, Price]]  # what an order had to come to, by the moment from which a version said so

    def at(self, moment: datetime) -> Rules | None:
        """The rules in force at a moment; None before the first."""
        index = bisect_right(self.moments, moment)
        return self.rules[index - 1] if index else None

    def priced(self, moment: datetime) -> list[Price]:
        """What orders have been asked for by a moment. An order that meets none of it can qualify nobody who followed by then."""
        return [price for since, price in self.prices if since <= moment]

    def of(self, version: int) -> Rules | None:
        """The rules of a version; None for version 0, which stands for none in force."""
        return self.numbered.get(version)


class Rulebook:
    """The pages of all programs. What it keeps is only a memory of the catalog: a page is compiled anew when that has changed."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}

    def page(self, program: str, catalog: Catalog) -> Page | None:
        """A program's page; None where there is no such program."""
        versions = catalog.versions(program)
        page = self._pages.get(program)
        if page is not None and page.versions is versions:
            return page
        return self._compile(program, versions) if versions else None

    def _compile(self, program: str, versions: list[ProgramVersion]) -> Page:
        rules = [rules_of(one) for one in versions]
        page = self._pages[program] = Page(
            versions=versions,
            moments=[one.effective_from for one in versions],
            rules=rules,
            numbered={one.version: one for one in rules},
            known_from=min(one.recorded_at for one in versions).replace(microsecond=0),
            prices=[(one.effective_from, rule.price) for one, rule in zip(versions, rules, strict=True) if rule.price],
        )
        return page
