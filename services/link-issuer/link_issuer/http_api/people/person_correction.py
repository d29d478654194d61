"""Corrects what is stored about a person: their handle, and the profile of a participant."""

from msgspec.structs import replace

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.participants.change_request import ParticipantChanges
from link_issuer.http_api.participants.participant_change import apply_changes
from link_issuer.http_api.people.correction_request import CONSEQUENCE, Correction
from link_issuer.http_api.people.export_response import StoredRecords
from link_issuer.http_api.request_body import invalid_body
from referral.events.people import Person
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.validation.mistakes import Mistake

_NOT_ENROLLED = (
    "is what participants give about themselves, and this person is not enrolled: correct `handle`, or enrol them"
)


def correct_person(program: str, id: str, stored: StoredRecords, correction: Correction) -> None:
    """Returns once the correction is durable and in the directory.

    Raises Problem 422 for a field of the profile of a person who is not enrolled, and as `apply_changes` does.
    """
    if correction.profile:
        if stored.participant is None:
            mistakes = [Mistake(f"/{field}", _NOT_ENROLLED) for field in sorted(correction.profile)]
            raise invalid_body(mistakes, CONSEQUENCE)
        apply_changes(stored.participant, ParticipantChanges(correction.profile))
    if correction.has_handle:
        _set_handle(program, id, stored, correction.handle)


def _set_handle(program: str, id: str, stored: StoredRecords, handle: str | None) -> None:
    before, external_id = stored.person, stored.external_id
    if external_id is None or (before.handle if before else None) == handle:
        return
    now = to_datetime(context().clock.now_ms())
    unnamed = before or Person(id=id, program=program, recorded_at=now, external_id=external_id)
    dependencies().store.write([], [replace(unnamed, recorded_at=now, handle=handle)])
    context().follower.read_to_end()
