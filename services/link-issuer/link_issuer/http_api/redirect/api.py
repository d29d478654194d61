"""The redirect route: a shared link leads to the program's target in one step, with a signed click token.

Links that work are answered by `fast_path.py` before this view. This view answers codes that this process does not know yet,
links with `max_uses`, and codes that lead nowhere.
"""

from flask import Response, request
from redis.exceptions import RedisError

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.redirect.dead_end_response import dead_end
from link_issuer.http_api.redirect.fast_path import HEADERS, read_visit
from link_issuer.http_api.redirect.redirect_resolver import NeedsUsageCheck, Unavailable
from link_issuer.http_api.redirect.usage_limit import use_link
from referral.catalog.view import Catalog
from referral.http.context import Context, context
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.log.errors import LogUnavailable

blueprint = Blueprint("redirect", __name__, description="The redirect from shared links to the program's target.")


@blueprint.route("/<code>", methods=["GET"])
@blueprint.doc(
    security=[],
    responses={
        302: {"description": "To the program's target, with the click token in the query parameter `rt`"},
        404: {"description": "The code is unknown, or does not work yet"},
        410: {"description": "The link or its program has ended, or the link has reached its `max_uses`"},
        429: {"description": "This address requested too many unknown codes; Retry-After is when it may try again"},
        503: {"description": "Unknown at the moment: Kafka, or Redis for a link with `max_uses`, does not respond"},
    },
)
@without_rate_limit
def follow(code: str) -> Response:
    """Follow a shared link.

    Up to 20 query parameters are forwarded to the program's target, except those that the target itself sets, and `rt`.
    """
    try:
        resolved = _resolve(code)
    except RedisError:
        return dead_end("uncounted", None, code)
    if isinstance(resolved, str):
        return Response(status=302, headers=[("Location", resolved), *HEADERS])
    if isinstance(resolved, Unavailable):
        return dead_end(resolved.reason, resolved.holder, code)
    context().limiter.count_miss(request)  # also if the log is unavailable, so that the catalog was not read
    return dead_end("unknown", None, code)


def _resolve(code: str) -> str | Unavailable | NeedsUsageCheck | None:
    """Where the code leads. Reads the catalog to its end before it reports a code as unknown.

    If the log does not respond, a process that has read the whole catalog before answers from what it has; one that has not
    raises LogUnavailable.
    """
    ctx = context()
    resolver, visit = dependencies().redirect_resolver, read_visit(request.environ)
    try:
        return resolver.resolve(_catalog(ctx), code, visit, use_link)
    except LogUnavailable:
        if not ctx.follower.was_complete():
            raise
        return resolver.resolve(ctx.catalog.snapshot(), code, visit, use_link)


def _catalog(ctx: Context) -> Catalog:
    """The catalog; a snapshot that never waits for the log if that has been unavailable for a while."""
    follower = ctx.follower
    waits = follower.stale_reason() is None or not follower.was_complete()
    return ctx.catalog if waits else ctx.catalog.snapshot()
