"""What all routes of the join page have in common: the program with its terms, and the way back to the page."""

from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from referral.events.join_page import JoinPage
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.wallet_session import PRIVATE
from referral.pages.languages import use_languages_of


def require_join(program: str) -> tuple[Program, JoinPage]:
    """The rules in force and their join page. Raises Problem 404 for a program that is unknown, has ended, or has no join page."""
    catalog, now_ms = context().catalog, context().clock.now_ms()
    version = catalog.program_at(program, now_ms) if catalog.program(program) else None
    rules = version.program if version else None
    if rules is None or rules.join is None or (rules.ends_at is not None and to_ms(rules.ends_at) <= now_ms):
        raise Problem(
            404, "no_join_page", f"{program[:64]!r} has no join page now: `join` of its program file opens it."
        )
    use_languages_of(rules.name)
    return rules, rules.join


def back_to_page(program: str, **query: str) -> Response:
    """The way back to the page after a form, in the language that was chosen."""
    chosen = request.args.get("lang", "")[:8]
    asked = {**query, **({"lang": chosen} if chosen else {})}
    return see_other(f"/j/{program}{'?' + urlencode(asked) if asked else ''}")


def see_other(target: str) -> Response:
    """A redirect after a form."""
    return make_response(redirect(target, 303))


def private(html: str, status: int = 200) -> Response:
    """A page that no cache keeps."""
    return Response(html, status, PRIVATE, mimetype="text/html")
