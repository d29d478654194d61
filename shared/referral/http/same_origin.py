"""Forms of pages with a session: a request that another site caused is refused, besides `SameSite` of the cookie.

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import request

from referral.http.problems import Problem


def is_same_origin(headers: Mapping[str, str], host: str) -> bool:
    """Whether the browser states that a request comes from a page of this host.

    `Sec-Fetch-Site` decides if there is one, which no page can write; otherwise `Origin`. A request with neither is refused: every
    browser sends `Origin` with a form.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("Origin", "")
    try:
        return urlsplit(origin).netloc == host and bool(host)
    except ValueError:
        return False


def require_same_origin() -> None:
    """Raises Problem 403 for a form that no page of this host sent. A view calls it before it reads or changes anything."""
    if not is_same_origin(dict(request.headers.items()), request.host):
        detail = "This form was sent by another site, or by no browser. Open the page, and send it there."
        raise Problem(403, "other_origin", detail)
