"""Guards for what a request refers to: a conversion."""

from flask import g

from conversion_tracker.dependencies import dependencies
from conversion_tracker.screening.conversion import Conversion
from referral.http.api_keys import require_program_access
from referral.http.problems import Problem


def require_conversion(id: str) -> Conversion:
    """The conversion, if the caller may know of it. Raises Problem 404, or 403 for one of another program."""
    found = dependencies().conversions.find(id)
    if found is None:
        detail = f"There is no conversion {id}. GET /v1/programs/{{program}}/conversions lists them, within a second."
        raise Problem(404, "unknown_conversion", detail)
    require_program_access(g.key, found.program)
    return found
