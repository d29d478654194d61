"""Fast path of the redirect: a working link is answered before Flask dispatches the request.

A redirect is by far the most frequent request of this service, and a person waits for each.
"""

from typing import TYPE_CHECKING

from link_issuer.http_api.redirect.redirect_resolver import LinkVisit, RedirectResolver
from referral.catalog.view import Catalog
from referral.http.fast_path import FastResponse, FastView

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ROUTE = "/<code>"
METHODS = ("GET", "HEAD")
_PURPOSE_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
HEADERS = [("Cache-Control", "no-store")]


def fast_path_view(resolver: RedirectResolver, catalog: Catalog) -> FastView:
    """The view. `catalog` must not wait for the log.

    Codes that it does not know yet, and links with `max_uses` (counting takes a round trip), are left to the Flask view.
    """

    def follow(environ: "WSGIEnvironment") -> FastResponse | None:
        resolved = resolver.resolve(catalog, environ["PATH_INFO"][1:], read_visit(environ))
        return FastResponse("302 Found", [("Location", resolved), *HEADERS]) if isinstance(resolved, str) else None

    return follow


def read_visit(environ: "WSGIEnvironment") -> LinkVisit:
    """The properties of a request that the redirect uses."""
    purpose = " ".join(environ[name] for name in _PURPOSE_HEADERS if name in environ)
    return LinkVisit(
        environ["REQUEST_METHOD"], purpose, environ.get("HTTP_USER_AGENT", ""), environ.get("QUERY_STRING", "")
    )
