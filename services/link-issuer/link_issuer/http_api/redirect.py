"""The redirect: a shared link leads to the program's target in one step, with a signed click token.

Links that work are answered by the front door (`front.py`). What comes here is new to this process, or leads nowhere.
"""

from flask import Response, request
from flask_smorest import Blueprint

from link_issuer.http_api.dead_end import dead_end
from link_issuer.http_api.desk import desk
from link_issuer.http_api.front import HEADERS, hit
from referral.catalog.view import Catalog
from referral.http.context import context
from referral.http.limits import unlimited

blueprint = Blueprint("redirect", __name__, description="Where shared links lead.")


@blueprint.route("/<code>", methods=["GET"])
@blueprint.doc(
    security=[],
    responses={
        302: {"description": "To the program's target, with the click token in the query parameter `rt`"},
        404: {"description": "Nobody has this code, or it does not work yet"},
        410: {"description": "The link or its program has ended"},
    },
)
@unlimited
def follow(code: str) -> Response:
    """Follow a shared link."""
    way = desk().onward.way(_catalog(), code, hit(request.environ))
    if isinstance(way, str):
        return Response(status=302, headers=[("Location", way), *HEADERS])
    return dead_end("unknown", None, code) if way is None else dead_end(way.why, way.owner, code)


def _catalog() -> Catalog:
    """Reads to its end before a code is unknown; not while the log is away: waiting would hold up everybody."""
    here = context()
    return here.catalog if here.follower.caught_up() is None else here.catalog.as_read()
