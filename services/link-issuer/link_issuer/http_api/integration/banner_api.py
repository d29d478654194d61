"""`GET /v1/invitations`: who invited a visitor, and to what, for a banner on a program's own pages. Public; it has no ids."""

from typing import Annotated

import msgspec
from flask import Response, request

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.integration.script_api import CROSS_ORIGIN
from link_issuer.http_api.sharing.share_page_api import compose_page
from link_issuer.pages.gifts import GiftText
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import Headers, response
from referral.tokens import InvalidTokenError

MAX_CODE, MAX_TOKEN = 64, 1024
_MAX_AGE_S = 60
_PARAMETERS = [
    {"in": "query", "name": name, "schema": {"type": "string", "maxLength": most}, "description": text}
    for name, most, text in (
        ("code", MAX_CODE, "The code of a participant or link."),
        ("rt", MAX_TOKEN, "The click token; used if there is no `code`."),
        ("lang", 35, "zh-CN or en; by default the browser's language."),
    )
]

blueprint = Blueprint("invitations", __name__, description="Invitations, for banners on a program's own pages.")


class BannerGift(msgspec.Struct, frozen=True):
    """A reward for the friend, in words. All but `what` and `when` may be empty."""

    what: Annotated[str, msgspec.Meta(description="What it is.", examples=["20% off"])]
    when: Annotated[str, msgspec.Meta(description="When it is granted.", examples=["when you follow"])]
    worth: Annotated[str, msgspec.Meta(description="What it is worth.")]
    until: Annotated[str, msgspec.Meta(description="When it expires.")]
    only: Annotated[str, msgspec.Meta(description="On which conditions only.")]


class BannerInvitation(msgspec.Struct, frozen=True):
    """Who invites into which program, in the words of its share page."""

    program: Annotated[str, msgspec.Meta(description="The program's name.")]
    code: str
    inviter: Annotated[str, msgspec.Meta(description='The public name; "A promoter" for a hidden one.')]
    invites: Annotated[str, msgspec.Meta(description="A sentence.", examples=["Amy invites you"])]
    gift: Annotated[str, msgspec.Meta(description="The first gift; empty if none is promised.", examples=["20% off"])]
    gifts: list[BannerGift]


@blueprint.route("/v1/invitations", methods=["GET"])
@response(BannerInvitation)
@blueprint.alt_response(404, description="The code is unknown, or does not work yet; or the token is invalid.")
@blueprint.alt_response(410, description="The link or its program has ended.")
@blueprint.alt_response(422, description="Neither `code` nor `rt` was sent.")
@blueprint.doc(security=[], parameters=_PARAMETERS)
def invitation() -> tuple[BannerInvitation, Headers] | Response:
    """Who invited a visitor, and what they get, by `code` or by the click token `rt`.

    Pages of any origin may read it. An inviter who does not show their name, or whose referrals do not count, is not named.
    """
    composed = compose_page(_code())
    if isinstance(composed, Response):
        raise Problem(
            composed.status_code, "no_invitation", "The code leads nowhere now: see its page /s/{code} for the reason."
        )
    page = composed.page
    body = BannerInvitation(
        program=page.program,
        code=page.kit.code,
        inviter=page.inviter,
        invites=page.invites,
        gift=page.yours[0].what if page.yours else "",
        gifts=[_banner_gift(one) for one in page.yours],
    )
    return body, {"Cache-Control": f"public, max-age={_MAX_AGE_S}", "Vary": "Accept-Language", **CROSS_ORIGIN}


def _banner_gift(gift: GiftText) -> BannerGift:
    return BannerGift(gift.what, gift.when, gift.worth, gift.until, gift.only)


def _code() -> str:
    """The code that the request names, or that its click token has. Raises Problem."""
    code, token = request.args.get("code", ""), request.args.get("rt", "")
    if len(code) > MAX_CODE or len(token) > MAX_TOKEN:
        raise Problem(422, "invalid_parameter", f"`code` has at most {MAX_CODE} characters, `rt` at most {MAX_TOKEN}.")
    if code:
        return code
    if not token:
        raise Problem(422, "missing_parameter", "Send `code` or `rt`, as they are in the address of the landing page.")
    try:
        return dependencies().signer.read_click(token).code
    except InvalidTokenError as error:
        detail = f"The click token is {error}: send the `rt` of the landing page unchanged."
        raise Problem(404, "unknown_token", detail) from error
