"""The pages on which a person ends the messages of a program. They name no one."""

from flask import render_template

from referral.http.context import context
from referral.pages.languages import gettext, localize, use_languages_of


def question_page(program: str) -> str:
    """Returns the page with the button."""
    return render_template("unsubscribe.html", title=gettext("No more messages?"), explanation=_about(program))


def unsubscribed_page(program: str) -> str:
    """Returns the page after it."""
    name = _name(program)
    return render_template(
        "referral/error.html",
        title=gettext("You get no more messages"),
        explanation=gettext("%(program)s sends you nothing any more, and your address was removed.", program=name),
        advice=gettext(
            "Your code, your link and your rewards stay as they are. You can turn messages on in your wallet."
        ),
    )


def invalid_page() -> str:
    """Returns the page for an address that is incomplete."""
    return render_template(
        "referral/error.html",
        title=gettext("This link is incomplete"),
        explanation=gettext("Part of the address is missing or was changed."),
        advice=gettext("Open the link in the message once more, or turn messages off in your wallet."),
    )


def _about(program: str) -> str:
    return gettext("%(program)s then sends you nothing any more. Your rewards stay.", program=_name(program))


def _name(program: str) -> str:
    """The name of the program, whose first language becomes the default of the page."""
    version = context().catalog.program(program)
    if version is None:
        return program
    use_languages_of(version.program.name)
    return localize(version.program.name)
