"""Requests of messages to promoters: `message.requested` lines for the decisions of folds, in programs with messages.

The id of an item is derived from its cause, so a repeated decision requests the same item. The text is written when the message is
sent, from the state at that time.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from referral.catalog.view import Catalog
from referral.entitlement.grants import ReferrerGrants
from referral.events.conversions import ConversionCleared
from referral.events.deliveries import MessageRequested
from referral.events.entities import ProgramVersion
from referral.events.ids import derive_id
from referral.events.promoter_messages import EXPIRING_DAYS, MessageItem, MessageKind, people_endpoint
from referral.events.rewards import RewardFulfilled, RewardRevoked
from referral.events.standings import BoardPartClosed, PrizeAwarded
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.fold import Output
from referral.topics import DELIVERIES
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.next_milestone import next_milestone

_LONG_PERIOD = re.compile(r"\d{4}-\d{2}|campaign")  # a month, or the campaign
_REFERRALS = "referrals"


class Reminder(Struct, frozen=True, array_like=True, tag="reminder"):
    """That the owner of a reward is reminded before it ends; its timer is the time."""

    program: str
    person: str
    reward: str


def friend_message(line: ConversionCleared, grants: ReferrerGrants, catalog: Catalog) -> list[Output]:
    """Returns the request after a friend counts: `progress` if a milestone is ahead, otherwise `friend_came`."""
    terms = _sending(line.program, line.occurred_at, catalog)
    if terms is None or line.referrer_kind != "follower":
        return []
    rules = (rule for rule in terms.program.rewards if rule.to == "referrer")
    kind: MessageKind = "progress" if next_milestone(rules, grants.conversions) else "friend_came"
    if terms.program.messages and kind not in terms.program.messages.kinds:
        kind = "friend_came"
    item = MessageItem(id=_item_id(line.id, "friend"), kind=kind, at=line.occurred_at)
    return [_request(line.program, line.referrer, item)]


def ready_message(line: RewardFulfilled, catalog: Catalog) -> list[Output]:
    """Returns the request after a reward is fulfilled."""
    if _sending(line.program, line.occurred_at, catalog) is None:
        return []
    item = MessageItem(id=_item_id(line.id, "ready"), kind="reward_ready", at=line.occurred_at, reward=line.id)
    return [_request(line.program, line.beneficiary, item)]


def revoked_message(line: RewardRevoked, catalog: Catalog) -> list[Output]:
    """Returns the request after a reward is revoked."""
    if _sending(line.program, line.occurred_at, catalog) is None:
        return []
    item = MessageItem(id=_item_id(line.id, "revoked"), kind="reward_revoked", at=line.occurred_at, reward=line.id)
    return [_request(line.program, line.beneficiary, item)]


def reminder_of(account: Account, catalog: Catalog, at: datetime) -> tuple[Reminder, float] | None:
    """The reminder of a reward that ends, and its time (ms); None if it does not end, ends too soon, or no message is sent."""
    if account.expires_ms is None or _sending(account.program, at, catalog) is None:
        return None
    due_ms = account.expires_ms - EXPIRING_DAYS * DAY_MS
    return (Reminder(account.program, account.beneficiary, account.id), float(due_ms)) if due_ms > to_ms(at) else None


def expiring_message(reminder: Reminder, at: datetime) -> list[Output]:
    """Returns the request three days before a reward expires."""
    item = MessageItem(id=_item_id(reminder.reward, "expiring"), kind="reward_expiring", at=at, reward=reminder.reward)
    return [_request(reminder.program, reminder.person, item)]


def prize_message(line: PrizeAwarded, catalog: Catalog) -> list[Output]:
    """Returns the request after a prize is awarded."""
    if _sending(line.program, line.occurred_at, catalog) is None:
        return []
    item = MessageItem(
        id=_item_id(line.trigger, line.participant, line.prize),
        kind="prize_won",
        at=line.occurred_at,
        rule=line.rule,
        prize=line.prize,
        period=line.period,
    )
    return [_request(line.program, line.participant, item)]


def period_messages(line: BoardPartClosed, catalog: Catalog) -> list[Output]:
    """Returns a request for each entry of a closed board of a month or the campaign, with its score."""
    is_reported = line.metric == _REFERRALS and line.kind == "follower" and _LONG_PERIOD.fullmatch(line.period)
    if not is_reported or _sending(line.program, line.closes_at, catalog) is None:
        return []
    return list(_period_requests(line))


def _period_requests(line: BoardPartClosed) -> Iterator[Output]:
    for entry in line.entries:
        id = _item_id(line.program, line.metric, line.period, entry.participant)
        item = MessageItem(id=id, kind="period_closed", at=line.closes_at, period=line.period, friends=entry.score)
        yield _request(line.program, entry.participant, item)


def is_handed_over(account: Account | None) -> bool:
    """Whether a reward was fulfilled: then its revocation is reported to its owner."""
    return account is not None and account.status in ("fulfilled", "delivered", "redeemed")


def fulfilled_lines(outputs: Iterable[Output]) -> list[RewardFulfilled]:
    """Returns the `reward.fulfilled` lines of a decision."""
    return [output.line for output in outputs if isinstance(output.line, RewardFulfilled)]


def _sending(program: str, at: datetime, catalog: Catalog) -> ProgramVersion | None:
    """The rules in force at a time, if the program sends messages by them."""
    terms = catalog.program_at(program, to_ms(at))
    return terms if terms is not None and terms.program.messages is not None else None


def _item_id(*parts: str) -> str:
    return derive_id("msi", *parts)


def _request(program: str, person: str, item: MessageItem) -> Output:
    endpoint = people_endpoint(program, person)
    line = MessageRequested(occurred_at=item.at, program=program, webhook=endpoint, person=person, item=item)
    return Output(DELIVERIES, line, endpoint)
