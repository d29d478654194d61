"""Links that may be opened so many times: a person's opening is counted before they are sent on, a machine's is not."""

import structlog

from link_issuer.domain.uses import is_due
from link_issuer.http_api.dependencies import collaborators
from referral.events.entities import Link, LinkUsed
from referral.events.facts import Visitor
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.log.errors import NotDurable

log = structlog.get_logger()


def may_use(link: Link, most: int, who: Visitor) -> bool:
    """Whether the link takes this visitor; a person is counted. Raises RedisError: then nobody knows."""
    written, most = context().catalog.uses(link.code), most + context().catalog.returned_uses(link.code)
    if who != "person":
        return collaborators().uses.count(link.code, written) < most
    uses = collaborators().uses.take(link.code, written, most)
    if uses is not None and is_due(uses, most):
        _write_down(link, uses)
    return uses is not None


def uses_of(link: Link) -> int:
    """How often people have opened a link with a bound; a click that was no person's, as it turned out, is not one. Raises
    RedisError.
    """
    catalog = context().catalog
    return max(0, collaborators().uses.count(link.code, catalog.uses(link.code)) - catalog.returned_uses(link.code))


def _write_down(link: Link, uses: int) -> None:
    """Into the catalog. Where that does not answer the person goes on all the same: the next one due says it again."""
    try:
        now = to_datetime(context().clock.now_ms())
        collaborators().store.keep([LinkUsed(recorded_at=now, code=link.code, uses=uses)])
    except NotDurable as error:
        log.warning("uses not written down", code=link.code, uses=uses, reason=str(error))
