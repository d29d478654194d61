"""Which programs a request may send events to: those that exist and that its key is for."""

from collections.abc import Callable

from conversion_tracker.dependencies import collaborators
from conversion_tracker.ingest.event_errors import Refused
from referral.events.entities import ApiKey
from referral.http.context import context


def admission(key: ApiKey) -> Callable[[str], None]:
    """A check that raises Refused for a program that is unknown or not the key's, and LogUnavailable if Kafka is unavailable."""

    def admit(program: str) -> None:
        if key.programs and program not in key.programs:
            raise Refused("other_program", "/program", f"The key {key.id} is not for {_short(program)}.")
        existing(program)

    return admit


def existing(program: str) -> None:
    """Raises Refused for a program that is unknown, and LogUnavailable if Kafka is unavailable."""
    if not _exists(program):
        raise Refused("unknown_program", "/program", f"There is no program {_short(program)}.")


def _exists(program: str) -> bool:
    """Whether there is such a program; "no" is said only after the catalog was read to its end."""
    known = collaborators().known
    if known.program(program) is None:
        context().follower.read_to_end()
    return known.program(program) is not None


def _short(program: str) -> str:
    return program if program.isprintable() else repr(program)
