"""This service's part of a person's story in the console: rewards, balances, messages, and links to their wallet."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from referral.console.found_people import found_response
from referral.console.guard import Visit, console_view
from referral.console.person import require_person, story_path
from referral.http.problems import Problem
from referral.pages.console_shell import back_to, current_program
from reward_dispatcher.console.person_facts import find_by_code_or_order, person_rewards
from reward_dispatcher.http_api.wallet_links import DEFAULT_DAYS, new_link, revoke_links
from reward_dispatcher.pages.story_part import link_page, story_part

PATH = "/console/rewards/people"
_MAX_TEXT = 128

blueprint = Blueprint("console_person", __name__, template_folder="../pages/templates")


@blueprint.get(f"{PATH}/<person>")
@console_view("read")
def rewards(visit: Visit, person: str) -> str:
    """The part as HTML without the shell: link-issuer shows it within the story."""
    program = require_person(visit, person)
    return story_part(visit, person, person_rewards(program, person))


@blueprint.post(f"{PATH}/<person>")
@console_view("open_wallets")
def decide(visit: Visit, person: str) -> AnyResponse | str:
    """Makes a link to the person's wallet and shows it once, or ends every link to it."""
    program = require_person(visit, person)
    match request.form.get("decision"):
        case "link":
            visit.record("wallet_link.created", program=program, target=person)
            return link_page(visit, person, new_link(program, person, DEFAULT_DAYS, revoke=False))
        case "revoke_links":
            visit.record("wallet_links.revoked", program=program, target=person)
            revoke_links(program, person)
            return back_to(story_path(person), ids=[person], program=program, part="rewards", done="revoke_links")
        case _:
            raise Problem(400, "malformed_request", "`decision` must be link or revoke_links.")


@blueprint.post("/console/rewards/find")
@console_view("read")
def find(visit: Visit) -> Response:
    """The people to whom a reward code or an order leads, for the search of link-issuer."""
    program, text = current_program(visit), request.form.get("q", "").strip()[:_MAX_TEXT]
    return found_response(find_by_code_or_order(program, text) if program and text else [])
