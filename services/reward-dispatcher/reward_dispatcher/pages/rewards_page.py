"""Rewards as pages of the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from flask import request
from flask_babel import lazy_gettext

from referral.console.credentials import open_credentials
from referral.console.guard import Visit
from referral.console.roles import permission_for_reward
from referral.events.rewards import LifeState, RewardAction, RewardKind
from referral.http.context import context
from referral.pages.console_shell import Toast
from referral.pages.languages import gettext, ngettext
from referral.people.known_people import KnownPerson, known_people
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.life_cycle import legal_actions, life_state
from reward_dispatcher.domain.store_write_off import write_offs_of
from reward_dispatcher.folds.state_keys import LISTED_STATES
from reward_dispatcher.http_api.responses import RewardResponse, StepResponse, reward_responses
from reward_dispatcher.pages.account_names import account_name
from reward_dispatcher.pages.reward_parts import render_part
from reward_dispatcher.pages.value_text import value_text

ACTIONS: tuple[RewardAction, ...] = get_args(RewardAction)
ACTION_TEXTS: Mapping[RewardAction, object] = {
    "approve": lazy_gettext("Approve"),
    "fulfil": lazy_gettext("Mark as done"),
    "hold": lazy_gettext("Hold"),
    "release": lazy_gettext("Release"),
    "revoke": lazy_gettext("Revoke"),
    "restore": lazy_gettext("Give back"),
}
KIND_TEXTS: Mapping[RewardKind, object] = {
    "guide": lazy_gettext("Guide"),
    "discount_code": lazy_gettext("Discount code"),
    "credit": lazy_gettext("Credit"),
    "early_access": lazy_gettext("Early access"),
    "shoutout": lazy_gettext("Shout-out"),
    "giveaway_entry": lazy_gettext("Giveaway entry"),
    "gift": lazy_gettext("Gift"),
    "exclusive_content": lazy_gettext("Exclusive extra"),
}
STATE_TEXTS: Mapping[str, object] = {
    "granted": lazy_gettext("Granted"),
    "holding_period": lazy_gettext("In its holding period"),
    "pool_empty": lazy_gettext("Waits for a code"),
    "file_missing": lazy_gettext("Waits for a file"),
    "budget": lazy_gettext("Waits for the budget"),
    "manual": lazy_gettext("To do"),
    "operator": lazy_gettext("Held"),
    "approved": lazy_gettext("Approved"),
    "fulfilled": lazy_gettext("Ready"),
    "delivered": lazy_gettext("Delivered"),
    "redeemed": lazy_gettext("Used"),
    "clawed_back": lazy_gettext("Used, then revoked"),
    "revoked": lazy_gettext("Revoked"),
    "expired": lazy_gettext("Expired"),
    "released": lazy_gettext("Released"),
    "restored": lazy_gettext("Given back"),
}
_TONES: Mapping[str, tuple[str, str]] = {
    "fulfilled": ("good", "●"),
    "delivered": ("good", "●"),
    "redeemed": ("good", "✓"),
    "manual": ("wait", "✎"),
    "operator": ("hold", "⚑"),
    "clawed_back": ("bad", "↩"),
    "revoked": ("bad", "↩"),
    "expired": ("none", "⊘"),
}
ACTION_KEYS: Mapping[RewardAction, str] = {"approve": "a", "fulfil": "a", "release": "a", "revoke": "r"}


@dataclass(frozen=True, slots=True)
class RewardRow:
    """A reward: what the API answers about it, its name, whose it is, its state, and what is legal in it.

    `write_offs` has the name of the operator for each order that is a write-off at the counter.
    """

    reward: RewardResponse
    name: str
    person: str
    state: LifeState
    actions: list[RewardAction]
    write_offs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RewardRows:
    """A page of rewards: those that wait in a state, with the number of each state; or those of a person, by their person id."""

    rows: Sequence[RewardRow]
    next_cursor: str | None
    state: LifeState | None
    counts: Mapping[LifeState, int] = field(default_factory=dict)
    person: str = ""


def reward_rows(accounts: Sequence[Account]) -> list[RewardRow]:
    """The rows of rewards; codes are masked for everyone."""
    known = known_people({one.beneficiary for one in accounts}, context().people.snapshot())
    responses = reward_responses(accounts, shows_code=False)
    return [_row(*pair, known[pair[0].beneficiary]) for pair in zip(accounts, responses, strict=True)]


def _row(account: Account, reward: RewardResponse, person: KnownPerson | None) -> RewardRow:
    state = life_state(account)
    return RewardRow(
        reward,
        account_name(account),
        (person.display_name or person.external_id) if person else account.beneficiary,
        state,
        legal_actions(state),
        {one.order: actor_name(one.operator) for one in write_offs_of(account)},
    )


def rewards_page(visit: Visit, found: RewardRows) -> str:
    """The list as HTML."""
    tabs = [(state, f"{state_text(state)} · {found.counts.get(state, 0)}") for state in LISTED_STATES]
    return render_part(
        "console/rewards.html", visit, "waiting", found=found, tabs=tabs, toast=reward_toast(), **reward_texts()
    )


def reward_page(visit: Visit, row: RewardRow, steps: Sequence[StepResponse], actions: Sequence[RewardAction]) -> str:
    """One reward as HTML."""
    return render_part(
        "console/reward.html",
        visit,
        "waiting",
        row=row,
        steps=[(step, actor_name(step.by)) for step in steps],
        actions=actions,
        toast=reward_toast(),
        **reward_texts(),
    )


def permitted_actions(visit: Visit, actions: Sequence[RewardAction]) -> list[RewardAction]:
    """Those of the actions that the operator's role permits."""
    return [action for action in actions if visit.may(permission_for_reward(action))]


def state_text(state: str) -> str:
    """A state in words."""
    return str(STATE_TEXTS.get(state, state))


def actor_name(by: str | None) -> str:
    """The name of an operator who decided; otherwise what a client of the API wrote."""
    operator = context().catalog.operator(by) if by else None
    credentials = open_credentials(context().key_ring, operator) if operator else None
    return credentials.name if credentials else by or ""


def reward_texts() -> dict[str, object]:
    """What the templates of rewards need to show one."""
    return {
        "value_text": value_text,
        "permitted_actions": permitted_actions,
        "state_text": state_text,
        "action_texts": ACTION_TEXTS,
        "kinds": KIND_TEXTS,
        "tones": _TONES,
        "action_keys": ACTION_KEYS,
    }


def reward_toast(back: str = "") -> Toast | None:
    """What the last form did, by the query that it led to; `back` leads to a person's story."""
    done, ids = request.args.get("done", ""), request.args.get("ids", "").split()
    refused = request.args.get("refused", type=int) or 0
    number = len(ids)
    texts = [ngettext("%(num)d reward changed.", "%(num)d rewards changed.", number)] if number else []
    if refused > 0:
        texts.append(gettext("Some could not be changed: they are in another state by now."))
    undo = (
        {"decision": INVERSE[done], "id": ids} | ({"back": back} if back else {})
        if number and done in INVERSE
        else None
    )
    return Toast(" ".join(texts), "/console/rewards", undo) if texts else None


INVERSE: Mapping[str, RewardAction] = {"hold": "release", "release": "hold", "revoke": "restore", "restore": "revoke"}
"""What takes an action back; a task that was done, and a holding period that was ended, cannot be taken back."""
