"""What the validation of events knows about their program: from when its events count, and which codes and mentions it has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from referral.catalog.view import Catalog


@dataclass(frozen=True, slots=True)
class ProgramTerms:
    """`counts_from` is the second in which the program was applied first. `has_code` and `has_mention` also know links."""

    counts_from: datetime
    has_code: Callable[[str], bool]
    has_mention: Callable[[str], bool]


ProgramLookup = Callable[[str], ProgramTerms]
"""Returns the terms of a program. Raises EventRejected if events of the program are not accepted in this request."""


def program_terms(program: str, catalog: Catalog) -> ProgramTerms:
    """The terms of a program that exists."""

    def has_code(code: str) -> bool:
        owner = catalog.code(code)
        return owner is not None and owner.program == program

    counts_from = min(version.recorded_at for version in catalog.versions(program)).replace(microsecond=0)
    return ProgramTerms(counts_from, has_code, lambda mention: catalog.mention(program, mention) is not None)
