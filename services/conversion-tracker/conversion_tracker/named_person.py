"""People in answers: their id in the program, and who they are as long as the directory knows it."""

from typing import Annotated

from msgspec import Meta, Struct

from referral.people.known_people import known_people
from referral.people.people_view import People


class NamedPerson(Struct, frozen=True):
    """A person. `external_id` and `display_name` are null once they were erased; only participants have a display name."""

    id: Annotated[str, Meta(examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="the platform's id; null once they were erased")]
    display_name: Annotated[str | None, Meta(description="null for a person who is not enrolled, or was erased")]


def named_person(id: str, people: People) -> NamedPerson:
    """The person with this id, with what `people` knows about them."""
    known = known_people([id], people)[id]
    return NamedPerson(id, known.external_id, known.display_name) if known else NamedPerson(id, None, None)


def person_label(id: str, people: People) -> str:
    """Display name and platform id, such as Amy (xhs:amy); the person id if they are unknown or were erased."""
    known = known_people([id], people)[id]
    if known is None:
        return id
    return f"{known.display_name} ({known.external_id})" if known.display_name else known.external_id


def note_text(person: str, note: str | None, people: People) -> str | None:
    """The text of a note about a person: empty without one, None if they were erased."""
    if note is None:
        return ""
    found = people.text(person, note)
    return found.text if found else None
