"""The redirect as a hot view: a shared link that works is answered before Flask is asked.

A redirect is what this service does thousands of times for each other request, and what a person waits for with a thumb
on the screen.
"""

from typing import TYPE_CHECKING

from link_issuer.http_api.redirect.redirect_resolver import Hit, Onward
from referral.catalog.view import Catalog
from referral.http.fast_path import FastResponse, FastView

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ROUTE = "/<code>"
METHODS = ("GET", "HEAD")
HEADERS = [("Cache-Control", "no-store")]


def front(onward: Onward, catalog: Catalog) -> FastView:
    """The view. `catalog` answers at once: a code that it does not know yet is left to the Flask view, which looks for it.

    So is a link whose uses are counted: that takes a round trip.
    """

    def follow(environ: "WSGIEnvironment") -> FastResponse | None:
        way = onward.way(catalog, environ["PATH_INFO"][1:], hit(environ))
        return FastResponse("302 Found", [("Location", way), *HEADERS]) if isinstance(way, str) else None

    return follow


def hit(environ: "WSGIEnvironment") -> Hit:
    """What a request says of who sends it."""
    purpose = environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE")
    return Hit(environ["REQUEST_METHOD"], purpose, environ.get("HTTP_USER_AGENT", ""), environ.get("QUERY_STRING", ""))
