"""Profiles of participants for pages and answers."""

from referral.events.entities import Participant
from referral.events.people import Profile
from referral.http.context import context
from referral.log.errors import LogUnavailable


def find_profile(participant: Participant) -> Profile | None:
    """What a participant has given about themselves; None if they were erased, or if it is missing and Kafka does not answer.

    It is written before the participant, but may be read after them.
    """
    if participant.erased_at is not None:
        return None
    people = context().people
    try:
        return people.profile(participant.id)
    except LogUnavailable:
        return people.snapshot().profile(participant.id)
