"""The end of a link that leads nowhere: a page that says why and what still works; a problem for who asks for JSON."""

from flask import Response, request
from flask_babel import force_locale

from link_issuer.domain.link_spec import hindrance
from link_issuer.http_api.dependencies import collaborators
from link_issuer.pages.dead_end_page import WayOn, page
from link_issuer.pages.dead_end_texts import HAPPENED, DeadEnd
from referral.events.entities import Link, Participant
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.languages import localized
from referral.telemetry.metrics import counter

_CODES: dict[DeadEnd, str] = {
    "unknown": "unknown_code",
    "uncounted": "unavailable",
    "not_started": "link_not_started",
    "expired": "link_expired",
    "disabled": "link_disabled",
    "exhausted": "link_exhausted",
    "program_not_started": "program_not_started",
    "program_ended": "program_ended",
}
_GONE: frozenset[DeadEnd] = frozenset({"expired", "disabled", "exhausted", "program_ended"})


def dead_end(why: DeadEnd, owner: Participant | Link | None, code: str) -> Response:
    """404, 410 for what has been and is over, 503 for what cannot be told now. Raises Problem where JSON is preferred."""
    counter("redirects").labels(why).inc()
    status = 503 if why == "uncounted" else 410 if why in _GONE else 404
    later = {"Retry-After": "1"} if status == 503 else {}
    if _prefers_json():
        raise Problem(status, _CODES[why], _in_english(why), headers=later)
    shown = page(why, code, _way_on(owner))
    return Response(shown, status, {"Cache-Control": "no-store", **later}, mimetype="text/html")


def _way_on(owner: Participant | Link | None) -> WayOn | None:
    """What still works: the inviter's own code, else the program's fallback; nothing where neither is."""
    friend, program = _inviter(owner), _to_fall_back_to(owner)
    if friend:
        return WayOn("invitation", friend.display_name, collaborators().link(friend.code))
    if program and program.fallback_url:
        return WayOn("fallback", localized(program.name), program.fallback_url)
    return None


def _inviter(owner: Participant | Link | None) -> Participant | None:
    """Who made the link, where their own code still leads on."""
    if not isinstance(owner, Link):
        return None
    catalog, now_ms = context().catalog.snapshot(), context().clock.now_ms()
    friend = catalog.owner(owner)
    if friend is None:
        return None
    terms = catalog.program_at(friend.program, now_ms)
    return friend if hindrance(friend, terms, to_datetime(now_ms)) is None else None


def _to_fall_back_to(owner: Participant | Link | None) -> Program | None:
    """The newest rules of the code's program; nobody's code has none."""
    newest = context().catalog.snapshot().program(owner.program) if owner else None
    return newest.program if newest else None


def _in_english(why: DeadEnd) -> str:
    with force_locale("en"):
        return ". ".join(map(str, HAPPENED[why]))


def _prefers_json() -> bool:
    kinds = ["text/html", "application/json", "application/problem+json"]
    return request.accept_mimetypes.best_match(kinds, default="text/html") != "text/html"
