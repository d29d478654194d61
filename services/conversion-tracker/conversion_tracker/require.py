"""404 guards: the program or conversion that a request is about."""

from flask import g

from conversion_tracker.dependencies import dependencies
from conversion_tracker.screening.conversion import Conversion
from referral.http.api_keys import require_program_access
from referral.http.problems import Problem


def require_conversion(id: str) -> Conversion:
    """The conversion. Raises Problem 404 if it is unknown, 403 if the API key is not valid for its program."""
    conversion = dependencies().conversions.find(id)
    if conversion is None:
        detail = (
            f"The conversion {id} does not exist. GET /v1/programs/{{program}}/conversions lists them, within a second."
        )
        raise Problem(404, "unknown_conversion", detail)
    require_program_access(g.key, conversion.program)
    return conversion
