"""`/w/{token}`: a link to a wallet. It shows nothing of the wallet itself, and belongs to the first browser that opens it.

Opening is a button (POST), since messengers and virus scanners fetch every link that is sent. The session then is in a cookie, and
the address is `/w`: what is copied from the address bar, passed on or found in a history has no access (docs/decisions/0048).
"""

from flask import Blueprint, Response, make_response, redirect, request, url_for

from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.same_origin import require_same_origin
from referral.http.wallet_session import (
    PRIVATE,
    WalletClosed,
    read_wallet_token,
    set_cookie,
    start_session,
    wallet_session,
)
from referral.tokens import WalletToken
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.pages.wallet_doors import ClosedDoor, render_closed_wallet, render_wallet_door
from reward_dispatcher.wallet_opening import new_browser

BROWSER_COOKIE = "wallet-browser"
blueprint = Blueprint("wallet_opening", __name__)


@blueprint.get("/w/<token>")
@without_rate_limit
def door(token: str) -> Response:
    """The page of a link, with a button that opens the wallet; for a link that another browser has opened, how to get a new one."""
    try:
        link = read_wallet_token("wallet", token)
    except WalletClosed as error:
        return _closed(error)
    if _is_open(link):
        return to_wallet()
    if dependencies().openings.is_taken(link, request.cookies.get(BROWSER_COOKIE)):
        return _closed(WalletClosed("taken", link))
    return private(render_wallet_door(link.program))


@blueprint.post("/w/<token>")
def open_wallet(token: str) -> Response:
    """Opens the wallet in this browser, if it is the first one or was the first one before."""
    require_same_origin()
    try:
        link = read_wallet_token("wallet", token)
    except WalletClosed as error:
        return _closed(error)
    browser, now_ms = request.cookies.get(BROWSER_COOKIE) or new_browser(), context().clock.now_ms()
    if not dependencies().openings.open(link, browser, now_ms):
        return _closed(WalletClosed("taken", link))
    response = to_wallet()
    set_cookie(response, BROWSER_COOKIE, browser, (link.link_expires_ms - now_ms) // 1000)
    start_session(response, link)
    return response


@blueprint.post("/w/<token>/ask")
def ask(token: str) -> Response:
    """Asks an operator for a new link. Whoever has the old one may ask, and gets nothing here: the new one goes to its person."""
    require_same_origin()
    link = _genuine_link(token)
    if link is None:
        return _closed(WalletClosed("invalid"))
    if not dependencies().link_requests.record(link.program, link.person, context().clock.now_ms()):
        raise Problem(
            503, "busy", "Too many people wait for a new link. Try again later.", headers={"Retry-After": "3600"}
        )
    language = request.args.get("lang", type=lambda text: text[:8])
    return make_response(redirect(url_for("wallet_opening.door", token=token, lang=language), 303))


def _genuine_link(token: str) -> WalletToken | None:
    """What a link says that was made here, whether it still opens anything or not; None for any other, and after an erasure."""
    try:
        return read_wallet_token("wallet", token)
    except WalletClosed as error:
        return error.link


def _closed(error: WalletClosed) -> Response:
    """The page of a link that opens nothing. With a genuine one a new one can be asked for, once until it is sent."""
    link, door = error.link, ClosedDoor(error.reason)
    if link is not None:
        asked = dependencies().link_requests.since_ms(link.program, link.person, context().clock.now_ms()) is not None
        asks_at = None if asked else url_for("wallet_opening.ask", token=(request.view_args or {})["token"])
        door = ClosedDoor(error.reason, link.program, asks_at, asked)
    return private(render_closed_wallet(door), 410)


def _is_open(link: WalletToken) -> bool:
    """Whether this browser has the wallet open by this link."""
    try:
        return wallet_session().id == link.id
    except WalletClosed:
        return False


def to_wallet() -> Response:
    """Returns the way to the wallet, in the language that was chosen."""
    language = request.args.get("lang", type=lambda text: text[:8])
    return make_response(redirect(url_for("wallet.wallet_page", lang=language), 303))


def private(html: str, status: int = 200) -> Response:
    """Returns a page that no cache stores and no search engine lists."""
    return Response(html, status, PRIVATE, mimetype="text/html")
