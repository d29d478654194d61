"""People in the console: search, one person's story, and their rights: export, correction, erasure."""

import msgspec
from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from link_issuer.console_parts import PartRequest
from link_issuer.http_api.console.people_search import MAX_TEXT, Search, find_people
from link_issuer.http_api.console.person_export import export_person
from link_issuer.http_api.console.person_forms import correct, erase
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.people.person_lookup import stored_records
from link_issuer.pages.people_page import people_page
from link_issuer.pages.story_page import Story, story_page
from link_issuer.person_parts import STORY_PARTS, StoryPart, StoryRequest
from referral.console.guard import Visit, console_view
from referral.console.person import PEOPLE, require_person, story_path
from referral.http.problems import Problem
from referral.pages.console_shell import back_to, current_program

blueprint = Blueprint("console_people", __name__)
_FORWARDED = ("lang", "done", "ids", "refused")


@blueprint.get(PEOPLE)
@console_view("read")
def people(visit: Visit) -> str:
    """The search, before anything was searched for."""
    return people_page(visit, Search(""))


@blueprint.post(PEOPLE)
@console_view("read")
def find(visit: Visit) -> AnyResponse | str:
    """What was found; a single person's story at once. What is typed may name someone, so it is in no address: those are logged."""
    program, text = current_program(visit), request.form.get("q", "").strip()[:MAX_TEXT]
    if program is None or not text:
        return people_page(visit, Search(""))
    found = find_people(visit, _part_request(program), text)
    if len(found.found) == 1 and not found.failed:
        return back_to(story_path(found.found[0][0].person), program=program)
    return people_page(visit, found)


@blueprint.get(f"{PEOPLE}/<person>")
@console_view("read")
def story(visit: Visit, person: str) -> AnyResponse | str:
    """Who the person is, what links and codes they have, and what the other services have about them."""
    program = require_person(visit, person)
    if request.args.get("program") != program:
        return back_to(story_path(person), program=program)
    return _story(visit, program, person)


@blueprint.post(f"{PEOPLE}/<person>")
@console_view("manage_people")
def act(visit: Visit, person: str) -> AnyResponse | tuple[str, int]:
    """Exports, corrects or erases the person."""
    program = require_person(visit, person)
    match request.form.get("decision"):
        case "export":
            visit.record("person.exported", program=program, target=person)
            return _download(person, export_person(visit.operator.id, program, person))
        case "correct":
            mistaken = correct(visit, program, person)
            if mistaken:
                return _story(visit, program, person, mistaken), 422
            return back_to(story_path(person), program=program, done="correct", ids=[person])
        case "erase":
            if not erase(visit, program, person):
                return _story(visit, program, person, ("confirm",)), 422
            return back_to(PEOPLE, program=program, done="erase", ids=[person])
        case _:
            raise Problem(400, "malformed_request", "`decision` must be export, correct or erase.")


def _story(visit: Visit, program: str, person: str, mistaken: tuple[str, ...] = ()) -> str:
    stored = stored_records(program, person)
    wanted = StoryRequest(_part_request(program), request.headers.get("Accept-Language", ""), _queries())
    parts = dependencies().person_parts.story(wanted, person)
    return story_page(visit, Story(person, program, stored, parts), mistaken)


def _queries() -> dict[StoryPart, dict[str, str]]:
    """What each part gets of this page's query: the language, and what a form of that part did."""
    of_form = {name: request.args[name] for name in _FORWARDED if request.args.get(name)}
    language = {name: value for name, value in of_form.items() if name == "lang"}
    return {part: of_form if request.args.get("part") == part else language for part in STORY_PARTS}


def _part_request(program: str) -> PartRequest:
    return PartRequest(request.headers.get("Cookie", ""), request.scheme, program)


def _download(person: str, archive: object) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{person}.json"'}
    return Response(msgspec.json.format(msgspec.json.encode(archive)), mimetype="application/json", headers=headers)
