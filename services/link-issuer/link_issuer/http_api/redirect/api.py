"""The redirect: a shared link leads to the program's target in one step, with a signed click token.

Links that work are answered by the front door (`front.py`). What comes here is new to this process, or leads nowhere.
"""

from flask import Response, request
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.redirect.dead_end_response import dead_end
from link_issuer.http_api.redirect.fast_path import HEADERS, hit
from link_issuer.http_api.redirect.redirect_resolver import Bounded, Hindered
from link_issuer.http_api.redirect.usage_limit import may_use
from referral.catalog.view import Catalog
from referral.http.context import Context, context
from referral.http.rate_limit import unlimited
from referral.log.errors import LogUnavailable

blueprint = Blueprint("redirect", __name__, description="Where shared links lead.")


@blueprint.route("/<code>", methods=["GET"])
@blueprint.doc(
    security=[],
    responses={
        302: {"description": "To the program's target, with the click token in the query parameter `rt`"},
        404: {"description": "Nobody has this code, or it does not work yet"},
        410: {"description": "The link or its program has ended, or the link was opened as often as it may be"},
        429: {
            "description": "This address asked for too many codes that nobody has; Retry-After says when to come back"
        },
        503: {
            "description": "Neither is known: the log, or what counts the uses of a link with a bound, does not answer"
        },
    },
)
@unlimited
def follow(code: str) -> Response:
    """Follow a shared link.

    Query parameters that the program's target does not set itself go on to it, 20 at most; never `rt`.
    """
    try:
        way = _way(code)
    except RedisError:
        return dead_end("uncounted", None, code)
    if isinstance(way, str):
        return Response(status=302, headers=[("Location", way), *HEADERS])
    return dead_end(way.why, way.owner, code) if isinstance(way, Hindered) else dead_end("unknown", None, code)


def _way(code: str) -> str | Hindered | Bounded | None:
    """Where the code leads. The catalog is read to its end before a code is unknown.

    Where it cannot be, a process that has known all of it once answers from that; a fresh one raises LogUnavailable.
    """
    here = context()
    if here.catalog.snapshot().code(code) is None:
        here.limiter.count(request)  # a look at the catalog's end takes a thread; guessing codes must not take them all
    try:
        return collaborators().onward.way(_catalog(here), code, hit(request.environ), may_use)
    except LogUnavailable:
        if not here.follower.was_complete():
            raise
        return collaborators().onward.way(here.catalog.snapshot(), code, hit(request.environ), may_use)


def _catalog(here: Context) -> Catalog:
    """One that waits for nothing once the log has been away for a while: waiting would hold up everybody."""
    follower = here.follower
    waits = follower.stale_reason() is None or not follower.was_complete()
    return here.catalog if waits else here.catalog.snapshot()
