"""The part about rewards of a person's story, as HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import request
from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.events.money import Value
from referral.events.rewards import RewardAction
from referral.events.timestamps import to_datetime
from referral.pages.console_shell import Toast, render_console, render_fragment
from referral.pages.languages import gettext
from reward_dispatcher.console.person_facts import PersonRewards, steps_of
from reward_dispatcher.delivery.messages import message_type
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import is_divisible
from reward_dispatcher.domain.message_delivery import DeliveryStatus
from reward_dispatcher.domain.unit_balance import UnitBalance
from reward_dispatcher.http_api.responses import StepResponse
from reward_dispatcher.http_api.wallet_links import WalletLinkResponse
from reward_dispatcher.pages.rewards_page import (
    RewardRow,
    actor_name,
    permitted_actions,
    reward_rows,
    reward_texts,
    reward_toast,
)
from reward_dispatcher.pages.value_text import value_text

DELIVERY_TEXTS: Mapping[DeliveryStatus, tuple[str, str, object]] = {
    "waiting": ("wait", "⏳", lazy_gettext("Waiting")),
    "delivered": ("good", "✓", lazy_gettext("Delivered")),
    "failed": ("bad", "✕", lazy_gettext("Failed")),
    "missed": ("none", "⊘", lazy_gettext("Not sent: the webhook was off or full")),
}


@dataclass(frozen=True, slots=True)
class UseRow:
    """A use of a reward for an order, or a hold: how much of it in words, empty for the whole, and what came back of that."""

    order: str
    at: datetime
    amount: str
    returned: str | None
    is_hold: bool


@dataclass(frozen=True, slots=True)
class StoryReward:
    """A reward with its history, and what the operator may do about it."""

    row: RewardRow
    steps: list[tuple[StepResponse, str]]
    uses: list[UseRow]
    actions: list[RewardAction]


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A balance in words: what is free; what is held and owed, if anything is."""

    free: str
    held: str | None
    debt: str | None


def story_part(visit: Visit, person: str, facts: PersonRewards) -> str:
    """The part; codes are masked."""
    rows = reward_rows(facts.accounts)
    steps = [[(step, actor_name(step.by)) for step in steps_of(account)] for account in facts.accounts]
    return render_fragment(
        "console/story_rewards.html",
        visit,
        person=person,
        rewards=[
            StoryReward(row, own, _use_rows(account), permitted_actions(visit, row.actions))
            for account, row, own in zip(facts.accounts, rows, steps, strict=True)
        ],
        total=facts.total,
        asked_at=facts.asked_at,
        balances=[_balance_row(one) for one in facts.balances],
        deliveries=[(one, message_type(one.message.content)) for one in facts.deliveries],
        delivery_states=DELIVERY_TEXTS,
        to_datetime=to_datetime,
        toast=_toast(person),
        **reward_texts(),
    )


def link_page(visit: Visit, person: str, link: WalletLinkResponse) -> str:
    """A new link to a wallet, which is shown only here."""
    return render_console("console/wallet_link.html", visit, "people", person=person, link=link)


def _use_rows(account: Account) -> list[UseRow]:
    unit = account.value.unit if account.value is not None and is_divisible(account) else None
    return [
        UseRow(
            use.order,
            to_datetime(use.at_ms),
            value_text(Value(use.amount, unit)) if unit else "",
            (value_text(Value(use.returned, unit)) if unit else "") if use.returned else None,
            use.until_ms is not None,
        )
        for use in account.uses
    ]


def _balance_row(balance: UnitBalance) -> BalanceRow:
    free, held, debt = (
        value_text(Value(amount, balance.unit)) for amount in (balance.free, balance.held, balance.debt)
    )
    return BalanceRow(free, held if balance.held else None, debt if balance.debt else None)


def _toast(person: str) -> Toast | None:
    if request.args.get("done") == "revoke_links":
        return Toast(gettext("Every earlier link to the wallet has ended."), "/console/people")
    return reward_toast(person)
