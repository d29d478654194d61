"""The home view of the console."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from link_issuer.console_parts import PartRequest
from link_issuer.http_api.dependencies import dependencies
from link_issuer.pages.home_page import home_page
from referral.console.guard import Visit, console_view
from referral.console.needs import by_urgency
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.pages.console_shell import console_url, current_program

blueprint = Blueprint("console_home", __name__)


@blueprint.get("/console")
@console_view("session")
def home(visit: Visit) -> ResponseReturnValue:
    """What waits for an operator, by age × money. Staff of a shop, who may see nothing of it, get the staff page."""
    if not visit.may("read"):
        return redirect(console_url("/desk/redeem"), 303)
    program = current_program(visit)
    if program is None:
        return home_page(visit, [], [])
    wanted = PartRequest(request.headers.get("Cookie", ""), request.scheme, program)
    needs, failed = dependencies().console_parts.needs(wanted)
    return home_page(visit, by_urgency(needs, to_datetime(context().clock.now_ms())), failed)
