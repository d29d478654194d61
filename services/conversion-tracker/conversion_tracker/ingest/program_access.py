"""Checks which programs the events of a request may belong to: existing ones that the API key is valid for."""

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.event_errors import EventRejected
from conversion_tracker.ingest.validation import ProgramCheck
from referral.events.entities import ApiKey
from referral.http.context import context


def program_access_check(key: ApiKey) -> ProgramCheck:
    """A check that raises EventRejected for a program that is unknown or that the key is not valid for.

    It raises LogUnavailable if Kafka is unavailable and the program is not in the catalog read so far.
    """

    def check(program: str) -> None:
        if key.programs and program not in key.programs:
            problem = f"The API key {key.id} is not valid for {_printable(program)}."
            raise EventRejected("other_program", "/program", problem)
        check_program_exists(program)

    return check


def check_program_exists(program: str) -> None:
    """Raises EventRejected for an unknown program; LogUnavailable as above."""
    if not _exists(program):
        raise EventRejected("unknown_program", "/program", f"The program {_printable(program)} does not exist.")


def _exists(program: str) -> bool:
    """Whether the program exists; False only after the catalog was read to its end."""
    return (dependencies().catalog_snapshot.program(program) or context().catalog.program(program)) is not None


def _printable(program: str) -> str:
    return program if program.isprintable() else repr(program)
