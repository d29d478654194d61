"""`/q/{id}`: the QR code of a group chat that has room. It moves on to the next one when a code is full or over.

A person counts once for each QR code: a cookie of this page remembers which one they were shown. Programs that look and previews
count as no one, and so do visitors from a network beyond its limit: they see the code and take no place.
"""

import re
from dataclasses import dataclass

import segno
from flask import Response, make_response, render_template, request
from redis.exceptions import RedisError

from link_issuer.domain.group_codes import counter_name, find_group, open_code, parse_group_id
from link_issuer.domain.visitor_class import classify_visitor
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.redirect.fast_path import read_visit
from link_issuer.http_api.visitor_network import visitor_network
from link_issuer.usage_counter import is_snapshot_due
from referral.events.entities import LinkUsed
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.events.wechat_rules import GroupCode, WechatGroup
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.log.errors import NotDurable
from referral.pages.languages import localize, use_languages_of
from referral.telemetry.metrics import counter

blueprint = Blueprint("groups", __name__, template_folder="../pages/templates", description="Group chats of a program.")
_COOKIE, _COOKIE_S = "group", 30 * 24 * 3600
_COUNTER_NAME = re.compile(r"group-[0-9a-f]{24}")
_HTML = {"text/html": {"schema": {"type": "string"}}}


@dataclass(frozen=True, slots=True)
class _Group:
    program: Program
    group: WechatGroup


@blueprint.route("/q/<id>", methods=["GET"])
@blueprint.doc(
    security=[],
    responses={
        200: {"description": "The page with the QR code.", "content": _HTML},
        404: {"description": "There is no such group."},
        410: {"description": "All QR codes are full or over.", "content": _HTML},
        503: {"description": "Redis does not respond, so that visitors cannot be counted."},
    },
)
@without_rate_limit
def page(id: str) -> Response:
    """The group's QR code that has room, for people who came from a message or a poster. `id` is such as glow.fans."""
    found = _require_group(id)
    use_languages_of(found.program.name)
    try:
        code = _choose(found)
    except RedisError:
        raise Problem(
            503, "unavailable", "Visitors cannot be counted now. Try again.", headers={"Retry-After": "2"}
        ) from None
    counter("group_visits").labels("shown" if code else "full").inc()
    html = render_template(
        "group.html", name=localize(found.group.name), program=localize(found.program.name), qr=_picture(code)
    )
    answer = make_response(html, 200 if code else 410, {"Cache-Control": "private, no-store"})
    if code is not None:
        _remember(answer, found, code)
    return answer


def _require_group(id: str) -> _Group:
    address = parse_group_id(id) if len(id) <= 128 else None
    version = context().catalog.program_at(address.program, context().clock.now_ms()) if address else None
    group = find_group(version.program, address.group) if version and address else None
    if version is None or group is None:
        context().limiter.count_miss(request)
        raise Problem(404, "unknown_group", "There is no such group. Check the address.")
    return _Group(version.program, group)


def _choose(found: _Group) -> GroupCode | None:
    """The QR code to show. A person who was shown one before sees it again, and is not counted twice."""
    now = to_datetime(context().clock.now_ms())
    seen = request.cookies.get(_COOKIE, "")
    if _COUNTER_NAME.fullmatch(seen):
        again = open_code(found.group, now, lambda code: _name(found, code) == seen)
        if again is not None:
            return again
    visit = read_visit(request.environ)
    is_person = classify_visitor(visit.method, visit.purpose, visit.user_agent) == "person"
    takes_place = is_person and _is_below_limit(found)
    return open_code(found.group, now, lambda code: _take(found, code, takes_place=takes_place))


def _is_below_limit(found: _Group) -> bool:
    group = f"{found.program.id}.{found.group.id}"
    return dependencies().group_visit_limit.allows(group, visitor_network(b"group network"))


def _take(found: _Group, code: GroupCode, *, takes_place: bool) -> bool:
    """Whether the QR code has room; with `takes_place` it then has one place less. Raises RedisError."""
    name, uses = _name(found, code), dependencies().usage_counter
    written = context().catalog.snapshot().uses(name)
    if not takes_place:
        return uses.count(name, written) < code.cap
    count = uses.use(name, written, code.cap)
    if count is not None and is_snapshot_due(count, code.cap):
        _write_snapshot(name, count)
    return count is not None


def _write_snapshot(name: str, count: int) -> None:
    """Writes a count to the catalog. If that fails the next snapshot makes up for it."""
    try:
        now = to_datetime(context().clock.now_ms())
        dependencies().store.write([LinkUsed(recorded_at=now, code=name, uses=count)])
    except NotDurable:
        counter("group_visits").labels("snapshot_failed").inc()


def _remember(answer: Response, found: _Group, code: GroupCode) -> None:
    is_secure = context().settings.public_url.startswith("https:")
    answer.set_cookie(
        _COOKIE, _name(found, code), _COOKIE_S, path=request.path, httponly=True, samesite="Lax", secure=is_secure
    )


def _name(found: _Group, code: GroupCode) -> str:
    return counter_name(found.program.id, found.group.id, code)


def _picture(code: GroupCode | None) -> str:
    """The QR code as a data URL; a PNG, since WeChat recognizes what is pressed only in pictures. Empty without a code."""
    if code is None:
        return ""
    return segno.make_qr(code.url, error="m").png_data_uri(scale=8, border=2, dark="#2b2320", light="#ffffff")
