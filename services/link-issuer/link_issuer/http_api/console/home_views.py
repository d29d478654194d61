"""The home view of the console."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from link_issuer.console_parts import PartRequest
from link_issuer.http_api.console.last_decisions import Decision, last_decisions
from link_issuer.http_api.dependencies import dependencies
from link_issuer.pages.home_page import home_page
from referral.console.guard import Visit, console_view
from referral.console.home_part import HomePart, by_urgency
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.log.errors import LogUnavailable
from referral.pages.console_shell import console_url, current_program

blueprint = Blueprint("console_home", __name__)


@blueprint.get("/console")
@console_view("session")
def home(visit: Visit) -> ResponseReturnValue:
    """What waits for an operator, by age × money, what moved, and their last decisions.

    Staff of a shop, who may see nothing of it, get the staff page.
    """
    if not visit.may("read"):
        return redirect(console_url("/desk/redeem"), 303)
    program = current_program(visit)
    if program is None:
        return home_page(visit, HomePart(), [], [])
    wanted = PartRequest(request.headers.get("Cookie", ""), request.scheme, program)
    parts = dependencies().console_parts.read(wanted)
    found = [part for part in parts.values() if part is not None]
    needs = by_urgency([one for part in found for one in part.needs], to_datetime(context().clock.now_ms()))
    together = HomePart(
        tuple(needs),
        tuple(one for part in found for one in part.movements),
        tuple(one for part in found for one in part.budgets),
    )
    return home_page(
        visit, together, _decisions(visit, program), [name for name, part in parts.items() if part is None]
    )


def _decisions(visit: Visit, program: str) -> list[Decision] | None:
    """The operator's last decisions; None if the log does not answer."""
    try:
        return last_decisions(visit, program)
    except LogUnavailable:
        return None
