"""The rewards as Redis has them: the ledger's accounts, and whether its lists agree with them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from referral.fold import fence as fences
from referral.fold.lag import FoldSource
from referral.fold.state_keys import state_key
from referral.fold.state_store import RedisStateStore
from referral.redis_client import RedisClient
from referral_tools.reconciliation.money_figures import REWARDS_UNIT, MoneyFigures, Stage, figures_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import consumed, in_balance, is_divisible
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State

LEDGER = FoldSource(state_keys.SERVICE, state_keys.LEDGER, "rewards")
_PAGE = 5_000
_decode = msgspec.msgpack.Decoder(State).decode


class StoredReward(NamedTuple):
    """The unit and figures of an account, and the lists that disagree with it (none: empty)."""

    program: str
    unit: str
    figures: MoneyFigures
    lists: tuple[str, ...] = ()


class StoredRewards:
    """Reads the ledger's state. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._store = RedisStateStore(redis, LEDGER.service, LEDGER.fold)

    def fold_offsets(self, partitions: int) -> dict[int, int]:
        """The offset up to which the ledger has folded each partition."""
        stored = self._store.fences(range(partitions))
        return {partition: fences.decode(raw).offset for partition, raw in stored.items()}

    def read(self, partition: int, rewards: Sequence[str]) -> dict[str, StoredReward | None]:
        """The rewards with these ids; None for one that is not stored. Two round trips."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for reward in rewards:
                pipeline.get(self._key(partition, state_keys.account(reward)))
            accounts = [None if raw is None else _decode(raw) for raw in pipeline.execute()]
        found = [account if isinstance(account, Account) else None for account in accounts]
        lists = self._lists(partition, [account for account in found if account is not None])
        return {
            reward: None if account is None else stored_reward(account, lists[reward])
            for reward, account in zip(rewards, found, strict=True)
        }

    def ids(self, partition: int, program: str | None) -> Iterator[list[str]]:
        """The ids of all rewards that wallets list, of one program or of all, page by page."""
        wallets = self._key(partition, state_keys.WALLETS)
        first, last = (f"[{program}|", f"({program}}}") if program else ("-", "+")  # } is the character after |
        while members := self._redis.zrangebylex(wallets, first, last, 0, _PAGE):
            yield [state_keys.reward_in_wallet(member.decode()) for member in members]  # type: ignore[union-attr]
            first = f"({members[-1].decode()}"  # type: ignore[union-attr]

    def _lists(self, partition: int, accounts: list[Account]) -> dict[str, tuple[str, ...]]:
        """The lists that disagree with each account: its rule's list by status, and its owner's balances."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for account in accounts:
                for entry in (state_keys.status_entry(account), state_keys.balance_entry(account)):
                    pipeline.zscore(self._key(partition, entry.sorted_set), entry.member)
            scores = iter(pipeline.execute())
        return {account.id: _disagreeing(account, next(scores), next(scores)) for account in accounts}

    def _key(self, partition: int, key: str) -> str:
        return state_key(LEDGER.service, LEDGER.fold, partition, key)


def _disagreeing(account: Account, rank: float | None, balance: float | None) -> tuple[str, ...]:
    by_status = () if rank == state_keys.status_rank(account) else ("list by status",)
    return by_status if (balance is not None) == in_balance(account) else (*by_status, "list of balances")


def stored_reward(account: Account, lists: tuple[str, ...] = ()) -> StoredReward:
    """The figures of an account; `lists` are those that disagree with it."""
    value = account.value if is_divisible(account) else None
    unit, worth = (value.unit, value.amount) if value else (REWARDS_UNIT, 1)
    reserved = sum(use.amount for use in account.uses if use.until_ms is not None)
    figures = figures_of(_stage(account), worth, consumed(account), account.repaid, reserved)
    return StoredReward(account.program, unit, figures, lists)


def _stage(account: Account) -> Stage:
    if account.clawback:
        return "taken_back"
    match account.status:
        case "held" | "approved":
            return "held"
        case "fulfilled" | "delivered":
            return "free"
        case "redeemed":
            return "closed"
        case "expired":
            return "expired"
        case "revoked":
            return "taken_back"
