"""What a request is about, where it must be there: a program, a conversion."""

from flask import g

from conversion_tracker.dependencies import dependencies
from conversion_tracker.screening.conversion import Conversion
from referral.http.api_keys import require_program_access
from referral.http.context import context
from referral.http.problems import Problem


def require_program(program: str) -> None:
    """Raises Problem 404 where there is no such program."""
    if not context().catalog.versions(program):
        detail = f"There is no program {program}. Check its id; GET /v1/programs of the link issuer lists them."
        raise Problem(404, "unknown_program", detail)


def require_conversion(id: str) -> Conversion:
    """The conversion, if the caller may know of it. Raises Problem 404, or 403 for one of another program."""
    found = dependencies().conversions.find(id)
    if found is None:
        detail = f"There is no conversion {id}. GET /v1/programs/{{program}}/conversions lists them, within a second."
        raise Problem(404, "unknown_conversion", detail)
    require_program_access(g.key, found.program)
    return found
