"""The pictures of a share page: the poster, its preview, and the picture of a link preview. Public: they show names, but no ids."""

from collections.abc import Callable
from threading import BoundedSemaphore

from flask import Response
from flask_smorest import Blueprint

from link_issuer.http_api.sharing.share_page_api import DEAD_END_RESPONSES, PARAMETERS, cacheable, compose_page
from link_issuer.pages.fonts import FontMissing
from link_issuer.pages.poster import render_png, render_preview
from link_issuer.pages.preview_card import render_card
from link_issuer.pages.share_page import SharePage, compose_card, compose_poster
from referral.http.problems import Problem

_DRAWING_TIMEOUT_S = 3.0
_drawing = BoundedSemaphore(2)  # a picture takes a tenth of a second of one core

blueprint = Blueprint("share_pictures", __name__, description="Posters and the pictures of link previews.")


def _documentation(media_type: str, description: str) -> dict[int, dict[str, object]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}, **DEAD_END_RESPONSES}


@blueprint.route("/s/<code>/poster.png", methods=["GET"])
@blueprint.doc(
    security=[], parameters=PARAMETERS, responses=_documentation("image/png", "The poster, 1080 by 1440 pixels.")
)
def poster(code: str) -> Response:
    """The poster of a code: hook, gift, name, and the code or QR code as the channel's policy allows."""
    return _picture(code, "image/png", lambda page: render_png(compose_poster(page)))


@blueprint.route("/s/<code>/poster.webp", methods=["GET"])
@blueprint.doc(
    security=[], parameters=PARAMETERS, responses=_documentation("image/webp", "The poster, 540 by 720 pixels.")
)
def poster_preview(code: str) -> Response:
    """The poster at half the size, about 25 KB, as the share page shows it."""
    return _picture(code, "image/webp", lambda page: render_preview(compose_poster(page)))


@blueprint.route("/s/<code>/card.png", methods=["GET"])
@blueprint.doc(
    security=[], parameters=PARAMETERS, responses=_documentation("image/png", "The picture, 1200 by 630 pixels.")
)
def card(code: str) -> Response:
    """The picture of a link preview. Everything on it is in the square in the middle, to which some chats crop it."""
    return _picture(code, "image/png", lambda page: render_card(compose_card(page)))


def _picture(code: str, media_type: str, render: Callable[[SharePage], bytes]) -> Response:
    composed = compose_page(code)
    if isinstance(composed, Response):
        return composed
    if not _drawing.acquire(timeout=_DRAWING_TIMEOUT_S):
        raise Problem(
            503, "busy", "Too many pictures are being drawn. Retry in 2 seconds.", headers={"Retry-After": "2"}
        )
    try:
        picture = render(composed.page)
    except FontMissing as error:
        raise Problem(503, "no_font", str(error), headers={"Retry-After": "3600"}) from error
    finally:
        _drawing.release()
    return cacheable(Response(picture, mimetype=media_type))
