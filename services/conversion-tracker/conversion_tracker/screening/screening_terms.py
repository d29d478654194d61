"""What screening needs of each program version, prepared once: the version itself, the time zone, the rules that it applies."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversion_tracker.screening.catalogue import AppliedRule, applied_rules
from conversion_tracker.screening.rule import ScreeningRule
from referral.catalog.view import Catalog
from referral.events.entities import ProgramVersion
from referral.events.program import Program


@dataclass(frozen=True, slots=True)
class ScreeningTerms:
    """A program version, prepared. `timezone` is that of the program's first version, as for boards."""

    program: Program
    timezone: str
    rules: Sequence[AppliedRule]
    versions: Sequence[ProgramVersion]  # all versions, as the catalog had them


class ScreeningTermsCache:
    """The terms of all program versions; those of a program are prepared again when its versions change."""

    def __init__(self, rules: Sequence[ScreeningRule]) -> None:
        self._rules = rules
        self._terms: dict[tuple[str, int], ScreeningTerms] = {}

    def of_version(self, program: str, version: int, catalog: Catalog) -> ScreeningTerms:
        """Returns the terms of a version. Raises LookupError if the catalog does not have it."""
        versions = catalog.versions(program)
        known = self._terms.get((program, version))
        if known is not None and known.versions is versions:
            return known
        return self._prepare(program, version, versions)

    def _prepare(self, program: str, version: int, versions: Sequence[ProgramVersion]) -> ScreeningTerms:
        found = next((one.program for one in versions if one.version == version), None)
        if found is None:
            raise LookupError(f"the catalog has no version {version} of {program}")
        timezone = versions[0].program.timezone
        terms = ScreeningTerms(found, timezone, applied_rules(found.screening, self._rules), versions)
        self._terms[program, version] = terms
        return terms
