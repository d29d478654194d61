"""Prizes of a challenge that follow from one person's part in it: the benefit of everyone who posted, and the posts of the week.

They are awarded when the challenge is frozen, and follow what counts until the holding period is over.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from leaderboard.domain.challenge_record import ChallengeRecord, WonPrize, with_item
from leaderboard.domain.challenge_score import ChallengeDays, counted_posts
from leaderboard.folds import state_keys
from leaderboard.folds.challenge_terms import PRIZE_TRIGGERS, ChallengeTerms, final_version
from leaderboard.folds.closing_terms import prize_text
from referral.catalog.view import Catalog
from referral.events.challenges import Challenge, ChallengePrize
from referral.events.entities import ProgramVersion
from referral.events.standings import PrizeAwarded, PrizeRevoked
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.fold import Decision, Output, Timer
from referral.topics import STANDINGS

_DAY_S = DAY_MS // 1000
_METRIC = "challenge_score"


def next_settlement_ms(record: ChallengeRecord, program: str, terms: ChallengeTerms, catalog: Catalog) -> float | None:
    """Returns when (ms) the next challenge of a person is frozen; None if all of them were settled."""
    known = terms.all_of(program, catalog)
    open_ = record.challenges - {*record.settled}
    return min((known[one].days.frozen_s * 1000.0 for one in open_ if one in known), default=None)


def settle(
    key: str, record: ChallengeRecord, occurred_at: datetime, hidden: bool, terms: ChallengeTerms, catalog: Catalog
) -> Decision[ChallengeRecord]:
    """Returns the prizes of the challenges that are frozen by now, none if the person is banned; and the timer of the next one."""
    program, person = state_keys.recorded_person(key)
    after, outputs, now_ms = record, list[Output](), to_ms(occurred_at)
    for id_, one in terms.all_of(program, catalog).items():
        if id_ in record.settled or one.days.frozen_s * 1000 > now_ms:
            continue
        version, challenge = final_version(program, one.days, catalog)
        until_s = one.days.frozen_s + version.program.holding_days * _DAY_S
        won = [] if hidden else [*earned(record, one.days, version, challenge)]
        after = replace(after, settled=with_item(after.settled, id_, until_s), won=(*after.won, *won))
        outputs += [Output(STANDINGS, _award_line(program, person, prize, occurred_at), program) for prize in won]
    due_ms = next_settlement_ms(after, program, terms, catalog)
    changes: dict[object, object] = {key: after}
    if due_ms is not None:
        changes[Timer(key)] = due_ms
    return Decision(changes, outputs)  # type: ignore[arg-type] # keys and states of the record


def with_corrections(
    record: ChallengeRecord,
    program: str,
    person: str,
    occurred_at: datetime,
    now_s: int,
    hidden: bool,
    days: ChallengeDays,
    catalog: Catalog,
) -> tuple[ChallengeRecord, list[Output]]:
    """Returns the record with the prizes of a challenge that are due to the person now, and the lines that take back and award.

    Prizes follow what counts until the holding period is over, as those of a closed board do: a ban takes them back, and a ban
    that is lifted in time brings them back.
    """
    if days.id not in record.settled or now_s >= record.settled[days.id]:
        return record, []
    due = [] if hidden else [*earned(record, days, *final_version(program, days, catalog))]
    mine = [one for one in record.won if one.challenge == days.id]
    lost = [one for one in mine if one.trigger not in {other.trigger for other in due}]
    gained = [one for one in due if one.trigger not in {other.trigger for other in mine}]
    if not lost and not gained:
        return record, []
    won = (*(one for one in record.won if one not in lost), *gained)
    lines = [Output(STANDINGS, _revocation_line(program, person, one, occurred_at), program) for one in lost]
    lines += [Output(STANDINGS, _award_line(program, person, one, occurred_at), program) for one in gained]
    return replace(record, won=won), lines


def earned(
    record: ChallengeRecord, days: ChallengeDays, version: ProgramVersion, challenge: Challenge
) -> Iterator[WonPrize]:
    """Returns what a person has won by their own posts."""
    posts = counted_posts(record, days)
    triggers: list[tuple[ChallengePrize, str]] = [("every_participant", _participant(days.id))] if posts else []
    weeks = sorted({post.entry(days.id).week for post in posts} - {0})
    triggers += [("weekly", _week(days.id, week)) for week in weeks]
    for kind, trigger in triggers:
        prize = challenge.prizes.get(kind)
        if prize is not None:
            rules = {rule.id for rule in version.program.rewards if rule.on == PRIZE_TRIGGERS[kind]}
            rule = prize if isinstance(prize, str) and prize in rules else None
            yield WonPrize(trigger, days.id, version.version, prize_text(prize), rule)


def _participant(challenge: str) -> str:
    return f"challenge:{challenge}:participant"


def _week(challenge: str, week: int) -> str:
    return f"challenge:{challenge}:week:{week}"


def _award_line(program: str, person: str, won: WonPrize, occurred_at: datetime) -> PrizeAwarded:
    return PrizeAwarded(
        occurred_at=occurred_at,
        program=program,
        metric=_METRIC,
        period=state_keys.challenge_period(won.challenge),
        place=1,
        participant=person,
        prize=won.prize,
        version=won.version,
        trigger=won.trigger,
        rule=won.rule,
    )


def _revocation_line(program: str, person: str, won: WonPrize, occurred_at: datetime) -> PrizeRevoked:
    return PrizeRevoked(
        occurred_at=occurred_at,
        program=program,
        metric=_METRIC,
        period=state_keys.challenge_period(won.challenge),
        participant=person,
        prize=won.prize,
        trigger=won.trigger,
        reason="void",
        rule=won.rule,
    )
