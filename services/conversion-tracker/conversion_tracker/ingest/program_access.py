"""Looks up the programs that the events of a request may belong to: existing ones that the API key is valid for."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.event_errors import EventRejected
from conversion_tracker.ingest.program_terms import ProgramLookup, ProgramTerms, program_terms
from referral.events.entities import ApiKey
from referral.http.context import context
from referral.log.errors import LogUnavailable


def program_access_check(key: ApiKey) -> ProgramLookup:
    """A look-up that raises EventRejected for a program that is unknown or that the key is not valid for.

    It raises LogUnavailable if Kafka is unavailable and the program is not in the catalog read so far.
    """

    fresh = _FreshCatalog()

    def look_up(program: str) -> ProgramTerms:
        if key.programs and program not in key.programs:
            problem = f"The API key {key.id} is not valid for {_printable(program)}."
            raise EventRejected("other_program", "/program", problem)
        return _require_terms(program, fresh)

    return look_up


def check_program_exists(program: str) -> ProgramTerms:
    """Returns the terms of a program. Raises EventRejected for an unknown one; LogUnavailable as above."""
    return _require_terms(program, _FreshCatalog())


class _FreshCatalog:
    """Reads the catalog to its end once in a request, before anything is reported as unknown."""

    def __init__(self) -> None:
        self._is_fresh = False

    def refresh(self) -> None:
        """Raises LogUnavailable."""
        if not self._is_fresh:
            context().follower.read_to_end()
            self._is_fresh = True

    def finds(self, look_up: Callable[[str], bool]) -> Callable[[str], bool]:
        """The look-up, repeated if needed. While Kafka is unavailable nothing is reported as unknown."""
        return lambda text: look_up(text) or self._finds_after_refresh(look_up, text)

    def listing(self, names: Callable[[], Sequence[str]]) -> Callable[[], Sequence[str]]:
        """The names, from the catalog read to its end; as they are known while Kafka is unavailable."""

        def fresh_names() -> Sequence[str]:
            with suppress(LogUnavailable):
                self.refresh()
            return names()

        return fresh_names

    def _finds_after_refresh(self, look_up: Callable[[str], bool], text: str) -> bool:
        try:
            self.refresh()
        except LogUnavailable:
            return True
        return look_up(text)


def _require_terms(program: str, fresh: _FreshCatalog) -> ProgramTerms:
    catalog = dependencies().catalog_snapshot
    if catalog.program(program) is None:
        fresh.refresh()
        if catalog.program(program) is None:
            raise EventRejected("unknown_program", "/program", f"The program {_printable(program)} does not exist.")
    terms = program_terms(program, catalog)
    has_code, has_mention = fresh.finds(terms.has_code), fresh.finds(terms.has_mention)
    return replace(terms, has_code=has_code, has_mention=has_mention, challenges=fresh.listing(terms.challenges))


def _printable(program: str) -> str:
    return program if program.isprintable() else repr(program)
