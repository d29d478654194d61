"""`GET /referral.js`: the script for a program's own pages. It keeps who invited a visitor until they sign up."""

from functools import cache
from pathlib import Path

from flask import Response, request

from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit

SCRIPT = Path(__file__).parents[2] / "pages/assets/referral.js"
_MAX_AGE_S = 3600
_JAVASCRIPT = {"text/javascript": {"schema": {"type": "string"}}}
CROSS_ORIGIN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Headers of what pages of any origin may read. It depends on no cookie."""

blueprint = Blueprint("referral_script", __name__, description="The script for a program's own pages.")


@blueprint.route("/referral.js", methods=["GET"])
@blueprint.doc(security=[], responses={200: {"description": "The script.", "content": _JAVASCRIPT}})
@without_rate_limit
def script() -> Response:
    """The script for the pages of a program: it keeps click token and code of a visitor, and fills them into forms.

    It may be cached for an hour, and is revalidated by its ETag. It sets no cookie of this service.
    """
    response = Response(_source(), mimetype="text/javascript", headers=CROSS_ORIGIN)
    response.cache_control.public, response.cache_control.max_age = True, _MAX_AGE_S
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def _source() -> bytes:
    return SCRIPT.read_bytes()
