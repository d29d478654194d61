"""Messages to promoters in the folds: what asks for one, how it waits, and how its attempt ends."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.deliveries import (
    ChannelClosed,
    ChannelOpened,
    DeliveryAttempted,
    DeliveryLine,
    DeliveryStarted,
    MessageRequested,
    PromoterMessage,
)
from referral.events.entities import ProgramVersion
from referral.events.line import ClockTicked
from referral.events.promoter_messages import MessageItem, Messages, QuietHours, people_endpoint
from referral.events.standings import BoardPartClosed, PartEntry, PrizeAwarded
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.domain.outbox import Outbox
from reward_dispatcher.folds.decide_fold import DecideFold
from reward_dispatcher.folds.deliveries_fold import DeliveriesFold
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.prizes_fold import PrizesFold
from tests.support.builders.participants import AMY, PROGRAM, START
from tests.support.builders.reward_dispatcher import (
    CODE_KEY,
    friend_conversion,
    friend_reversal,
    grant,
    revocation,
    reward_terms,
)
from tests.support.folds import FoldFeed
from tests.support.systems.ledger import CODES

ENDPOINT = people_endpoint(PROGRAM, AMY.id)
ALWAYS = Messages(quiet_hours=QuietHours(start="00:00", to="00:00"), bundle_minutes=10)


def terms(messages: Messages | None = ALWAYS) -> ProgramVersion:
    """Returns the Glow program with messages."""
    version = reward_terms()
    return replace(version, program=replace(version.program, messages=messages))


def requested(number: int, at: datetime = START) -> MessageRequested:
    """Returns the line that asks for a message to Amy."""
    item = MessageItem(id=f"msi_{number}", kind="reward_ready", at=at, reward=f"rwd_{number}")
    return MessageRequested(occurred_at=at, program=PROGRAM, webhook=ENDPOINT, person=AMY.id, item=item)


def started(number: int, items: int, message: int = 1, at: datetime = START) -> DeliveryStarted:
    """Returns the line before an e-mail to Amy."""
    return DeliveryStarted(
        occurred_at=at,
        program=PROGRAM,
        webhook=ENDPOINT,
        message=f"{AMY.id}-{message}",
        number=number,
        channel="email",
        items=items,
    )


def attempted(number: int, outcome: str, message: int = 1, at: datetime = START) -> DeliveryAttempted:
    """Returns the line after an attempt."""
    return DeliveryAttempted(
        occurred_at=at,
        program=PROGRAM,
        webhook=ENDPOINT,
        message=f"{AMY.id}-{message}",
        number=number,
        outcome=outcome,  # type: ignore[arg-type]
        channel="email",
    )


def fold(*lines: DeliveryLine, messages: Messages | None = ALWAYS) -> FoldFeed:
    """Returns the fold `deliveries` after these lines."""
    feed = FoldFeed(DeliveriesFold(), Catalog([terms(messages)]))
    feed.feed(lines)
    return feed


def delivery(feed: FoldFeed, message: int = 1) -> MessageDelivery:
    """Returns a message to Amy."""
    found: MessageDelivery = feed.state(f"message:{ENDPOINT}|{AMY.id}-{message}")
    return found


def outbox(feed: FoldFeed) -> Outbox:
    """Returns Amy's outbox."""
    found: Outbox = feed.state(f"outbox:{ENDPOINT}|{AMY.id}")
    return found


def item_ids(feed: FoldFeed, message: int = 1) -> list[str]:
    """Returns what a message is about."""
    content = delivery(feed, message).content
    assert isinstance(content, PromoterMessage)
    return [item.id for item in content.items]


def test_requests_wait_together_and_once() -> None:
    """The endpoint counts one message that waits."""
    feed = fold(requested(1), requested(2), requested(1))
    due_ms = to_ms(START) + 600_000
    assert item_ids(feed) == ["msi_1", "msi_2"]
    assert feed.scores == {
        (f"due:{ENDPOINT}", f"{AMY.id}-1"): due_ms,
        (f"waiting:{ENDPOINT}", f"{AMY.id}-1"): to_ms(START),
        ("active", ENDPOINT): 0,
    }
    assert feed.state(f"endpoint:{ENDPOINT}").waiting == 1


def test_a_program_without_messages_keeps_nothing() -> None:
    """Nor one that does not send this kind."""
    assert fold(requested(1), messages=None).values == {}
    assert fold(requested(1), messages=Messages(kinds=("welcome",))).values == {}


def test_what_came_after_the_start_of_an_attempt_is_in_the_next_message() -> None:
    """Whatever the worker had read, each item is in one message."""
    feed = fold(requested(1), requested(2), started(1, items=1), attempted(1, "accepted"))
    assert delivery(feed).status == "delivered"
    assert item_ids(feed, 2) == ["msi_2"]
    assert feed.state(f"endpoint:{ENDPOINT}").waiting == 1


def test_a_message_that_was_begun_may_have_arrived_until_its_attempt_ends() -> None:
    """A refused one is tried again; an unconfirmed one is not."""
    feed = fold(requested(1), started(1, items=1))
    assert delivery(feed).may_have_arrived
    feed.feed([attempted(1, "failed")])
    assert (delivery(feed).status, delivery(feed).may_have_arrived) == ("waiting", False)
    feed.feed([started(2, items=1), attempted(2, "unconfirmed")])
    assert delivery(feed).status == "failed"
    assert ("active", ENDPOINT) not in feed.scores


def test_a_failure_before_the_start_keeps_its_items() -> None:
    """What is requested later opens the next message."""
    feed = fold(requested(1), attempted(1, "failed"), requested(2))
    assert (item_ids(feed), item_ids(feed, 2)) == (["msi_1"], ["msi_2"])
    assert feed.state(f"endpoint:{ENDPOINT}").waiting == 2


def test_a_bounce_closes_the_channel() -> None:
    """The outbox has since when."""
    line = ChannelClosed(
        occurred_at=START, program=PROGRAM, webhook=ENDPOINT, person=AMY.id, channel="email", reason="bounced"
    )
    feed = fold(line)
    assert outbox(feed).email_closed_ms == to_ms(START)
    assert feed.scores[f"closed:{ENDPOINT}", AMY.id] == to_ms(START)


def test_an_operator_opens_the_channel_again() -> None:
    """The person leaves the list; a later refusal puts them on it again."""
    common = {"occurred_at": START, "program": PROGRAM, "webhook": ENDPOINT, "person": AMY.id, "channel": "email"}
    closed, opened = ChannelClosed(**common, reason="bounced"), ChannelOpened(**common)  # type: ignore[arg-type]
    feed = fold(closed, opened)
    assert outbox(feed).email_closed_ms is None
    assert (f"closed:{ENDPOINT}", AMY.id) not in feed.scores
    feed.feed([closed])
    assert outbox(feed).email_closed_ms == to_ms(START)


def test_friends_lead_to_progress_until_the_last_milestone() -> None:
    """Once for each friend, also if they come back; nothing without messages."""
    feed = FoldFeed(DecideFold(CODE_KEY), Catalog([terms()]))
    lines = [friend_conversion(1), friend_conversion(2), friend_reversal(2), friend_conversion(2), friend_conversion(3)]
    asked = [one for one in feed.feed(lines) if isinstance(one, MessageRequested)]
    assert [one.item.kind for one in asked] == ["progress", "progress", "progress", "friend_came"]
    assert asked[1].item.id == asked[2].item.id
    assert {one.person for one in asked} == {AMY.id}
    silent = FoldFeed(DecideFold(CODE_KEY), Catalog([terms(None)]))
    assert not [one for one in silent.feed(lines) if isinstance(one, MessageRequested)]


def test_a_reward_is_announced_and_remembered_before_it_ends() -> None:
    """Three days before; what was taken back is told if its owner had it."""
    feed = FoldFeed(LedgerFold(CODES.generate, CODES), Catalog([terms()]))
    produced = feed.feed([grant("rwd_1", beneficiary=AMY.id, expires_days=30)])
    [ready] = [one for one in produced if isinstance(one, MessageRequested)]
    assert (ready.item.kind, ready.item.reward, ready.person) == ("reward_ready", "rwd_1", AMY.id)
    assert feed.timers["reminder:rwd_1"] == to_ms(START + timedelta(days=27))
    tick = ClockTicked(occurred_at=START + timedelta(days=27), id="tck_1")
    [reminder] = [one for one in feed.feed([tick]) if isinstance(one, MessageRequested)]
    assert (reminder.item.kind, reminder.item.reward) == ("reward_expiring", "rwd_1")
    revoked = feed.feed([revocation("rwd_1", beneficiary=AMY.id)])
    assert [one.item.kind for one in revoked if isinstance(one, MessageRequested)] == ["reward_revoked"]


def test_a_reward_that_was_only_held_is_taken_back_without_a_word() -> None:
    """Its owner never had it."""
    feed = FoldFeed(LedgerFold(CODES.generate, CODES), Catalog([terms()]))
    lines = feed.feed([grant("rwd_1", beneficiary=AMY.id, holding_days=7), revocation("rwd_1", beneficiary=AMY.id)])
    assert not [one for one in lines if isinstance(one, MessageRequested)]


@pytest.mark.parametrize("period", ["2026-11", "2026-11-24", "campaign"])
def test_a_closed_month_is_reported_to_everyone_on_it(period: str) -> None:
    """Not a day."""
    line = BoardPartClosed(
        occurred_at=START,
        program=PROGRAM,
        metric="referrals",
        period=period,
        source="boards",
        part=0,
        offset=0,
        closes_at=START,
        count=1,
        digest="0" * 64,
        first=0,
        entries=(PartEntry(AMY.id, 4, 0),),
    )
    asked = FoldFeed(PrizesFold(CODE_KEY), Catalog([terms()])).feed([line])
    found = [(one.person, one.item.kind, one.item.friends) for one in asked]
    assert found == ([] if period == "2026-11-24" else [(AMY.id, "period_closed", 4)])


def test_a_winner_is_told_also_without_a_rule_that_pays() -> None:
    """The prize is named as the board names it."""
    line = PrizeAwarded(
        occurred_at=START,
        program=PROGRAM,
        metric="referrals",
        period="2026-11",
        place=1,
        participant=AMY.id,
        prize="a camera",
        version=1,
        trigger="board:referrals:2026-11",
    )
    [asked] = FoldFeed(PrizesFold(CODE_KEY), Catalog([terms()])).feed([line])
    assert (asked.item.kind, asked.item.prize) == ("prize_won", "a camera")
