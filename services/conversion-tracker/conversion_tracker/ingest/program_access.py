"""Which programs a request may send events to: those that exist and that its key is for."""

from collections.abc import Callable

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.event_errors import EventRejected
from referral.events.entities import ApiKey
from referral.http.context import context


def program_access_check(key: ApiKey) -> Callable[[str], None]:
    """A check that raises Refused for a program that is unknown or not the key's, and LogUnavailable where nobody can tell."""

    def admit(program: str) -> None:
        if key.programs and program not in key.programs:
            raise EventRejected("other_program", "/program", f"The key {key.id} is not for {_printable(program)}.")
        check_program_exists(program)

    return admit


def check_program_exists(program: str) -> None:
    """Raises Refused for a program that is unknown, and LogUnavailable where nobody can tell."""
    if not _exists(program):
        raise EventRejected("unknown_program", "/program", f"There is no program {_printable(program)}.")


def _exists(program: str) -> bool:
    """Whether there is such a program; "no" is said only after the catalog was read to its end."""
    known = dependencies().catalog_snapshot
    if known.program(program) is None:
        context().follower.read_to_end()
    return known.program(program) is not None


def _printable(program: str) -> str:
    return program if program.isprintable() else repr(program)
