"""The participant whose wallet is open in the browser."""

from referral.events.entities import Participant
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.wallet_session import require_wallet_session


def require_wallet_participant() -> Participant:
    """Returns the participant. Raises Problem 401 without an open wallet, 404 for a person who is not enrolled."""
    session = require_wallet_session()
    return require_enrolled(session.program, session.person)


def require_enrolled(program: str, person: str) -> Participant:
    """Returns the participant with this person id. Raises Problem 404 for a person who is not enrolled."""
    found = context().catalog.participant(person)
    if found is None or found.program != program or found.erased_at is not None:
        raise Problem(404, "unknown_participant", "This person is not enrolled, and so has no code to share.")
    return found
