"""What the validation of events knows about their program: from when its events count, and which codes and mentions it has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from referral.catalog.view import Catalog
from referral.events.timestamps import to_ms


@dataclass(frozen=True, slots=True)
class ProgramTerms:
    """`counts_from` is the second in which the program was applied first.

    `has_code` also knows links; `has_mention` takes the pseudonym of a mention. `handle_patterns` are the program's own patterns
    of throw-away names at a time, `challenges` the ids of all that it has ever declared.
    """

    counts_from: datetime
    has_code: Callable[[str], bool]
    has_mention: Callable[[str], bool]
    handle_patterns: Callable[[datetime], Sequence[str]] = lambda _: ()
    challenges: Callable[[], Sequence[str]] = lambda: ()


ProgramLookup = Callable[[str], ProgramTerms]
"""Returns the terms of a program. Raises EventRejected if events of the program are not accepted in this request."""


def program_terms(program: str, catalog: Catalog) -> ProgramTerms:
    """The terms of a program that exists."""

    def has_code(code: str) -> bool:
        owner = catalog.code(code)
        return owner is not None and owner.program == program

    def handle_patterns(at: datetime) -> Sequence[str]:
        version = catalog.program_at(program, to_ms(at))
        return version.program.screening.disposable_handle.patterns if version else ()

    declared: tuple[object, Sequence[str]] = None, ()

    def challenges() -> Sequence[str]:
        """A batch may have thousands of events of challenges: the list is made once for each state of the catalog."""
        nonlocal declared
        versions = catalog.versions(program)
        if declared[0] is not versions:
            declared = versions, [*dict.fromkeys(one.id for each in versions for one in each.program.challenges)]
        return declared[1]

    counts_from = min(version.recorded_at for version in catalog.versions(program)).replace(microsecond=0)
    return ProgramTerms(
        counts_from,
        has_code,
        lambda mention: catalog.mention(program, mention) is not None,
        handle_patterns,
        challenges,
    )
