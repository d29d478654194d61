"""Limits of links with `max_uses`: a person's visit is counted before the redirect; automated clients are not counted."""

import structlog

from link_issuer.http_api.dependencies import dependencies
from link_issuer.usage_counter import is_snapshot_due
from referral.events.entities import Link, LinkUsed
from referral.events.facts import Visitor
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.log.errors import NotDurable

log = structlog.get_logger()


def use_link(link: Link, max_uses: int, visitor: Visitor) -> bool:
    """Whether the link may be opened once more; a person's visit is counted. Raises RedisError."""
    catalog, counter = context().catalog, dependencies().usage_counter
    written, most = catalog.uses(link.code), max_uses + catalog.returned_uses(link.code)
    if visitor != "person":
        return counter.count(link.code, written) < most
    uses = counter.use(link.code, written, most)
    if uses is not None and is_snapshot_due(uses, most):
        _write_snapshot(link, uses)
    return uses is not None


def current_uses(link: Link) -> int:
    """How often people have opened a link with `max_uses`, without uses returned by reclassification. Raises RedisError."""
    catalog, counter = context().catalog, dependencies().usage_counter
    return max(0, counter.count(link.code, catalog.uses(link.code)) - catalog.returned_uses(link.code))


def _write_snapshot(link: Link, uses: int) -> None:
    """Writes a count to the catalog. If that fails the person is redirected all the same, and the next snapshot makes up for it."""
    try:
        now = to_datetime(context().clock.now_ms())
        dependencies().store.write([LinkUsed(recorded_at=now, code=link.code, uses=uses)])
    except NotDurable as error:
        log.warning("usage snapshot not written", code=link.code, uses=uses, reason=str(error))
