"""The keys of the ledger's state within a partition: the fold writes by them, the HTTP API reads by them.

A reward is in the partition of its program and beneficiary, a pool in that of its program and name. A look-up by reward id or by
code alone reads all partitions at once.
"""

from msgspec import Struct

from referral.events.keys import beneficiary_key
from referral.events.normal_forms import normalize_code
from referral.fold.fold import SortedSetMember
from reward_dispatcher.domain.account import STATUSES, Account

SERVICE = "rd"
LEDGER = "ledger"
CLAWBACK = "clawback"  # the rank of rewards that were redeemed and then revoked
_STATUS_RANKS: dict[str, float] = {status: float(rank) for rank, status in enumerate(STATUSES)}
RANKS_BY_STATUS: dict[str, float] = {**_STATUS_RANKS, CLAWBACK: _STATUS_RANKS["redeemed"] + 0.5}


class CodeHolder(Struct, frozen=True, array_like=True, tag="holder"):
    """The id of the reward that a code belongs to."""

    reward: str


def account(reward: str) -> str:
    """An Account."""
    return f"reward:{reward}"


def result(request: str) -> str:
    """A Redemption, stored for as long as the request may be repeated."""
    return f"result:{request}"


def pool(program: str, name: str) -> str:
    """A Pool."""
    return f"pool:{program}|{name}"


def code_holder(program: str, code: str) -> str:
    """A CodeHolder, by the form in which codes are compared."""
    return f"code:{program}|{normalize_code(code)}"


def former_code_holder(program: str, code: str) -> str:
    """A CodeHolder of a ledger that compared codes by their upper case alone."""
    return f"code:{program}|{code.strip().upper()}"


def wallet(program: str, beneficiary: str) -> str:
    """A sorted set: the ids of a person's rewards, by the time of their grants (ms)."""
    return f"wallet:{beneficiary_key(program, beneficiary)}"


def rewards_by_status(program: str, rule: str) -> str:
    """A sorted set: the ids of a rule's rewards by rank of their status, so that ZCOUNT counts a status."""
    return f"status:{program}|{rule}"


def status_rank(reward: Account) -> float:
    """The score of a reward in its rule's sorted set."""
    return RANKS_BY_STATUS[CLAWBACK if reward.clawback else reward.status]


def wallet_entry(reward: Account) -> SortedSetMember:
    """The reward in its beneficiary's wallet."""
    return SortedSetMember(wallet(reward.program, reward.beneficiary), reward.id)


def status_entry(reward: Account) -> SortedSetMember:
    """The reward in its rule's sorted set."""
    return SortedSetMember(rewards_by_status(reward.program, reward.rule), reward.id)
