"""The person whose story a view of the console shows."""

from flask import g

from referral.console.guard import Visit
from referral.events.ids import is_person_id
from referral.events.people import Person, Profile
from referral.http.context import context
from referral.http.problems import Problem
from referral.people.people_view import People

PEOPLE = "/console/people"


def story_path(person: str) -> str:
    """The path of a person's story, by their person id."""
    return f"{PEOPLE}/{person}"


def require_person(visit: Visit, id: str) -> str:
    """The program of a person, by their person id.

    Raises Problem 404 for an id that means no one: unknown, erased, or of a program that the operator may not see.
    """
    people = context().people
    record = _record(people.snapshot(), id)
    if record is None and is_person_id(id):
        people.people_by_id([id])  # reads what was written a moment ago
        record = _record(people.snapshot(), id)
    if record is None or record.program not in visit.programs():
        detail = f"Nothing is stored about {id[:64]!r}: the id is wrong, or the person was erased."
        raise Problem(404, "unknown_person", detail)
    g.program = record.program
    return record.program


def _record(people: People, id: str) -> Person | Profile | None:
    return people.profile(id) or people.person(id)
