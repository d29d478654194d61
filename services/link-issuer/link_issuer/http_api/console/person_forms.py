"""The forms of a person's story by which an admin corrects or erases them."""

from typing import cast

from flask import request
from marshmallow import ValidationError

from link_issuer.domain.participant_changes import ProfileChanges
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.people.correction_request import Correction, CorrectionSchema
from link_issuer.http_api.people.export_response import StoredRecords
from link_issuer.http_api.people.person_correction import correct_person
from link_issuer.http_api.people.person_lookup import find_person, stored_records, unknown_person
from link_issuer.privacy.erasure import ErasureIncomplete, ErasureInProgress
from referral.console.guard import Visit
from referral.http.problems import Problem
from referral.validation.mistakes import mistakes_in

TEXT_FIELDS = ("display_name", "mention", "language")
"""The fields of a participant that the form has; the handle is everyone's."""


def correct(visit: Visit, program: str, person: str) -> tuple[str, ...]:
    """Corrects what the form changed; returns the names of the fields that are wrong, and then nothing was corrected.

    Raises Problem 409 while another request changes the person.
    """
    stored = stored_records(program, person)
    changed = _changed_fields(stored)
    if not changed:
        return ()
    try:
        body = CorrectionSchema().load(changed)
        profile = cast("ProfileChanges", {name: value for name, value in body.items() if name != "handle"})
        visit.record("person.corrected", program=program, target=person)
        correct_person(program, person, stored, Correction(profile, "handle" in body, body.get("handle")))
    except ValidationError as error:
        return tuple(mistake.pointer.lstrip("/") for mistake in mistakes_in(error.messages))
    except Problem as problem:
        if problem.code != "invalid":
            raise
        return tuple(str(error["pointer"]).lstrip("/") for error in problem.errors)
    return ()


def erase(visit: Visit, program: str, person: str) -> bool:
    """Erases the person, if the platform's id was typed to confirm it. Raises Problem 409 while it is under way elsewhere."""
    typed = request.form.get("confirm", "").strip()
    external_id = stored_records(program, person).external_id
    if external_id is None or typed.casefold() != external_id.casefold():
        return False
    target = find_person(program, person)
    visit.record("person.erased", program=program, target=person)
    try:
        proof = dependencies().erasure.erase(target)
    except (ErasureInProgress, ErasureIncomplete) as error:
        detail = "The person is being erased, or records of them are still being written. Send the form again."
        raise Problem(409, "in_progress", detail, headers={"Retry-After": "1"}) from error
    if proof is None:
        raise unknown_person(program, person)
    return True


def _changed_fields(stored: StoredRecords) -> dict[str, object]:
    """The fields of the form that differ from what is stored; an empty one is removed."""
    profile, form = stored.profile, request.form
    before: dict[str, object] = {"handle": stored.person.handle if stored.person else None}
    if profile is not None:
        before |= {name: getattr(profile, name) for name in TEXT_FIELDS} | {"public": profile.public}
    sent: dict[str, object] = {name: form[name].strip() or None for name in ("handle", *TEXT_FIELDS) if name in form}
    if "has_public" in form:
        sent["public"] = "public" in form
    return {name: value for name, value in sent.items() if name in before and value != before[name]}
