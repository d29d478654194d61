"""The sequence of a program's versions: numbered without gaps, each in force from a time that is not in the past.

An event is judged by the version in force when it happened, so a version that took effect never changes, and a new one never
takes effect in the past. A change of rules takes effect some seconds after it is durable (RULE_CHANGE_DELAY): by then every
reader of the catalog has it, so a replay decides as the folds did live.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_datetime


class InvalidEffectiveTime(ValueError):
    """A version cannot take effect at the requested time; the message names when it can."""


class InvalidCampaign(ValueError):
    """A version cannot declare these days of the campaign; the message says which it can."""


@dataclass(frozen=True, slots=True)
class AppliedProgram:
    """The newest version after a program was applied, and whether applying created it."""

    version: ProgramVersion
    is_new: bool


def apply_program(
    newest: ProgramVersion | None, program: Program, requested: datetime | None, now_ms: int
) -> AppliedProgram:
    """The version that results from applying `program`; `requested` is when it should take effect.

    Equal rules result in the newest version itself. Raises InvalidEffectiveTime and InvalidCampaign.
    """
    if newest is not None and newest.program == program:
        return AppliedProgram(newest, is_new=False)
    now = to_datetime(now_ms)
    first, number = newest is None, 1 if newest is None else newest.version + 1
    start = _effective_from(requested, now, _earliest(now, first=first))
    if newest is not None and start <= newest.effective_from:
        raise InvalidEffectiveTime(
            f"must be after version {newest.version} takes effect, at {newest.effective_from.isoformat()}"
        )
    if newest is not None:
        _check_campaign(newest.program, program, start)
    version = ProgramVersion(recorded_at=now, program=program, version=number, effective_from=start)
    return AppliedProgram(version, is_new=True)


def _check_campaign(known: Program, program: Program, start: datetime) -> None:
    """Boards are counted by the days of the campaign: those that were declared stay, and new ones are all to come."""
    if known.campaign is not None and program.campaign != known.campaign:
        raise InvalidCampaign(
            f"must stay as declared, since boards are counted by it: starts {known.campaign.starts}, {known.campaign.days} days"
        )
    if known.campaign is None and program.campaign is not None:
        first = start.astimezone(ZoneInfo(known.timezone)).date() + timedelta(days=1)
        if program.campaign.starts < first:
            raise InvalidCampaign(
                f"must start on {first} or later: what happened before this version takes effect would be missing on its boards"
            )


def _earliest(now: datetime, *, first: bool) -> datetime:
    """The first version changes nothing for anyone, so it is in force from the current second; later ones after the delay."""
    return now.replace(microsecond=0) if first else now + RULE_CHANGE_DELAY


def _effective_from(requested: datetime | None, now: datetime, earliest: datetime) -> datetime:
    if requested is None:
        return earliest
    if requested < now.replace(microsecond=0):
        raise InvalidEffectiveTime(
            f"must not be in the past; got {requested.isoformat()}: leave it out to take effect as soon as possible"
        )
    return max(requested, earliest)
