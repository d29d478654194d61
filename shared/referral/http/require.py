"""Guards that every service shares: what a request refers to must exist."""

from referral.events.entities import ProgramVersion
from referral.http.context import context
from referral.http.problems import Problem


def require_program(program: str) -> ProgramVersion:
    """Returns the newest version of a program, in force or not yet. Raises Problem 404 if the catalog has none."""
    newest = context().catalog.program(program)
    if newest is None:
        raise unknown_program(program)
    return newest


def unknown_program(program: str) -> Problem:
    """Returns the 404 for a program that the catalog does not have."""
    detail = (
        f"Unknown program {program!r}. Check its id: `GET /v1/programs` of link-issuer lists all programs;"
        " `referral program apply FILE` creates one."
    )
    return Problem(404, "unknown_program", detail)
