"""The person that a path names: by the platform's id, or by the person id of someone who is known."""

from link_issuer.http_api.people.export_response import StoredRecords
from link_issuer.privacy.erasure import PersonToErase
from referral.events.ids import is_person_id
from referral.events.normal_forms import person_id_to_find
from referral.http.context import context
from referral.http.problems import Problem

MAX_TEXTS = 10_000


def find_person(program: str, text: str) -> PersonToErase:
    """The person as they are known now, after the directory was read to its end.

    A person id leads to the platform's id that the directory has for it, or to the erasure that ended it if that is the person's
    last one. Raises Problem 404 for any other person id that is not known in this program.
    """
    context().follower.read_to_end()
    if not is_person_id(text):
        return _by_external_id(program, person_id_to_find(text))
    people = context().people.snapshot()
    known, erasure = people.profile(text) or people.person(text), people.erasure_that_ended(text)
    if known is not None and known.program == program:
        return _by_external_id(program, known.external_id)
    if erasure is not None and erasure.program == program:
        return PersonToErase(program, text, erasure.id)
    raise unknown_person(program, text)


def _by_external_id(program: str, external_id: str) -> PersonToErase:
    pseudonyms = context().pseudonyms
    first = pseudonyms.first_person_id(program, external_id)
    return PersonToErase(program, pseudonyms.person_id(program, external_id), first)


def stored_records(program: str, id: str) -> StoredRecords:
    """What the directory has of a person in a program. Never refreshes."""
    people, catalog = context().people.snapshot(), context().catalog.snapshot()
    participant = catalog.participant(id)
    if participant is not None and (participant.program != program or participant.erased_at is not None):
        participant = None
    stored = StoredRecords(
        people.person(id), people.profile(id), [], participant, catalog.links(id) if participant else []
    )
    while len(stored.texts) < MAX_TEXTS and (
        more := people.texts(id, stored.texts[-1].text_id if stored.texts else "")
    ):
        stored.texts += more
    return stored


def unknown_person(program: str, text: str) -> Problem:
    """The 404 for a person of whom nothing is stored."""
    detail = (
        f"Nothing is stored about {text} in {program}: no event, no enrolment, and no erasure. Check program and id;"
        " an id is as the platform sends it, e.g. xhs:u42."
    )
    return Problem(404, "unknown_person", detail)
