"""What requests about people need: the person that a text names, the people of a page, and notes to be recorded."""

from collections.abc import Iterable
from datetime import datetime

from conversion_tracker.named_person import NamedPerson
from referral.events.ids import random_id
from referral.events.people import PersonText
from referral.http.context import context
from referral.people.known_people import known_people
from referral.people.people_view import People


def person_id_of(program: str, text: str) -> str:
    """The person id that a path or body means: a person id is itself, any other text is a platform's id in any form."""
    return context().pseudonyms.person_id_to_find(program, text)


def read_people(ids: Iterable[str]) -> People:
    """The people as known after at most one read of the directory for all of these ids; look-ups in it never wait."""
    people = context().people
    known_people(set(ids), people)
    return people.snapshot()


def new_note(program: str, person: NamedPerson, text: str, now: datetime) -> PersonText | None:
    """The record of an operator's note about a person, for the topic `people`.

    None for an empty note, and about a person who was erased: no later erasure would remove it.
    """
    if not text.strip() or person.external_id is None:
        return None
    return PersonText(id=person.id, program=program, recorded_at=now, text_id=random_id("txt"), kind="note", text=text)


def shown_note(text: str, person: NamedPerson) -> str | None:
    """What an answer shows of the note that was sent: None where it is not stored because the person was erased."""
    return None if person.external_id is None else text
