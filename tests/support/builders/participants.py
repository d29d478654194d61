"""The program, the start date and the people that most tests are about."""

from datetime import UTC, datetime, timedelta

from referral.events.entities import Participant
from referral.events.people import Person, Profile
from referral.key_ring import KeyRing
from referral.people.pseudonyms import Pseudonyms
from tests.support.settings import SIGNING_KEY

PROGRAM = "prg_glow"
START = datetime(2026, 11, 1, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(KeyRing.parse("", SIGNING_KEY))


def day(number: float) -> datetime:
    """Returns the time `number` days after the start."""
    return START + timedelta(days=number)


def person_id(external_id: str, program: str = PROGRAM) -> str:
    """Returns the person id of an external id that was never erased, in a system with the tests' signing key."""
    return PSEUDONYMS.person_id(program, external_id)


def mention_id(mention: str, program: str = PROGRAM) -> str:
    """Returns the pseudonym of a mention, e.g. of @amy."""
    return PSEUDONYMS.mention(program, mention)


def participant(name: str, program: str = PROGRAM) -> Participant:
    """Returns a participant since the start; `amy` is xhs:amy, with the code AMY88 and the mention @amy."""
    return Participant(
        recorded_at=START,
        id=person_id(f"xhs:{name}", program),
        program=program,
        code=f"{name.upper()}88",
        mention=mention_id(name, program),
        look_alike=PSEUDONYMS.look_alike(program, f"xhs:{name}"),
    )


def profile(name: str, display_name: str | None = None, *, public: bool = True, program: str = PROGRAM) -> Profile:
    """Returns what the participant of this name has given about themselves; `amy` is Amy unless named otherwise."""
    return Profile(
        recorded_at=START,
        id=person_id(f"xhs:{name}", program),
        program=program,
        external_id=f"xhs:{name}",
        display_name=display_name or name.title(),
        mention=f"@{name}",
        public=public,
    )


def person(external_id: str, handle: str | None = None) -> Person:
    """Returns who a person is whom events have reported."""
    return Person(recorded_at=START, id=person_id(external_id), program=PROGRAM, external_id=external_id, handle=handle)


AMY, BO, SELF = participant("amy"), participant("bo"), participant("friend")
PROFILES = (profile("amy"), profile("bo"), profile("friend"))
