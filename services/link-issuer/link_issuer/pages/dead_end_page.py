"""The page at the end of a link that leads nowhere."""

from dataclasses import dataclass
from typing import Literal

from flask import render_template, request

from link_issuer.pages.dead_end_texts import HAPPENED, DeadEnd
from referral.pages.languages import gettext

_LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class WayOn:
    """What still works: a friend's own invitation, or the program's page to fall back to; whose it is, and its address."""

    kind: Literal["invitation", "fallback"]
    name: str
    address: str


def page(why: DeadEnd, code: str, way_on: WayOn | None) -> str:
    """The page."""
    happened, detail = map(str, HAPPENED[why])
    still, onward = _again() if why == "uncounted" else _onward(way_on)
    shown = {"happened": happened, "why": detail, "code": code[:_LONGEST_CODE]}
    return render_template("referral/sorry.html", **shown, still=still, way_on=onward)


def _again() -> tuple[str, dict[str, str]]:
    return gettext("Nothing is lost. Try again in a minute."), {
        "href": request.full_path,
        "words": gettext("Try again"),
    }


def _onward(way_on: WayOn | None) -> tuple[str, dict[str, str] | None]:
    if way_on is None:
        return gettext("Ask your friend to send the link or code again."), None
    if way_on.kind == "invitation":
        still = gettext("%(name)s's own invitation still works:", name=way_on.name)
        go = gettext("Go on with %(name)s", name=way_on.name)
    else:
        still = gettext("%(name)s has a page for you:", name=way_on.name)
        go = gettext("Go to %(name)s", name=way_on.name)
    return still, {"href": way_on.address, "words": go}
