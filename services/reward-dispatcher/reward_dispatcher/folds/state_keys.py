"""Under which key of its partition the ledger keeps what: the table that the fold writes by and the HTTP side reads by.

A reward lives in the partition of its program and beneficiary, a pool in that of its program and pool. Who knows only
an id or a code asks all partitions at once.
"""

from msgspec import Struct

from referral.events.keys import beneficiary_key
from referral.fold.fold import SortedSetMember
from reward_dispatcher.domain.account import STATUSES, Account
from reward_dispatcher.domain.discount_codes import normalize_code

SERVICE = "rd"
LEDGER = "ledger"
CLAWBACK = "clawback"  # redeemed, and then its reason fell
_STATUS_RANKS: dict[str, float] = {status: float(rank) for rank, status in enumerate(STATUSES)}
RANKS_BY_STATUS: dict[str, float] = {**_STATUS_RANKS, CLAWBACK: _STATUS_RANKS["redeemed"] + 0.5}


class CodeHolder(Struct, frozen=True, array_like=True, tag="holder"):
    """Whose a code is: the reward's id."""

    reward: str


def account(reward: str) -> str:
    """An Account."""
    return f"reward:{reward}"


def result(request: str) -> str:
    """A Redemption, for as long as somebody may ask again."""
    return f"result:{request}"


def pool(program: str, name: str) -> str:
    """A Pool."""
    return f"pool:{program}|{name}"


def code_holder(program: str, code: str) -> str:
    """A Holder; codes are found in any case."""
    return f"code:{program}|{normalize_code(code)}"


def wallet(program: str, beneficiary: str) -> str:
    """A sorted set: a person's rewards by when they were granted (ms)."""
    return f"wallet:{beneficiary_key(program, beneficiary)}"


def rewards_by_status(program: str, rule: str) -> str:
    """A sorted set: a rule's rewards by rank, so that a count by status is a ZCOUNT."""
    return f"status:{program}|{rule}"


def status_rank(one: Account) -> float:
    """A reward's place in its rule's sorted set."""
    return RANKS_BY_STATUS[CLAWBACK if one.clawback else one.status]


def wallet_entry(one: Account) -> SortedSetMember:
    """Where a reward stands in its owner's wallet."""
    return SortedSetMember(wallet(one.program, one.beneficiary), one.id)


def status_entry(one: Account) -> SortedSetMember:
    """Where a reward stands among its rule's."""
    return SortedSetMember(rewards_by_status(one.program, one.rule), one.id)
