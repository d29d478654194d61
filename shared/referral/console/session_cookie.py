"""The cookies of the console: the session, and the browser that an operator has signed in with before.

`__Host-` binds a cookie to this host, path / and TLS: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie.
SameSite=Lax, so that a link in a message leads into the console; forms are protected by a token and their origin as well.
"""

from typing import Literal

from flask import Request, Response

from referral.console.sessions import ABSOLUTE_S, BROWSER_S

CookieKind = Literal["console", "console-browser"]
_MAX_AGE_S: dict[CookieKind, int] = {"console": ABSOLUTE_S, "console-browser": BROWSER_S}
_MAX_LENGTH = 512


def read_cookie(request: Request, kind: CookieKind, *, secure: bool) -> str:
    """The value of a cookie; empty without one."""
    return request.cookies.get(_name(kind, secure=secure), "")[:_MAX_LENGTH]


def write_cookie(response: Response, kind: CookieKind, value: str, *, secure: bool) -> None:
    """Sets a cookie. `secure`: people reach the console by TLS, so the browser must not send the cookie without it."""
    response.set_cookie(
        _name(kind, secure=secure),
        value,
        max_age=_MAX_AGE_S[kind],
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def remove_cookie(response: Response, kind: CookieKind, *, secure: bool) -> None:
    """Removes a cookie."""
    response.delete_cookie(_name(kind, secure=secure), path="/", secure=secure, httponly=True, samesite="Lax")


def _name(kind: CookieKind, *, secure: bool) -> str:
    return f"__Host-{kind}" if secure else kind
