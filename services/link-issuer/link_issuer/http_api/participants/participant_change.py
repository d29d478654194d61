"""Changes a participant in the catalog, and what they have given about themselves in `people`."""

import msgspec

from link_issuer.domain.enrolment import NEEDS_CONSENT, belongs_to_another
from link_issuer.domain.participant_changes import (
    ContactWithoutConsent,
    PseudonymChanges,
    TooManyChanges,
    change_profile,
    change_pseudonyms,
)
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.participants.change_request import CONSEQUENCE, ParticipantChanges
from link_issuer.http_api.participants.enrolment_writing import NamedParticipant
from link_issuer.http_api.request_body import invalid_body
from link_issuer.http_api.require import erased
from link_issuer.store import AlreadyTaken
from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.validation.mistakes import Mistake

_encode = msgspec.msgpack.Encoder().encode


def apply_changes(participant: Participant, changes: ParticipantChanges) -> NamedParticipant:
    """The participant after these changes, once they are durable.

    Raises Problem 422 for mistakes, 409 if another request is changing the participant or if they were changed too often.
    """
    catalog = dependencies().store.complete_catalog()
    before = catalog.participant(participant.id) or participant
    profile = context().people.snapshot().profile(participant.id)
    if profile is None or before.erased_at is not None:
        raise erased(participant.id)
    named = NamedParticipant(before, profile)
    try:
        changed = _changed(named, changes, catalog)
        if changed != named:
            _write(named, changed, changes, catalog)
    except ContactWithoutConsent:
        raise invalid_body([Mistake("/contact", NEEDS_CONSENT)], CONSEQUENCE) from None
    except TooManyChanges as error:
        raise Problem(409, "too_many_changes", f"{profile.external_id}: {error}. {CONSEQUENCE}") from error
    except AlreadyTaken:
        detail = f"Another request is changing {profile.external_id}. Send the request again."
        raise Problem(409, "concurrent_change", detail, headers={"Retry-After": "1"}) from None
    return changed


def _changed(before: NamedParticipant, changes: ParticipantChanges, catalog: Catalog) -> NamedParticipant:
    """What the changes lead to. Raises ContactWithoutConsent, TooManyChanges, and Problem 422 for another's mention."""
    participant, profile = before.participant, before.profile
    now = to_datetime(context().clock.now_ms())
    pseudonyms = _pseudonyms(participant.program, changes)
    mention = pseudonyms.get("mention")
    other = catalog.mention(participant.program, mention) if mention else None
    if belongs_to_another(other, participant.id):
        raise _mention_taken(participant.program, changes)
    return NamedParticipant(
        change_pseudonyms(participant, pseudonyms, now),
        change_profile(profile, changes.profile, now) if profile else None,
    )


def _pseudonyms(program: str, changes: ParticipantChanges) -> PseudonymChanges:
    known, found = context().pseudonyms, PseudonymChanges()
    if "mention" in changes.profile:
        mention = changes.profile["mention"]
        found["mention"] = known.mention(program, mention) if mention else None
    if changes.has_device:
        found["device"] = known.device(program, changes.device) if changes.device else None
    return found


def _write(before: NamedParticipant, changed: NamedParticipant, changes: ParticipantChanges, catalog: Catalog) -> None:
    """Returns when the changes are durable.

    Raises AlreadyTaken, and Problem 422 if the mention is reserved for another person. Of two requests that change the same record,
    the second one read it before the first one's change, so it is refused.
    """
    store, participant = dependencies().store, changed.participant
    former, gained = before.participant.mention, participant.mention
    if gained and gained != former and not store.reserve_mention(gained, participant.id, catalog):
        raise _mention_taken(participant.program, changes)
    records = [one for one, other in zip(before, changed, strict=True) if one != other]
    now_ms = context().clock.now_ms()
    store.reserve_changes([_fingerprint(record) for record in records], _fingerprint(changes), now_ms)
    store.write(
        [participant] if participant != before.participant else [],
        [changed.profile] if changed.profile is not None and changed.profile != before.profile else [],
    )
    if former and former != gained:
        store.enrolments.release_mention(former, participant.id)
    context().follower.read_to_end()


def _fingerprint(record: object) -> str:
    return context().pseudonyms.fingerprint(_encode(record))


def _mention_taken(program: str, changes: ParticipantChanges) -> Problem:
    mention = changes.profile["mention"]
    detail = f"{mention} belongs to another participant of {program}: send another, or change theirs first"
    return invalid_body([Mistake("/mention", detail)], CONSEQUENCE)
