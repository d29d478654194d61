"""Compares rewards by the log with their accounts in Redis."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from referral_tools.reconciliation.money_figures import MoneyFigures
from referral_tools.reconciliation.reward_sums import RewardSums
from referral_tools.reconciliation.stored_rewards import StoredReward, StoredRewards

_CHUNK = 1_000


class RewardKey(NamedTuple):
    """A reward, and the partition that it is in."""

    partition: int
    reward: str


class LoggedReward(NamedTuple):
    """A reward by the log."""

    program: str
    rule: str
    beneficiary: str
    unit: str
    figures: MoneyFigures


class Comparison(NamedTuple):
    """A reward by the log and as Redis has it; None where it is unknown."""

    log: LoggedReward | None
    stored: StoredReward | None

    @property
    def differs(self) -> bool:
        """Whether the two differ, or a list of the ledger has the reward wrong."""
        if self.log is None or self.stored is None:
            return self.log is not None or self.stored is not None
        return bool(self.stored.lists) or (self.log.unit, self.log.figures) != (self.stored.unit, self.stored.figures)

    @property
    def program(self) -> str:
        """The program of the reward; empty if neither side has it."""
        return self.log.program if self.log else self.stored.program if self.stored else ""

    def describe(self) -> str:
        """What differs, in words."""
        if self.log is None:
            return "it is in Redis, but was never granted on the log"
        if self.stored is None:
            return "it was granted on the log, but Redis does not have it"
        pairs = zip(MoneyFigures._fields, self.log.figures, self.stored.figures, strict=True)
        parts = [f"{name} is {there:,} in Redis, {here:,} by the log" for name, here, there in pairs if here != there]
        if self.log.unit != self.stored.unit:
            parts.append(f"its unit is {self.stored.unit} in Redis, {self.log.unit} by the log")
        parts += [f"its account disagrees with the ledger's {name}" for name in self.stored.lists]
        return "; ".join(parts)


def compare(sums: RewardSums, stored: StoredRewards, keys: Iterable[RewardKey]) -> dict[RewardKey, Comparison]:
    """The given rewards by the log and as Redis has them now."""
    by_partition: dict[int, list[str]] = {}
    for key in keys:
        by_partition.setdefault(key.partition, []).append(key.reward)
    found: dict[RewardKey, Comparison] = {}
    for partition, rewards in by_partition.items():
        for reward, account in stored.read(partition, rewards).items():
            key, known = RewardKey(partition, reward), sums.partitions[partition].rewards.get(reward)
            if known is not None and account is not None and known.worths:
                known.adopt_worth(account.figures)
            found[key] = Comparison(logged_reward(sums, key), account)
    return found


def logged_reward(sums: RewardSums, key: RewardKey) -> LoggedReward | None:
    """A reward as the log has it so far."""
    found = sums.partitions[key.partition].rewards.get(key.reward)
    if found is None:
        return None
    return LoggedReward(found.program, found.rule, found.beneficiary, found.unit, found.figures)


def all_keys(sums: RewardSums, stored: StoredRewards, program: str | None) -> Iterator[list[RewardKey]]:
    """Every reward that the log grants, and every one that only Redis has, some at a time."""
    for partition, own in enumerate(sums.partitions):
        ids = list(own.rewards)
        for start in range(0, len(ids), _CHUNK):
            yield [RewardKey(partition, reward) for reward in ids[start : start + _CHUNK]]
        for page in stored.ids(partition, program):
            yield [RewardKey(partition, reward) for reward in page if reward not in own.rewards]
