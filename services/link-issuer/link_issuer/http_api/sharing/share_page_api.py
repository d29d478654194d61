"""The share page of a code. Public: shows names, but no ids."""

from typing import NamedTuple
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request, url_for

from link_issuer.domain.availability import unavailable_reason
from link_issuer.domain.share_kit import ShareKit, policy_violations
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.redirect.dead_end_response import dead_end
from link_issuer.http_api.sharing.invitations import find_invitation
from link_issuer.pages.invitation import Invitation, invitation_kit, page_channel, page_content
from link_issuer.pages.share_page import SharePage, compose_poster, compose_share_page
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.json_body import Blueprint
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
    429: {
        "description": "Too many unknown codes, or too many pictures drawn, for this address; Retry-After is when to retry"
    },
    503: {"description": "Unavailable at the moment: Retry-After is when to retry, or the detail what to install"},
}
_HTML = {"text/html": {"schema": {"type": "string"}}}
_MAX_AGE_S = 60

blueprint = Blueprint("share_page", __name__, template_folder="../../pages/templates", description="Share pages.")


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
    """The invitation of a code, which can be passed on: the hook, who invites, what both get, the code and the words to send."""
    composed = compose_page(code)
    if isinstance(composed, Response):
        return composed
    kit, query = composed.page.kit, urlencode(composed.query)
    share_page_url = dependencies().share_page_url(kit.code)
    html = render_template(
        "share.html",
        page=composed.page,
        address=f"{share_page_url}?{query}",
        pictures=_picture_urls(composed.page, query),
        qr=url_for("qr.svg", code=kit.code, size=200, margin=2),
        ticket=f"{url_for('share_presses.ticket', code=kit.code)}?{query}",
        report=url_for("share_presses.press", code=kit.code),
    )
    return cacheable(make_response(html))


def _picture_urls(page: SharePage, query: str) -> dict[str, str] | None:
    """The URLs of the page's pictures; None if no installed font has the letters of their texts."""
    if not compose_poster(page).is_drawable():
        return None
    here, public = url_for("share_page.page", code=page.kit.code), dependencies().share_page_url(page.kit.code)
    return {
        "poster": f"{here}/poster.png?{query}",
        "preview": f"{here}/poster.webp?{query}",
        "card": f"{public}/card.png?{query}",
    }


def compose_page(code: str) -> ComposedPage | Response:
    """The page of a code in the request's language, or the response for a code that leads nowhere."""
    catalog, now_ms = context().catalog, context().clock.now_ms()
    holder = catalog.code(code)
    if holder is None:
        return dead_end("unknown", None, code)
    version, owner = catalog.program_at(holder.program, now_ms), catalog.owner(holder)
    uses = catalog.uses(holder.code) - catalog.returned_uses(holder.code)
    reason = unavailable_reason(holder, owner, version, to_datetime(now_ms), uses)
    if version is None or owner is None or reason is not None:
        return dead_end(reason or "unknown", holder, code)
    return _compose(find_invitation(version.program, owner, holder))


def _compose(invitation: Invitation) -> ComposedPage:
    """The page of an invitation; without the program's texts if they violate the channel's policy.

    One that does not count has the channel `web`: its link still leads to the program, while its code is of no use.
    """
    use_languages_of(invitation.program.name)
    channel = page_channel(request.args.get("channel", ""), invitation.holder) if invitation.counts else "web"
    content = page_content(request.args.get("content", ""), invitation.program, invitation.holder)
    kit = invitation_kit(invitation, channel, content, language())
    query = {"lang": language(), "channel": channel, **({"content": kit.content} if kit.content else {})}
    return ComposedPage(invitation.program.id, compose_share_page(invitation, compliant(kit)), query)


def compliant(kit: ShareKit) -> ShareKit:
    """Returns the kit; without the program's texts if they violate the channel's policy."""
    return kit.without_program_texts() if policy_violations(kit) else kit


def cacheable(response: Response) -> Response:
    """Browsers and proxies may cache the response for a minute, and revalidate it by its ETag."""
    response.cache_control.public, response.cache_control.max_age = True, _MAX_AGE_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response
