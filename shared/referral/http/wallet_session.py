"""The session of a wallet: a cookie of the browser that opened the link, which every service accepts for its part of the wallet.

One service forwards it to another as a bearer token. It is valid for one person of one program, until its time is over, the person
is erased or their links are revoked (`WalletAccess`); the directory of each service knows that within seconds.
"""

from urllib.parse import urlencode

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from referral.events.timestamps import to_ms
from referral.http.bearer_token import bearer_secret
from referral.http.context import context
from referral.http.problems import Problem
from referral.tokens import InvalidTokenError, TokenSigner, WalletToken, WalletTokenKind

COOKIE = "wallet"
COOKIE_PATH = "/w"
SESSION_MS = 12 * 3600 * 1000
PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",  # without it, browsers hide the origin of forms
}


class WalletClosed(Exception):
    """A link or session opens no wallet: `reason` is `missing`, `invalid`, `expired`, `revoked`, or `taken` by another browser.

    `link` is what a genuine one says; None for any other, and if its person was erased.
    """

    def __init__(self, reason: str, link: WalletToken | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.link = link


def read_wallet_token(kind: WalletTokenKind, token: str) -> WalletToken:
    """Returns the content of a token that opens a wallet now. Raises WalletClosed."""
    try:
        found = TokenSigner(context().key_ring).read_wallet_of_any_age(kind, token)
    except InvalidTokenError:
        raise WalletClosed("invalid") from None
    people = context().people.snapshot()
    if people.is_erased(found.person):
        raise WalletClosed("revoked")
    access = people.wallet_access(found.person)
    if access is not None and found.issued_ms < to_ms(access.links_from):
        raise WalletClosed("revoked", found)
    if found.expires_ms <= context().clock.now_ms():
        raise WalletClosed("expired", found)
    return found


def wallet_session() -> WalletToken:
    """Returns whose wallet the request's cookie opens. Raises WalletClosed."""
    token = session_text()
    if token is None:
        raise WalletClosed("missing")
    return read_wallet_token("wallet-open", token)


def session_text() -> str | None:
    """Returns the session as the cookie has it, or as a bearer token that another service forwards; None without one."""
    return request.cookies.get(COOKIE) or bearer_secret(request)


def require_wallet_session() -> WalletToken:
    """Returns whose wallet the request opens. Raises Problem 401."""
    try:
        return wallet_session()
    except WalletClosed as error:
        detail = f"This needs an open wallet ({error.reason}). Open the link to your rewards, and try again."
        raise Problem(401, "no_wallet", detail, headers={"WWW-Authenticate": 'Bearer realm="wallet"'}) from None


def start_session(response: Response, link: WalletToken) -> None:
    """Gives the browser the session of a link, for twelve hours at most, and never longer than the link."""
    now_ms = context().clock.now_ms()
    expires_ms = min(link.link_expires_ms, now_ms + SESSION_MS)
    token = WalletToken(link.id, link.program, link.person, link.issued_ms, link.link_expires_ms, expires_ms)
    text = TokenSigner(context().key_ring).sign_wallet("wallet-open", token)
    set_cookie(response, COOKIE, text, (expires_ms - now_ms) // 1000)


def end_session(response: Response) -> None:
    """Removes the session from the browser."""
    response.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="Lax", secure=_is_secure())


def back_to_wallet(done: str, part: str = "") -> AnyResponse:
    """Returns the way back to the wallet after a form: to the part with this id, in the language that was chosen.

    `done` names what was done, which the wallet confirms.
    """
    language = request.args.get("lang", "")[:8]
    query = urlencode({done: 1, **({"lang": language} if language else {})})
    return redirect(f"{COOKIE_PATH}?{query}{'#' if part else ''}{part}", 303, Response)


def set_cookie(response: Response, name: str, value: str, max_age_s: int) -> None:
    """Sets a cookie of the wallet: out of reach of scripts, sent to the wallet alone, and by no form of another site."""
    response.set_cookie(
        name, value, max_age=max_age_s, path=COOKIE_PATH, httponly=True, samesite="Lax", secure=_is_secure()
    )


def _is_secure() -> bool:
    return context().settings.wallet_url.startswith("https:")
