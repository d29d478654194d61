"""The page at the end of a link that leads nowhere."""

from flask import render_template, request

from link_issuer.pages.words import HAPPENED, DeadEnd
from referral.pages.languages import gettext

_LONGEST_CODE = 64


def page(why: DeadEnd, code: str, name: str | None, way_on: str | None) -> str:
    """The page; `name` and `way_on` are of the friend whose own invitation still works."""
    happened, detail = map(str, HAPPENED[why])
    shown = {"happened": happened, "why": detail, "code": code[:_LONGEST_CODE]}
    if why == "uncounted":
        again = {"href": request.full_path, "words": gettext("Try again")}
        return render_template(
            "referral/sorry.html", **shown, still=gettext("Nothing is lost. Try again in a minute."), way_on=again
        )
    if name and way_on:
        onward = {"href": way_on, "words": gettext("Go on with %(name)s", name=name)}
        still = gettext("%(name)s's own invitation still works:", name=name)
        return render_template("referral/sorry.html", **shown, still=still, way_on=onward)
    still = gettext("Ask your friend to send the link or code again.")
    return render_template("referral/sorry.html", **shown, still=still, way_on=None)
