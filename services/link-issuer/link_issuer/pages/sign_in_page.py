"""The sign-in page of the console."""

from typing import Literal, assert_never

from flask import render_template

from referral.pages.languages import gettext

SignInMistake = Literal["refused", "too_late"]


def sign_in_page(mistake: SignInMistake | None, name: str, next: str, *, signed_out: bool) -> str:  # noqa: A002 - the field
    """The page as HTML: with what was wrong, the name that was typed, and the page to go on to."""
    text = None if mistake is None else _text(mistake)
    return render_template("console/sign_in.html", mistake=text, next=next, name=name, signed_out=signed_out)


def _text(mistake: SignInMistake) -> str:
    match mistake:
        case "refused":
            return gettext("Name, password or code is not right. Each code works once; wait for the next one.")
        case "too_late":
            return gettext("This took too long. Sign in again with the password that you were given.")
        case _:
            assert_never(mistake)
