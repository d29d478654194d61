"""Enrolment: who somebody is in a program. The same person is the same participant, however often enrolled."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from referral.events.entities import Participant
from referral.events.ids import participant_id
from referral.events.program import Partner, Program
from referral.validation.mistakes import Mistake


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Whom to enrol: the platform's id, what people call them (may be empty), their handle, a hash of their device, and which
    partner they are.

    `place` is where in the request they stand, a JSON pointer.
    """

    external_id: str
    display_name: str = ""
    mention: str | None = None
    device: str | None = None
    partner: str | None = None
    place: str = ""

    def participant_id(self, program: str) -> str:
        """`par_…` in a program."""
        return participant_id(program, self.external_id)

    def participant(self, program: str, code: str, since: datetime) -> Participant:
        """The participant; without a name, people see the code."""
        return Participant(
            recorded_at=since,
            id=self.participant_id(program),
            program=program,
            external_id=self.external_id,
            display_name=self.display_name or code,
            code=code,
            mention=self.mention,
            device=self.device,
            partner=self.partner,
        )


def contradictions(asked: Iterable[Enrolment]) -> Iterator[Mistake]:
    """Who stands in a request twice, and not the same: which of the names would be kept was nobody's choice."""
    first: dict[str, Enrolment] = {}
    for one in asked:
        before = first.setdefault(one.external_id, one)
        if replace(one, place="") != replace(before, place=""):
            other = f"{one.external_id} stands at {before.place} with other details: send each person once"
            yield Mistake(f"{one.place}/external_id", other)


def partner_mistakes(
    asked: Iterable[Enrolment], existing: Mapping[str, Participant], rules: Program
) -> Iterator[Mistake]:
    """Partners that the rules do not name, and people who take part already as somebody else.

    `existing` is keyed by participant id. What somebody is does not change: rewards and ranks rest on it.
    """
    names = [partner.id for partner in rules.partners]
    for one in asked:
        known = existing.get(one.participant_id(rules.id))
        if one.partner is None or (known is not None and known.partner == one.partner):
            continue
        if known is not None:
            before = f"the partner {known.partner}" if known.partner else "a follower"
            says = f"{one.external_id} takes part already, as {before}, and stays that: take another external_id"
            yield Mistake(f"{one.place}/partner", says)
        elif one.partner not in names:
            there = ", ".join(names) or "none: it has no partners in force"
            yield Mistake(f"{one.place}/partner", f"{one.partner} is no partner of {rules.id}: take {there}")


def named(one: Enrolment, partners: Iterable[Partner]) -> Enrolment:
    """The enrolment of a partner without a name, with the name that the program gives them, else their id there."""
    if one.display_name or one.partner is None:
        return one
    name = next((partner.name for partner in partners if partner.id == one.partner), {})
    return replace(one, display_name=next(iter(name.values()), one.partner))


def mention_mistakes(
    program: str, fresh: Mapping[str, Enrolment], holder: Callable[[str, str], Participant | None]
) -> Iterator[Mistake]:
    """Mentions that somebody else has in the program already, or that two in one request want.

    `fresh` is keyed by participant id; `holder` gives who has a mention in a program.
    """
    wanted: dict[str, str] = {}
    for id_, one in fresh.items():
        if one.mention is None:
            continue
        other = holder(program, one.mention)
        first = wanted.setdefault(one.mention.casefold(), id_)
        if first != id_ or (other is not None and other.id != id_):
            yield Mistake(
                f"{one.place}/mention", f"{one.mention} is somebody else's in {program}: leave it out, or take another"
            )
