"""The program, the start date and the participants that most tests are about."""

from datetime import UTC, datetime, timedelta

from referral.events.entities import Participant
from referral.events.ids import participant_id

PROGRAM = "prg_glow"
START = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """Returns the time `number` days after the start."""
    return START + timedelta(days=number)


def participant(name: str, display_name: str | None = None) -> Participant:
    """Returns a participant since the start; `amy` has the external id xhs:amy, the code AMY88 and the mention @amy."""
    return Participant(
        recorded_at=START,
        id=participant_id(PROGRAM, f"xhs:{name}"),
        program=PROGRAM,
        external_id=f"xhs:{name}",
        display_name=display_name or name.title(),
        code=f"{name.upper()}88",
        mention=f"@{name}",
    )


AMY, BO, SELF = participant("amy"), participant("bo"), participant("friend")
