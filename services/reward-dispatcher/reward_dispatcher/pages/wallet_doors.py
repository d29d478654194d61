"""The pages before a wallet: the button that opens it, and why a link opens nothing."""

from dataclasses import dataclass

from flask import render_template

from referral.events.program import Program
from referral.http.context import context
from referral.pages.languages import gettext, localize, use_languages_of


@dataclass(frozen=True, slots=True)
class ClosedText:
    """Title, explanation, and what the reader can do."""

    title: str
    explanation: str
    advice: str


@dataclass(frozen=True, slots=True)
class ClosedDoor:
    """Why a link or session opens nothing, and its program if it is genuine.

    `asks_at` is where a new link can be asked for; None if it cannot, or if that was done (`asked`).
    """

    reason: str
    program: str | None = None
    asks_at: str | None = None
    asked: bool = False


def render_wallet_door(program: str) -> str:
    """Returns the page with the button. It shows nothing about the person: everyone with the link sees it."""
    found = use_program(program)
    return render_template("wallet_door.html", program=localize(found.name) if found else "")


def render_closed_wallet(door: ClosedDoor) -> str:
    """Returns the page of a link or browser that opens nothing."""
    found = use_program(door.program) if door.program else None
    text = _closed_text(door.reason)
    button = (
        {"href": found.target_url, "text": gettext("Go to %(program)s", program=localize(found.name))}
        if found
        else None
    )
    return render_template(
        "wallet_closed.html",
        title=text.title,
        explanation=text.explanation,
        advice=_advice(door, text),
        button=button,
        asks_at=door.asks_at,
    )


def render_signed_out(program: str) -> str:
    """Returns the page after every link of a person was revoked."""
    use_program(program)
    return render_template(
        "referral/error.html",
        title=gettext("You are signed out everywhere"),
        explanation=gettext("No link to your rewards works any more, on any device."),
        advice=gettext("Your rewards are safe. Ask for a new link where you got the last one."),
    )


def use_program(program: str) -> Program | None:
    """Returns a program, whose first language becomes the default of the page; None if it is not known."""
    version = context().catalog.program(program)
    if version is None:
        return None
    use_languages_of(version.program.name)
    return version.program


def _advice(door: ClosedDoor, text: ClosedText) -> str:
    if door.asked:
        return gettext(
            "A new link was asked for. Our team sends it to the owner of these rewards, where they got this one. "
            "Nothing after a few days? Write to us there."
        )
    if door.asks_at:
        return gettext(
            "Are they your rewards? They are safe: ask for a new link, and we send it where you got this one."
        )
    return text.advice


def _closed_text(reason: str) -> ClosedText:
    new_link = gettext("Ask for a new link where you got this one. Your rewards are safe.")
    match reason:
        case "taken":
            return ClosedText(
                gettext("This link belongs to another device"),
                gettext("A link to rewards works in the browser that opened it first, so passing it on shows nothing."),
                new_link,
            )
        case "revoked":
            return ClosedText(
                gettext("This link was replaced"), gettext("It was ended, or a newer one was made."), new_link
            )
        case "expired":
            return ClosedText(
                gettext("This link has expired"), gettext("Links to rewards work for a limited time."), new_link
            )
        case "missing":
            return ClosedText(
                gettext("Open your rewards by their link"),
                gettext("This address has no rewards of its own: the link you received opens them here."),
                gettext("Open that link again in this browser, or ask for a new one."),
            )
        case _:
            return ClosedText(
                gettext("This link is incomplete"),
                gettext("Part of the address is missing or was changed."),
                new_link,
            )
