"""Enrolment of people in a program. The same person is the same participant, however often they are enrolled."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from referral.events.entities import Participant
from referral.events.ids import participant_id
from referral.events.normal_forms import normalize_mention
from referral.events.program import Partner, Program
from referral.validation.mistakes import Mistake

IgnoredField = Literal["display_name", "mention", "device", "since"]


@dataclass(frozen=True, slots=True)
class IgnoredValue:
    """A value that an enrolment sent for a person who was enrolled before with another, which stays."""

    field: IgnoredField
    sent: str | None
    stored: str | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One person to enrol: the platform's id, their display name (may be empty), their handle, a hash of their device, the id of
    the partner they are, if they are one, and since when they count, if that is before their enrolment.

    `pointer` is the JSON pointer of this enrolment in the request.
    """

    external_id: str
    display_name: str = ""
    mention: str | None = None
    device: str | None = None
    partner: str | None = None
    since: datetime | None = None
    pointer: str = ""

    def participant_id(self, program: str) -> str:
        """`par_…` in a program."""
        return participant_id(program, self.external_id)

    def participant(self, program: str, code: str, now: datetime, enrolled_by: str) -> Participant:
        """The participant; without a name, the code is the display name. `enrolled_by` is the id of an API key."""
        is_dated_back = self.since is not None and self.since < now
        return Participant(
            recorded_at=now,
            id=self.participant_id(program),
            program=program,
            external_id=self.external_id,
            display_name=self.display_name or code,
            code=code,
            mention=self.mention,
            device=self.device,
            partner=self.partner,
            since=self.since if is_dated_back else None,
            since_by=enrolled_by if is_dated_back else None,
        )

    def ignored_values(self, participant: Participant) -> list[IgnoredValue]:
        """The values that were sent for a participant who was enrolled before with others."""
        names: tuple[IgnoredField, ...] = ("display_name", "mention", "device", "since")
        return [
            IgnoredValue(name, _text(sent), _text(stored))
            for name in names
            if (sent := getattr(self, name)) and sent != (stored := getattr(participant, name))
        ]


def _text(value: str | datetime | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def duplicate_mistakes(enrolments: Iterable[Enrolment]) -> Iterator[Mistake]:
    """People who occur twice in a request with different details: the request does not determine which to store."""
    first: dict[str, Enrolment] = {}
    for enrolment in enrolments:
        before = first.setdefault(enrolment.external_id, enrolment)
        if replace(enrolment, pointer="") != replace(before, pointer=""):
            detail = f"{enrolment.external_id} occurs at {before.pointer} with other details: send each person once"
            yield Mistake(f"{enrolment.pointer}/external_id", detail)


def since_mistakes(enrolments: Iterable[Enrolment], now: datetime, most: timedelta) -> Iterator[Mistake]:
    """Enrolments dated back to the future, or further than `most`: events of that age change nothing."""
    for enrolment in enrolments:
        since = enrolment.since
        if since is not None and not now - most <= since <= now:
            detail = f"must be between {(now - most).isoformat()} and now ({now.isoformat()}); got {since.isoformat()}"
            yield Mistake(f"{enrolment.pointer}/since", detail)


def partner_mistakes(
    enrolments: Iterable[Enrolment], existing: Mapping[str, Participant], rules: Program
) -> Iterator[Mistake]:
    """Partners that the rules do not name, and people who are already enrolled as a follower or as another partner.

    `existing` is keyed by participant id. This attribute of a participant never changes: rewards and ranks depend on it.
    """
    names = [partner.id for partner in rules.partners]
    for enrolment in enrolments:
        known = existing.get(enrolment.participant_id(rules.id))
        if enrolment.partner is None or (known is not None and known.partner == enrolment.partner):
            continue
        if known is not None:
            role = f"the partner {known.partner}" if known.partner else "a follower"
            detail = (
                f"{enrolment.external_id} is already enrolled as {role}, which cannot change: use another external_id"
            )
            yield Mistake(f"{enrolment.pointer}/partner", detail)
        elif enrolment.partner not in names:
            choice = (
                f"must be one of {', '.join(names)}"
                if names
                else f"must be left out: {rules.id} has no partners in force"
            )
            yield Mistake(f"{enrolment.pointer}/partner", f"{choice}; got {enrolment.partner!r}")


def with_partner_name(enrolment: Enrolment, partners: Iterable[Partner]) -> Enrolment:
    """The enrolment; for a partner without a display name with the name in the program, or the partner's id if it has none."""
    if enrolment.display_name or enrolment.partner is None:
        return enrolment
    name = next((partner.name for partner in partners if partner.id == enrolment.partner), {})
    return replace(enrolment, display_name=next(iter(name.values()), enrolment.partner))


def mention_mistakes(
    program: str, fresh: Mapping[str, Enrolment], mention_owner: Callable[[str, str], Participant | None]
) -> Iterator[Mistake]:
    """Mentions that belong to another participant of the program, or occur twice in the request.

    `fresh` is keyed by participant id; `mention_owner` returns the participant with a mention in a program.
    """
    claimed: dict[str, str] = {}
    for id_, enrolment in fresh.items():
        if enrolment.mention is None:
            continue
        other = mention_owner(program, enrolment.mention)
        first = claimed.setdefault(normalize_mention(enrolment.mention), id_)
        if first != id_ or (other is not None and other.id != id_):
            detail = f"{enrolment.mention} belongs to another participant of {program}: leave it out, or send another"
            yield Mistake(f"{enrolment.pointer}/mention", detail)
