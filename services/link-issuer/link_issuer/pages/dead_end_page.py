"""The page for a link that leads nowhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

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


def render_dead_end(
    reason: DeadEndReason, code: str, alternative: Alternative | None, starts_at: datetime | None = None
) -> str:
    """The page, in the request's language; `starts_at` is when the link or its program begins, if it is known."""
    title, explanation = dead_end_texts(reason, starts_at)
    return render_template(
        "referral/error.html",
        title=title,
        explanation=explanation,
        code=code[:_MAX_CODE_LENGTH],
        **_way_on(reason, alternative),
    )


def _way_on(reason: DeadEndReason, alternative: Alternative | None) -> dict[str, Any]:
    """What to do: try again, correct the code, or use what still works."""
    if reason == "uncounted":
        button = {"href": request.full_path, "text": gettext("Try again")}
        return {"advice": gettext("Please try again in a minute."), "button": button}
    if reason == "unknown":
        return {"advice": gettext("Or ask your friend to send it again."), "asks_for_code": True}
    if alternative is None:
        return {"advice": gettext("Ask your friend for a new invitation."), "asks_for_code": True}
    if alternative.kind == "fallback":
        return {"button": {"href": alternative.address, "text": gettext("Visit %(name)s", name=alternative.name)}}
    button = {"href": alternative.address, "text": gettext("Open %(name)s's invitation", name=alternative.name)}
    return {"advice": gettext("You can still join through %(name)s.", name=alternative.name), "button": button}
