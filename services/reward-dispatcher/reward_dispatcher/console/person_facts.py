"""What this service has about a person: rewards with their histories, balances, and messages to webhooks about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from referral.console.found_people import FoundPerson
from referral.events.entities import Webhook
from referral.events.redemptions import RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardRevoked
from referral.events.timestamps import to_datetime
from referral.http.context import context
from reward_dispatcher.delivery_store import STATUSES
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.life_history import history
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.domain.unit_balance import UnitBalance, unit_balances
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import StepResponse, step_response

MAX_REWARDS = 50
MAX_DELIVERIES = 20
MESSAGES_READ = 500  # of each webhook and status
WEBHOOKS_READ = 10
_MAX_FOUND = 20


@dataclass(frozen=True, slots=True)
class PersonDelivery:
    """A message about a person, and the webhook that it is for."""

    webhook: Webhook
    message: MessageDelivery


@dataclass(frozen=True, slots=True)
class PersonRewards:
    """The newest rewards of a person and how many there are in all, their balances, and the newest messages about them.

    `asked_at` is since when they wait for a new link to their wallet; None if they do not.
    """

    accounts: Sequence[Account]
    total: int
    balances: Sequence[UnitBalance]
    deliveries: Sequence[PersonDelivery]
    asked_at: datetime | None


def person_rewards(program: str, person: str) -> PersonRewards:
    """Everything that the story shows of a person."""
    store = dependencies().store
    page = store.wallet(program, person, 0, MAX_REWARDS)
    now_ms = context().clock.now_ms()
    balances = unit_balances(store.balance(program, person), now_ms)
    asked_ms = dependencies().link_requests.since_ms(program, person, now_ms)
    asked_at = None if asked_ms is None else to_datetime(asked_ms)
    return PersonRewards(page.accounts, page.total, balances, _deliveries(program, person), asked_at)


def steps_of(account: Account) -> list[StepResponse]:
    """The history of a reward, with the notes as they are known now."""
    return [step_response(account.beneficiary, step) for step in history(account)]


def find_by_code_or_order(program: str, text: str) -> list[FoundPerson]:
    """The people whose reward has this code, or was earned with or used for this order, and who paid it with a code."""
    store = dependencies().store
    coded = [FoundPerson(one.beneficiary, "reward_code") for one in store.by_code(text, [program])]
    ordered = [FoundPerson(one.beneficiary, "order") for one in store.by_order(program, text, _MAX_FOUND)]
    bought = [FoundPerson(one, "order") for one in store.buyers(program, text, _MAX_FOUND)]
    return list(dict.fromkeys([*coded, *ordered, *bought]))


def _deliveries(program: str, person: str) -> list[PersonDelivery]:
    """The newest messages about the person among the newest 500 of each webhook and status: messages are not listed by person."""
    found = [
        PersonDelivery(webhook, message)
        for webhook in context().catalog.snapshot().webhooks(program)[:WEBHOOKS_READ]
        for status in STATUSES
        for message in dependencies().deliveries.page(webhook.id, (status,), None, MESSAGES_READ)[0]
        if _is_about(message, person)
    ]
    return sorted(found, key=lambda one: -one.message.created_ms)[:MAX_DELIVERIES]


def _is_about(message: MessageDelivery, person: str) -> bool:
    content = message.content
    return isinstance(content, RewardFulfilled | RewardRedeemed | RewardRevoked) and content.beneficiary == person
