"""Finds people by what an operator knows of them: a name, an id, a handle, a code or an order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from link_issuer.console_parts import PartRequest
from link_issuer.http_api.dependencies import dependencies
from referral.console.found_people import FoundPerson
from referral.console.guard import Visit
from referral.events.ids import is_person_id
from referral.http.context import context
from referral.people.known_people import KnownPerson, known_people

MAX_FOUND = 20
MAX_TEXT = 128


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched for, the people that were found, and whether there are more; `failed` if a part did not answer."""

    text: str
    found: Sequence[tuple[FoundPerson, KnownPerson]] = ()
    more: bool = False
    failed: bool = False


def find_people(visit: Visit, wanted: PartRequest, text: str) -> Search:
    """The people of a program to whom a text leads, exact matches first. Never waits for the log."""
    elsewhere = dependencies().person_parts.find(wanted, visit.session.csrf_token, text)
    candidates = [*_exact(wanted.program, text), *(elsewhere or ()), *_by_name(wanted.program, text)]
    by_person: dict[str, FoundPerson] = {}
    for one in candidates:
        by_person.setdefault(one.person, one)
    known = known_people(by_person, context().people.snapshot())
    found = [(one, who) for one in by_person.values() if (who := known[one.person]) is not None]
    return Search(text, found[:MAX_FOUND], len(found) > MAX_FOUND, elsewhere is None)


def _exact(program: str, text: str) -> Iterator[FoundPerson]:
    """By id, code and handle; each is one look-up."""
    catalog, people, pseudonyms = context().catalog.snapshot(), context().people.snapshot(), context().pseudonyms
    id = pseudonyms.person_id_to_find(program, text)
    record = people.profile(id) or people.person(id)
    if record is not None and record.program == program:
        yield FoundPerson(id, "person_id" if is_person_id(text) else "external_id")
    coded = catalog.code(text)
    owner = catalog.owner(coded) if coded is not None and coded.program == program else None
    if owner is not None:
        yield FoundPerson(owner.id, "code")
    holder = catalog.mention(program, pseudonyms.mention(program, text))
    if holder is not None:
        yield FoundPerson(holder.id, "mention")


def _by_name(program: str, text: str) -> list[FoundPerson]:
    people = context().people.snapshot()
    return [FoundPerson(id, "name") for id in people.find_by_name(program, text, MAX_FOUND + 1)]
