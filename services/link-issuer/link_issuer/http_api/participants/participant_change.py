"""Changes a participant in the catalog."""

from link_issuer.domain.participant_changes import TooManyChanges, change_participant
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.participants.change_request import CONSEQUENCE, read_changes
from link_issuer.http_api.request_body import invalid_body
from link_issuer.store import AlreadyTaken
from referral.events.entities import Participant
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.validation.mistakes import Mistake


def apply_changes(participant: Participant) -> Participant:
    """The participant after the changes in the request's body, once they are durable.

    Raises Problem 422 for mistakes, 409 if another request is changing the participant or if they were changed too often.
    """
    changes = read_changes()
    catalog = dependencies().store.complete_catalog()
    before = catalog.participant(participant.id) or participant
    _require_free_mention(before, changes.get("mention"))
    try:
        changed = change_participant(before, changes, to_datetime(context().clock.now_ms()))
        if changed is not before:
            dependencies().store.write([dependencies().store.reserve_change(before, changed)])
            context().follower.read_to_end()
    except TooManyChanges as error:
        raise Problem(409, "too_many_changes", f"{participant.external_id}: {error}. {CONSEQUENCE}") from error
    except AlreadyTaken as error:
        raise Problem(
            409, "concurrent_change", f"{error}. Send the request again.", headers={"Retry-After": "1"}
        ) from error
    return changed


def _require_free_mention(participant: Participant, mention: str | None) -> None:
    other = context().catalog.snapshot().mention(participant.program, mention) if mention else None
    if other is not None and other.id != participant.id:
        detail = (
            f"{mention} belongs to another participant of {participant.program}: send another, or change theirs first"
        )
        raise invalid_body([Mistake("/mention", detail)], CONSEQUENCE)
