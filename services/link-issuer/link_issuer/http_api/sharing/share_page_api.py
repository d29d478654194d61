"""The share page of a code, and its poster. Public: shows names, but no ids."""

from threading import BoundedSemaphore
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request, url_for
from flask_smorest import Blueprint

from link_issuer.domain.availability import unavailable_reason
from link_issuer.domain.share_kit import ShareKit, policy_violations
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.redirect.dead_end_response import dead_end
from link_issuer.pages.fonts import FontMissing, drawable_text
from link_issuer.pages.invitation import Invitation, invitation_kit, page_channel, page_content
from link_issuer.pages.poster import render_png
from link_issuer.pages.share_page import SharePage, compose_poster, compose_share_page
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.pages.languages import language, use_languages_of

_DESCRIPTIONS = {
    "channel": "Where it will be shared: xiaohongshu, wechat, weibo, douyin or web; by default the link's channel, or web.",
    "content": "The content item; by default the link's, or the program's first.",
    "lang": "zh-CN or en; by default the browser's language.",
}
PARAMETERS = [
    {"in": "query", "name": name, "schema": {"type": "string"}, "description": description}
    for name, description in _DESCRIPTIONS.items()
]
DEAD_END_RESPONSES: dict[int, dict[str, object]] = {
    404: {"description": "The code is unknown, or does not work yet"},
    410: {"description": "The link or its program has ended"},
    503: {"description": "Unavailable at the moment: Retry-After is when to retry, or the detail what to install"},
}
_HTML = {"text/html": {"schema": {"type": "string"}}}
_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
_MAX_AGE_S = 60
_DRAWING_TIMEOUT_S = 3.0
_drawing = BoundedSemaphore(2)  # a poster takes a tenth of a second of one core

blueprint = Blueprint(
    "share_page", __name__, template_folder="../../pages/templates", description="Share pages and posters."
)


class ComposedPage(NamedTuple):
    """The page of a code, its program, and the query parameters that select this page."""

    program: str
    page: SharePage
    query: dict[str, str]


@blueprint.route("/s/<code>", methods=["GET"])
@blueprint.doc(
    security=[],
    parameters=PARAMETERS,
    responses={200: {"description": "The page.", "content": _HTML}, **DEAD_END_RESPONSES},
)
@without_rate_limit
def page(code: str) -> Response:
    """The page that a participant shares from, and that friends see: the hook, who invites, what both get, one button."""
    composed = compose_page(code)
    if isinstance(composed, Response):
        return composed
    kit, query = composed.page.kit, urlencode(composed.query)
    share_page_url = dependencies().share_page_url(kit.code)
    html = render_template(
        "share.html",
        page=composed.page,
        address=f"{share_page_url}?{query}",
        poster=_is_drawable(composed.page),
        picture=f"{url_for('share_page.poster', code=kit.code)}?{query}",
        preview=f"{share_page_url}/poster.png?{query}",
        qr=url_for("qr.svg", code=kit.code, size=200, margin=2),
        ticket=f"{url_for('share_presses.ticket', code=kit.code)}?{query}",
        report=url_for("share_presses.press", code=kit.code),
    )
    return _cacheable(make_response(html))


@blueprint.route("/s/<code>/poster.png", methods=["GET"])
@blueprint.doc(
    security=[],
    parameters=PARAMETERS,
    responses={200: {"description": "The poster, 1080 by 1440 pixels.", "content": _PNG}, **DEAD_END_RESPONSES},
)
def poster(code: str) -> Response:
    """The poster of a code: hook, name, what the friend gets, and the code or QR code as the channel's policy allows."""
    composed = compose_page(code)
    if isinstance(composed, Response):
        return composed
    if not _drawing.acquire(timeout=_DRAWING_TIMEOUT_S):
        raise Problem(
            503, "busy", "Too many posters are being drawn. Retry in 2 seconds.", headers={"Retry-After": "2"}
        )
    try:
        picture = render_png(compose_poster(composed.page))
    except FontMissing as error:
        raise Problem(503, "no_font", str(error), headers={"Retry-After": "3600"}) from error
    finally:
        _drawing.release()
    return _cacheable(Response(picture, mimetype="image/png"))


def compose_page(code: str) -> ComposedPage | Response:
    """The page of a code in the request's language, or the response for a code that leads nowhere."""
    catalog, now_ms = context().catalog, context().clock.now_ms()
    holder = catalog.code(code)
    if holder is None:
        return dead_end("unknown", None, code)
    version, owner = catalog.program_at(holder.program, now_ms), catalog.owner(holder)
    uses = catalog.uses(holder.code) - catalog.returned_uses(holder.code)
    reason = unavailable_reason(holder, version, to_datetime(now_ms), uses)
    if version is None or owner is None or reason is not None:
        return dead_end(reason or "unknown", holder, code)
    link = dependencies().link_url(holder.code)
    return _compose(Invitation(program=version.program, owner=owner, holder=holder, address=link))


def _compose(invitation: Invitation) -> ComposedPage:
    """The page of an invitation; without the program's texts if they violate the channel's policy."""
    use_languages_of(invitation.program.name)
    channel = page_channel(request.args.get("channel", ""), invitation.holder)
    content = page_content(request.args.get("content", ""), invitation.program, invitation.holder)
    kit = invitation_kit(invitation, channel, content, language())
    query = {"lang": language(), "channel": channel, **({"content": kit.content} if kit.content else {})}
    return ComposedPage(invitation.program.id, compose_share_page(invitation, _compliant(kit)), query)


def _compliant(kit: ShareKit) -> ShareKit:
    return kit.without_program_texts() if policy_violations(kit) else kit


def _is_drawable(page: SharePage) -> bool:
    """Whether the installed fonts have the characters of the poster's texts."""
    try:
        drawable_text(page.title + page.inviter + page.program + page.invites)
    except FontMissing:
        return False
    return True


def _cacheable(response: Response) -> Response:
    """Browsers and proxies may cache the response for a minute, and revalidate it by its ETag."""
    response.cache_control.public, response.cache_control.max_age = True, _MAX_AGE_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response
