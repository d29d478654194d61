"""Fast path of the redirect: a working link is answered before Flask dispatches the request.

A redirect is by far the most frequent request of this service, and a person waits for each.
"""

from typing import TYPE_CHECKING

from link_issuer.http_api.redirect.redirect_resolver import LinkVisit, RedirectResolver
from referral.catalog.view import Catalog
from referral.http.fast_path import FastResponse, FastView, client_address

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ROUTE = "/<code>"
METHODS = ("GET", "HEAD")
HEADERS = [("Cache-Control", "no-store")]


def fast_path_view(resolver: RedirectResolver, catalog: Catalog, proxies: int) -> FastView:
    """The view. `catalog` must not wait for the log; `proxies` is how many entries of X-Forwarded-For are trusted.

    Codes that it does not know yet, and links with `max_uses` (counting takes a round trip), are left to the Flask view.
    """

    def follow(environ: "WSGIEnvironment") -> FastResponse | None:
        resolved = resolver.resolve(catalog, environ["PATH_INFO"][1:], read_visit(environ, proxies))
        return FastResponse("302 Found", [("Location", resolved), *HEADERS]) if isinstance(resolved, str) else None

    return follow


def read_visit(environ: "WSGIEnvironment", proxies: int = 0) -> LinkVisit:
    """The properties of a request that the redirect uses. With `proxies`, the client's address is read from X-Forwarded-For."""
    get = environ.get
    purpose = get("HTTP_SEC_PURPOSE") or get("HTTP_PURPOSE") or get("HTTP_X_PURPOSE") or get("HTTP_X_MOZ") or ""
    address = client_address(environ, proxies)
    return LinkVisit(environ["REQUEST_METHOD"], purpose, get("HTTP_USER_AGENT", ""), get("QUERY_STRING", ""), address)
