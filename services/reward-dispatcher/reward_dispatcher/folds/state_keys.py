"""The keys of the ledger's state within a partition: the fold writes by them, the HTTP API reads by them.

A reward is in the partition of its program and beneficiary. A look-up by reward id or by code alone reads all partitions at once.
"""

from msgspec import Struct

from referral.events.keys import beneficiary_key
from referral.events.normal_forms import normalize_code
from referral.events.rewards import LifeState
from referral.fold.fold import SortedSetMember, StateGroup
from reward_dispatcher.domain.account import STATUSES, Account
from reward_dispatcher.domain.life_cycle import life_state

SERVICE = "rd"
LEDGER = "ledger"
CLAWBACK = "clawback"  # the rank of rewards that were redeemed and then revoked
_STATUS_RANKS: dict[str, float] = {status: float(rank) for rank, status in enumerate(STATUSES)}
CLAWED_BACK: LifeState = "clawed_back"
TASK_STATES: tuple[LifeState, ...] = ("manual", "operator", "pool_empty", "file_missing", "budget", CLAWED_BACK)
LISTED_STATES: tuple[LifeState, ...] = (*TASK_STATES, "holding_period")
"""The states whose rewards are listed: those that wait for a person or a remedy, and those that only wait for time."""
RANKS_BY_STATUS: dict[str, float] = {**_STATUS_RANKS, CLAWBACK: _STATUS_RANKS["redeemed"] + 0.5}


class CodeHolder(Struct, frozen=True, array_like=True, tag="holder"):
    """The id of the reward that a code belongs to."""

    reward: str


def account(reward: str) -> str:
    """An Account."""
    return f"reward:{reward}"


def result(request: str) -> str:
    """A Redemption, ChangeResult or ActionResult, stored for as long as the request may be repeated; a use for ever."""
    return f"result:{request}"


def given(program: str) -> str:
    """The GivenRewards of a program in this partition."""
    return f"given:{program}"


def reminder(reward: str) -> str:
    """The Reminder of a reward that ends."""
    return f"reminder:{reward}"


def tranches(program: str) -> str:
    """The Tranches of a program in this partition."""
    return f"tranches:{program}"


def charge(reward: str) -> str:
    """A Charge, of a reward with a cost."""
    return f"charge:{reward}"


def budget(program: str, name: str, unit: str) -> str:
    """A BudgetAccount."""
    return f"budget:{program}|{name}|{unit}"


def budget_queue(program: str, name: str, unit: str) -> str:
    """A sorted set: the numbers of the places at which rewards wait for a budget, by themselves."""
    return f"queue:{program}|{name}|{unit}"


def queue_entry(program: str, name: str, unit: str, number: int) -> str:
    """A WaitingCharge, by its place."""
    return f"queued:{program}|{name}|{unit}|{number}"


def queue_place(program: str, name: str, unit: str, partition: int, request: int) -> str:
    """A QueuePlace, by the request of a partition."""
    return f"place:{program}|{name}|{unit}|{partition}.{request}"


def code_holder(program: str, code: str) -> str:
    """A CodeHolder, by the form in which codes are compared."""
    return f"code:{program}|{normalize_code(code)}"


def former_code_holder(program: str, code: str) -> str:
    """A CodeHolder of a ledger that compared codes by their upper case alone."""
    return f"code:{program}|{code.strip().upper()}"


def order(program: str, person: str, order: str) -> str:
    """A CodedOrder, in the partition of the buyer."""
    return f"order:{program}|{person}|{order}"


WALLETS = "wallets"
"""A sorted set of all rewards, in which those of a beneficiary are together, by the time of their grants. All scores are 0."""


def wallet_range(program: str, beneficiary: str) -> tuple[str, str]:
    """The least and the greatest member of a beneficiary's wallet, as ZRANGE BYLEX takes them. No id contains a space."""
    owner = beneficiary_key(program, beneficiary)
    return f"[{owner} ", f"({owner}!"  # ! is the character after the space


def reward_in_wallet(member: str) -> str:
    """The id of the reward of a member."""
    return member.rpartition(" ")[2]


ORDERS = "orders"
"""A sorted set of the rewards that were earned with an order or used for one; those of an order are together. All scores are 0."""
_ORDER_TRIGGER = "order"  # `order:conversion:order`


def order_range(program: str, order: str) -> tuple[str, str]:
    """The least and the greatest member of an order, as ZRANGE BYLEX takes them."""
    first = f"{program}|{order}"
    return f"[{first}\x00", f"({first}\x01"


def reward_in_order(member: str) -> str:
    """The id of the reward of a member."""
    return member.rpartition("\x00")[2]


def order_entries(reward: Account) -> set[SortedSetMember]:
    """The reward with each order that it was earned with, used for or held for."""
    kind, _, rest = reward.trigger.partition(":")
    orders = {use.order for use in reward.uses}
    if kind == _ORDER_TRIGGER:
        orders.add(rest.partition(":")[2])
    return {SortedSetMember(ORDERS, f"{reward.program}|{order}\x00{reward.id}") for order in orders}


BUYERS = "buyers"
"""A sorted set of the buyers of orders that were reported with the code of a reward, in the buyer's partition. All scores are 0."""


def buyer_entry(program: str, order: str, person: str) -> SortedSetMember:
    """The order with its buyer, whether the code was taken or not: `order_range` and `buyer_of` read it."""
    return SortedSetMember(BUYERS, f"{program}|{order}\x00{person}")


def buyer_of(member: str) -> str:
    """The person id of a member."""
    return member.rpartition("\x00")[2]


def balance(program: str, beneficiary: str) -> StateGroup:
    """The accounts that take part in a person's balances, of all units; scores are the times when they expire (ms)."""
    return StateGroup(f"balance:{program}|{beneficiary}", account(""))


def balance_entry(reward: Account) -> SortedSetMember:
    """The reward in its beneficiary's balances."""
    return SortedSetMember(balance(reward.program, reward.beneficiary).sorted_set, reward.id)


def rewards_by_status(program: str, rule: str) -> str:
    """A sorted set: the ids of a rule's rewards by rank of their status, so that ZCOUNT counts a status."""
    return f"status:{program}|{rule}"


def status_rank(reward: Account) -> float:
    """The score of a reward in its rule's sorted set."""
    return RANKS_BY_STATUS[CLAWBACK if reward.clawback else reward.status]


def tasks(program: str, state: LifeState) -> str:
    """A sorted set: the ids of the rewards in one of LISTED_STATES, by the time since when (ms)."""
    return f"tasks:{program}|{state}"


def task_entry(reward: Account) -> SortedSetMember | None:
    """The reward in the list of its state; None if such rewards are not listed."""
    if reward.hold_reason is None and not reward.clawback:  # most rewards
        return None
    return SortedSetMember(tasks(reward.program, life_state(reward)), reward.id)


def wallet_entry(reward: Account) -> SortedSetMember:
    """The reward in its beneficiary's wallet. The time has 13 digits until the year 2286."""
    return SortedSetMember(WALLETS, f"{reward.program}|{reward.beneficiary} {reward.granted_ms:013} {reward.id}")


def status_entry(reward: Account) -> SortedSetMember:
    """The reward in its rule's sorted set."""
    return SortedSetMember(rewards_by_status(reward.program, reward.rule), reward.id)
