"""Error pages: what a browser shows in place of a problem in JSON, in the reader's language and without internals."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, g, render_template, request
from flask_babel import lazy_gettext

from referral.http.request_ids import request_id
from referral.pages.languages import gettext

_JSON = "application/problem+json"
_Text = tuple[object, object]
_TEMPORARY: _Text = (lazy_gettext("This page can't be shown right now"), lazy_gettext("Please try again in a minute."))
_NEEDS_KEY: _Text = (
    lazy_gettext("This address is for programs"),
    lazy_gettext("It needs an API key. If you followed a link from a friend, check the address."),
)
_MISTAKEN: _Text = (
    lazy_gettext("This address is not complete"),
    lazy_gettext("Part of it is missing or wrong. Copy the whole link, or ask for it again."),
)
_REFUSED_FORM: _Text = (
    lazy_gettext("That didn't go through"),
    lazy_gettext("Nothing was changed. Open the page again, and repeat what you did."),
)
_OUTDATED_FORM: _Text = (
    lazy_gettext("It changed in the meantime"),
    lazy_gettext("Open the page again to see how it is now."),
)
_BY_STATUS: Mapping[int, _Text] = {
    HTTPStatus.UNAUTHORIZED: _NEEDS_KEY,
    HTTPStatus.FORBIDDEN: _NEEDS_KEY,
    HTTPStatus.NOT_FOUND: (
        lazy_gettext("There is nothing at this address"),
        lazy_gettext("Check it for a typo, or ask for the link again."),
    ),
    HTTPStatus.GONE: (
        lazy_gettext("This is no longer available"),
        lazy_gettext("It was removed, or its time is over."),
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        lazy_gettext("That was a little fast"),
        lazy_gettext("Please wait a moment, then try again."),
    ),
}
# A problem that people meet has a text of its own.
_BY_CODE: Mapping[str, _Text] = {
    "role_forbids": (
        lazy_gettext("Your role does not include this"),
        lazy_gettext("Ask an admin of your console if you need it."),
    ),
    "stale_form": (
        lazy_gettext("This page was open for too long"),
        lazy_gettext("Nothing was changed. Open the page again, and repeat what you did."),
    ),
    "unproven_handle": (
        lazy_gettext("First prove that the handle is yours"),
        lazy_gettext("The page where you joined says how."),
    ),
    "other_origin": (
        lazy_gettext("This form came from somewhere else"),
        lazy_gettext("Nothing was changed. Open the page itself, and send it there."),
    ),
    "too_large": (
        lazy_gettext("That was too large"),
        lazy_gettext("Nothing was changed. Send less at once."),
    ),
    "embed_token_over": (
        lazy_gettext("This was open for too long"),
        lazy_gettext("Reload the page to see it again."),
    ),
    "unknown_embed_token": (
        lazy_gettext("This can't be shown here"),
        lazy_gettext("Reload the page to see it again."),
    ),
    "unknown_code": (
        lazy_gettext("That code doesn't exist"),
        lazy_gettext("Check for a typo: the codes we make never use 0, O, 1, I or L."),
    ),
}
_CAN_RETRY = frozenset({408, 429, 500, 502, 503, 504})


def show_problem_as_page(response: Response) -> Response:
    """Returns an error page in place of a problem if the reader prefers HTML; any other response unchanged."""
    if response.status_code < 400 or response.mimetype != _JSON:
        return response
    response.vary.add("Accept")
    if not _prefers_html():
        return response
    response.set_data(_render(response.status_code, g.get("problem", "")))
    response.mimetype = "text/html"
    response.cache_control.no_store = True
    return response


def _prefers_html() -> bool:
    """Whether HTML is preferred to JSON, as by browsers; a client that accepts everything gets JSON."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > max(accepted["application/json"], accepted[_JSON])


def _render(status: int, code: str) -> str:
    title, explanation = _texts(status, code)
    button = {"href": request.full_path.rstrip("?"), "text": gettext("Try again")}
    more: dict[str, Any] = {"button": button} if status in _CAN_RETRY and request.method == "GET" else {}
    return render_template(
        "referral/error.html",
        title=str(title),
        explanation=str(explanation),
        request_id=request_id(request.environ),
        **more,
    )


def _texts(status: int, code: str) -> _Text:
    if code in _BY_CODE:
        return _BY_CODE[code]
    return _BY_STATUS.get(status, _TEMPORARY if status >= 500 else _mistaken(status))


def _mistaken(status: int) -> _Text:
    """What is wrong with a request that no other text is about: its address, or the form that was sent."""
    if request.method in ("GET", "HEAD"):
        return _MISTAKEN
    return _OUTDATED_FORM if status == HTTPStatus.CONFLICT else _REFUSED_FORM
