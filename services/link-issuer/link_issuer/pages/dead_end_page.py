"""The page for a link that leads nowhere."""

from dataclasses import dataclass
from typing import Literal

from flask import render_template, request

from link_issuer.pages.dead_end_texts import DeadEndReason, dead_end_texts
from referral.pages.languages import gettext

_MAX_CODE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Alternative:
    """What still works: a friend's own invitation, or the program's fallback page; its name, and its URL."""

    kind: Literal["invitation", "fallback"]
    name: str
    address: str


def render_dead_end(reason: DeadEndReason, code: str, alternative: Alternative | None) -> str:
    """The page, in the request's language."""
    title, explanation = dead_end_texts(reason)
    advice, button = _retry() if reason == "uncounted" else _continue(alternative)
    return render_template(
        "referral/error.html",
        title=title,
        explanation=explanation,
        advice=advice,
        button=button,
        code=code[:_MAX_CODE_LENGTH],
    )


def _retry() -> tuple[str, dict[str, str]]:
    button = {"href": request.full_path, "text": gettext("Try again")}
    return gettext("Nothing is lost. Try again in a minute."), button


def _continue(alternative: Alternative | None) -> tuple[str, dict[str, str] | None]:
    if alternative is None:
        return gettext("Ask your friend to send the link or code again."), None
    if alternative.kind == "invitation":
        advice = gettext("%(name)s's own invitation still works:", name=alternative.name)
        label = gettext("Go on with %(name)s", name=alternative.name)
    else:
        advice = gettext("%(name)s has a page for you:", name=alternative.name)
        label = gettext("Go to %(name)s", name=alternative.name)
    return advice, {"href": alternative.address, "text": label}
