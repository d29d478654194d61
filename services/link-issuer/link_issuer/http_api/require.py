"""Guards of the views: what a request refers to must exist, and the API key must have access to its program."""

from flask import g

from referral.events.entities import Link, Participant
from referral.http.api_keys import require_program_access
from referral.http.context import context
from referral.http.problems import Problem


def require_participant(participant: str) -> Participant:
    """A participant by `psn_…` id.

    Raises Problem 404 if unknown, 403 if the key has no access to the program, 410 if they were erased.
    """
    found = context().catalog.participant(participant)
    if found is None:
        raise Problem(
            404, "unknown_participant", f"Unknown participant {participant}. The id is returned by enrolment."
        )
    require_program_access(g.key, found.program)
    if found.erased_at is not None:
        raise erased(participant)
    return found


def erased(participant: str) -> Problem:
    """Returns the 410 for a participant who was erased."""
    detail = (
        f"{participant} was erased: nothing is known about them, and their code leads nowhere. Enrol the person again."
    )
    return Problem(410, "erased", detail)


def require_code_holder(code: str) -> Participant | Link:
    """The participant or link with a code. Raises Problem 404 if the code is unknown."""
    holder = context().catalog.code(code)
    if holder is None:
        detail = f"Unknown code {code}. Check it for typos: generated codes never contain 0, O, 1, I or L."
        raise Problem(404, "unknown_code", detail)
    return holder
