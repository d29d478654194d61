"""The share page of a code, and its poster. Open to everybody who has the code; names, no ids."""

from threading import BoundedSemaphore
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request, url_for
from flask_smorest import Blueprint

from link_issuer.domain.link_spec import hindrance
from link_issuer.domain.share_kit import Kit, refused
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.redirect.dead_end_response import dead_end
from link_issuer.pages import share_page
from link_issuer.pages.dead_end_texts import DeadEnd
from link_issuer.pages.fonts import NoFont, drawable
from link_issuer.pages.invitation import Invitation, channel_of, content_of, kit
from link_issuer.pages.poster import png
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import unlimited
from referral.pages.languages import language

_ASKED = [
    (
        "channel",
        "Where it will be passed on: xiaohongshu, wechat, weibo, douyin or web; else the link's own, else web.",
    ),
    ("content", "The content item; else the link's own, else the program's first."),
    ("lang", "zh-CN or en; the browser's language otherwise."),
]
PARAMETERS = [{"in": "query", "name": name, "schema": {"type": "string"}, "description": told} for name, told in _ASKED]
_HTML = {"text/html": {"schema": {"type": "string"}}}
LOST: dict[int, dict[str, object]] = {
    404: {"description": "Nobody has this code, or not yet"},
    410: {"description": "The link or its program has ended"},
    503: {"description": "It cannot be told or drawn now; says when to come again, or what is missing"},
}
_KEPT_S = 60
_PATIENCE_S = 3.0
_drawing = BoundedSemaphore(2)  # a poster takes a tenth of a second of one core

blueprint = Blueprint(
    "share_page", __name__, template_folder="../../pages/templates", description="Pages to share from."
)


class Found(NamedTuple):
    """What a code's page is made of, in which program, and the query that asks for it again."""

    program: str
    shown: share_page.Shown
    query: dict[str, str]


@blueprint.route("/s/<code>", methods=["GET"])
@blueprint.doc(
    security=[], parameters=PARAMETERS, responses={200: {"description": "The page.", "content": _HTML}, **LOST}
)
@unlimited
def page(code: str) -> Response:
    """The page that somebody shares from, and that a friend sees: the hook, who invites, what both get, one button."""
    shows = found(code)
    if isinstance(shows, Response):
        return shows
    shown, kit_ = shows.shown, shows.shown.kit
    html = render_template(
        "share.html",
        shown=shown,
        address=f"{collaborators().share_page(kit_.code)}?{urlencode(shows.query)}",
        poster=_is_drawable(shown),
        picture=f"{url_for('share_page.poster', code=kit_.code)}?{urlencode(shows.query)}",
        preview=f"{collaborators().share_page(kit_.code)}/poster.png?{urlencode(shows.query)}",
        qr=url_for("qr.svg", code=kit_.code, size=200, margin=2),
        ticket=f"{url_for('share_presses.ticket', code=kit_.code)}?{urlencode(shows.query)}",
        report=url_for("share_presses.press", code=kit_.code),
    )
    return _kept(make_response(html))


@blueprint.route("/s/<code>/poster.png", methods=["GET"])
@blueprint.doc(
    security=[],
    parameters=PARAMETERS,
    responses={
        200: {
            "description": "The poster, 1080 by 1440 pixels.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        },
        **LOST,
    },
)
def poster(code: str) -> Response:
    """The poster of a code: hook, name, what the friend gets, and the code or QR code as the channel's policy has it."""
    shows = found(code)
    if isinstance(shows, Response):
        return shows
    if not _drawing.acquire(timeout=_PATIENCE_S):
        raise Problem(
            503, "busy", "Many posters are being drawn: come again in a moment.", headers={"Retry-After": "2"}
        )
    try:
        picture = png(share_page.poster(shows.shown))
    except NoFont as error:
        raise Problem(503, "no_font", str(error), headers={"Retry-After": "3600"}) from error
    finally:
        _drawing.release()
    return _kept(Response(picture, mimetype="image/png"))


def found(code: str) -> Found | Response:
    """What the page shows, or the page of a dead end."""
    via = context().catalog.code(code)
    if via is None:
        return dead_end("unknown", None, code)
    now_ms = context().clock.now_ms()
    terms, owner = context().catalog.program_at(via.program, now_ms), context().catalog.owner(via)
    used = context().catalog.uses(via.code) - context().catalog.returned_uses(via.code)
    why: DeadEnd | None = hindrance(via, terms, to_datetime(now_ms), used)
    if terms is None or owner is None or why is not None:
        return dead_end(why or "unknown", via, code)
    return _composed(Invitation(program=terms.program, owner=owner, via=via, address=collaborators().link(via.code)))


def _composed(invitation: Invitation) -> Found:
    """The page's parts; where the program's words would break the channel's policy, without them."""
    channel = channel_of(request.args.get("channel", ""), invitation.via)
    content = content_of(request.args.get("content", ""), invitation.program, invitation.via)
    made = kit(invitation, channel, content, language())
    query = {"lang": language(), "channel": channel, **({"content": made.content} if made.content else {})}
    return Found(invitation.program.id, share_page.shown(invitation, _fit(made)), query)


def _fit(made: Kit) -> Kit:
    return made.bare() if refused(made) else made


def _is_drawable(shown: share_page.Shown) -> bool:
    """Whether this machine has a font for the poster's words."""
    try:
        drawable(shown.title + shown.inviter + shown.program + shown.invites)
    except NoFont:
        return False
    return True


def _kept(response: Response) -> Response:
    """For a minute by browsers and proxies, then asked for again by its ETag."""
    response.cache_control.public, response.cache_control.max_age = True, _KEPT_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response
