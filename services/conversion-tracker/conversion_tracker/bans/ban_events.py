"""What a ban or an unban changes: the person, the list of bans, and the referrals that they made."""

from conversion_tracker.attribution.person import Person, PersonChange, RulesByVersion, apply_ban
from conversion_tracker.bans.ban import Ban
from referral.bans import ban_board
from referral.events.attributions import ReferrerBanned, ReferrerUnbanned
from referral.events.facts import BanDecision, PersonBanned
from referral.events.timestamps import to_ms
from referral.fold.fold import Key, SortedSetMember


def apply_ban_event(line: BanDecision, person: Person, rules_by_version: RulesByVersion) -> PersonChange | None:
    """Returns the change of the person and of their own referral; None if the decision changes nothing."""
    at = to_ms(line.occurred_at)
    ban = Ban(line.by, at, line.note, line.api_key) if isinstance(line, PersonBanned) else None
    return apply_ban(person, ban, line.program, line.person, rules_by_version, at)


def ban_index_change(line: BanDecision) -> dict[Key, Person | float | None]:
    """Returns the change that adds the person to the list of bans, or removes them."""
    member = SortedSetMember(ban_board(line.program), line.person)
    return {member: float(to_ms(line.occurred_at)) if isinstance(line, PersonBanned) else None}


def to_referrer_event(line: BanDecision) -> ReferrerBanned | ReferrerUnbanned:
    """Returns the decision as a line of `attributions`, for the referrals that the person made: these are in other partitions."""
    kind = ReferrerBanned if isinstance(line, PersonBanned) else ReferrerUnbanned
    return kind(
        occurred_at=line.occurred_at,
        program=line.program,
        referrer=line.person,
        by=line.by,
        note=line.note,
        api_key=line.api_key,
    )
