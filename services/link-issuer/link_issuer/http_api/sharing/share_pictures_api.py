"""The pictures of a share page: the poster, its preview, and the picture of a link preview. Public: they show names, but no ids."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import Response

from link_issuer.http_api.picture_response import find_or_draw
from link_issuer.http_api.sharing.share_page_api import DEAD_END_RESPONSES, PARAMETERS, cacheable, compose_page
from link_issuer.pages.fonts import FontMissing
from link_issuer.pages.poster import render_png, render_preview
from link_issuer.pages.preview_card import render_card
from link_issuer.pages.share_page import SharePage, compose_card, compose_poster
from referral.http.json_body import Blueprint
from referral.http.problems import Problem

Contents = TypeVar("Contents", bound=Hashable)

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
    return _picture(code, "image/png", compose_poster, render_png)


@blueprint.route("/s/<code>/poster.webp", methods=["GET"])
@blueprint.doc(
    security=[], parameters=PARAMETERS, responses=_documentation("image/webp", "The poster, 540 by 720 pixels.")
)
def poster_preview(code: str) -> Response:
    """The poster at half the size, about 25 KB, as the share page shows it."""
    return _picture(code, "image/webp", compose_poster, render_preview)


@blueprint.route("/s/<code>/card.png", methods=["GET"])
@blueprint.doc(
    security=[], parameters=PARAMETERS, responses=_documentation("image/png", "The picture, 1200 by 630 pixels.")
)
def card(code: str) -> Response:
    """The picture of a link preview. Everything on it is in the square in the middle, to which some chats crop it."""
    return _picture(code, "image/png", compose_card, render_card)


def _picture(
    code: str, media_type: str, compose: Callable[[SharePage], Contents], render: Callable[[Contents], bytes]
) -> Response:
    composed = compose_page(code)
    if isinstance(composed, Response):
        return composed
    contents = compose(composed.page)
    try:
        picture = find_or_draw((media_type, contents), lambda: render(contents))
    except FontMissing as error:
        raise Problem(503, "no_font", str(error), headers={"Retry-After": "3600"}) from error
    return cacheable(Response(picture, mimetype=media_type))
