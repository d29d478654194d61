"""What test messages are about: a reward, a budget or an endpoint that does not exist, one for each type of message."""

from datetime import datetime
from typing import assert_never

from referral.events.budgets import TOTAL_BUDGET, BudgetReached
from referral.events.deliveries import EndpointDisabled, EndpointFull, EndpointWarned, MessageContent, PromoterMessage
from referral.events.promoter_messages import MessageItem
from referral.events.redemptions import RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardRevoked
from reward_dispatcher.delivery.messages import WebhookEventType

_REWARD, _PERSON = "rwd_example", "psn_example"
_WEBHOOK = "whk_example"


def example_content(  # noqa: C901, PLR0911 - one return for each type
    event_type: WebhookEventType, program: str, now: datetime
) -> MessageContent:
    """Returns an example of what messages of a type are about."""
    match event_type:
        case "reward.fulfilled":
            return RewardFulfilled(
                occurred_at=now, program=program, id=_REWARD, beneficiary=_PERSON, kind="discount_code"
            )
        case "reward.redeemed":
            return RewardRedeemed(
                occurred_at=now,
                program=program,
                id=_REWARD,
                beneficiary=_PERSON,
                order="order-example",
                request="rdm_example",
            )
        case "reward.revoked":
            return RewardRevoked(occurred_at=now, program=program, id=_REWARD, beneficiary=_PERSON, reason="refunded")
        case "budget.reached":
            return BudgetReached(
                occurred_at=now,
                program=program,
                budget=TOTAL_BUDGET,
                unit="CNY",
                percent=80,
                limit=5_000_000,
                lent=4_000_000,
            )
        case "endpoint.warned":
            return EndpointWarned(occurred_at=now, program=program, webhook=_WEBHOOK, percent=50, failing_since=now)
        case "endpoint.full":
            return EndpointFull(occurred_at=now, program=program, webhook=_WEBHOOK, limit="waiting")
        case "endpoint.disabled":
            return EndpointDisabled(occurred_at=now, program=program, webhook=_WEBHOOK, reason="failing")
        case "promoter.message":
            item = MessageItem(id="msi_example", kind="friend_came", at=now)
            return PromoterMessage(occurred_at=now, program=program, person=_PERSON, items=(item,))
        case _:
            assert_never(event_type)
