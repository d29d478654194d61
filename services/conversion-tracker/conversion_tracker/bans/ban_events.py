"""Reads ban events: the changes of the person and of the ban list, and the line for the partition of their referrals."""

from conversion_tracker.attribution.person import Person, RulesByVersion, apply_ban
from conversion_tracker.attribution.verdict_events import AttributionEvent
from conversion_tracker.bans.ban import Ban
from referral.events.attributions import ReferrerBanned, ReferrerUnbanned
from referral.events.facts import BanDecision, PersonBanned
from referral.events.ids import participant_id
from referral.events.timestamps import to_ms
from referral.fold.fold import Key, SortedSetMember


def ban_board(program: str) -> str:
    """The board of who is banned from a program: external ids, by when (ms)."""
    return f"bans:{program}"


def apply_ban_event(
    line: BanDecision, person: Person, rules_of: RulesByVersion
) -> tuple[Person, list[AttributionEvent]] | None:
    """The person after a ban or unban, and the lines about their own referral; None if it changes nothing."""
    moment = to_ms(line.occurred_at)
    ban = Ban(line.by, moment, line.note) if isinstance(line, PersonBanned) else None
    return apply_ban(person, ban, line.program, line.person, rules_of, moment)


def ban_index_change(line: BanDecision) -> dict[Key, Person | float | None]:
    """The person on the list, or off it."""
    place = SortedSetMember(ban_board(line.program), line.person)
    return {place: float(to_ms(line.occurred_at)) if isinstance(line, PersonBanned) else None}


def to_referrer_event(line: BanDecision) -> ReferrerBanned | ReferrerUnbanned:
    """The same for the people they referred, whose conversions are in other partitions."""
    kind = ReferrerBanned if isinstance(line, PersonBanned) else ReferrerUnbanned
    return kind(
        occurred_at=line.occurred_at,
        program=line.program,
        referrer=participant_id(line.program, line.person),
        person=line.person,
        by=line.by,
        note=line.note,
    )
