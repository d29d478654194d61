"""The search for people as a page of the console."""

from collections.abc import Mapping

from flask import request
from flask_babel import lazy_gettext

from link_issuer.http_api.console.people_search import Search
from referral.console.found_people import MatchKind
from referral.console.guard import Visit
from referral.pages.console_shell import Toast, render_console
from referral.pages.languages import gettext

MATCHES: Mapping[MatchKind, object] = {
    "person_id": lazy_gettext("Pseudonym"),
    "external_id": lazy_gettext("Platform id"),
    "code": lazy_gettext("Code"),
    "mention": lazy_gettext("Handle"),
    "name": lazy_gettext("Name"),
    "reward_code": lazy_gettext("Reward code"),
    "order": lazy_gettext("Order"),
}


def people_page(visit: Visit, search: Search) -> str:
    """The page as HTML."""
    return render_console("console/people.html", visit, "people", search=search, matches=MATCHES, toast=_toast())


def _toast() -> Toast | None:
    if request.method == "GET" and request.args.get("done") == "erase" and request.args.get("ids"):
        return Toast(gettext("The person is erased. Nothing leads to them any more."), "/console/people")
    return None
