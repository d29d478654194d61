"""The ledger compared with a naive model, under random interleavings of its partitions."""

from collections import defaultdict, deque
from datetime import datetime, timedelta
from itertools import pairwise
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.pools import PoolLine
from referral.events.redemptions import RedemptionRefused, RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardLine, reward_key
from referral.topics import partition_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.code_pool import Pool, free
from reward_dispatcher.folds import pool_keys
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.pools_fold import PoolsFold
from tests.support.builders.participants import PROGRAM, day, person_id
from tests.support.builders.pools import CODES, codes_uploaded
from tests.support.builders.reward_dispatcher import grant, redemption_request, revocation
from tests.support.examples import examples
from tests.support.folds import FoldFeed

PARTITIONS = 3
POOL_LINES = get_args(PoolLine)
REWARDS = tuple(f"rwd_{number}" for number in range(4))
POOL_OF = {reward: ("vip" if number % 3 else "generated") for number, reward in enumerate(REWARDS)}


def owner(reward: str) -> str:
    """Returns a reward's beneficiary: two persons, in turn."""
    return f"person{int(reward[-1]) % 2}"


class PartitionedLedger:
    """Partitions of `rewards`, and one of `pools`: a line is decided when the test advances its partition."""

    def __init__(self, catalog: Catalog) -> None:
        fold = LedgerFold(CODES.generate, CODES)
        self.queues: list[deque[RewardLine | PoolLine]] = [deque() for _ in range(PARTITIONS + 1)]
        self.partitions = [FoldFeed(fold, catalog) for _ in range(PARTITIONS)]
        self.partitions.append(FoldFeed(PoolsFold(CODES), catalog))
        self.outputs: list[RewardLine] = []

    def write(self, line: RewardLine | PoolLine) -> None:
        """Appends a line to the partition of its key, a tick to all partitions of `rewards`."""
        if isinstance(line, POOL_LINES):
            self.queues[-1].append(line)
        elif isinstance(line, ClockTicked):
            for queue in self.queues[:-1]:
                queue.append(line)
        else:
            self.queues[partition_of(reward_key(line), PARTITIONS)].append(line)

    def advance(self, partition: int) -> None:
        """Decides the partition's next line."""
        if not self.queues[partition]:
            return
        for output in self.partitions[partition].feed([self.queues[partition].popleft()]):
            self.outputs.append(CODES.open_line(output))
            self.write(output)

    def drain(self) -> None:
        """Decides all that is left."""
        while any(self.queues):
            for partition in range(PARTITIONS + 1):
                self.advance(partition)

    def accounts(self) -> dict[str, Account]:
        """Returns every reward that was granted, by id."""
        states = [state for feed in self.partitions for state in feed.all_states()]
        return {state.id: state for state in states if isinstance(state, Account)}

    def pool(self) -> Pool:
        """Returns the one pool that there is."""
        state = self.partitions[-1].state(pool_keys.pool(PROGRAM, "vip"))
        return state if isinstance(state, Pool) else Pool()


class LedgerMachine(RuleBasedStateMachine):
    """Grants, revocations, restorations, redemptions, codes and time, against a model that only counts."""

    @initialize()
    def begin(self) -> None:
        """An empty ledger."""
        self.catalog = Catalog()
        self.log = PartitionedLedger(self.catalog)
        self.now: datetime = day(0)
        self.number = 0
        self.owed: dict[str, bool] = {}
        self.codes: set[str] = set()
        self.ever: dict[str, set[str]] = defaultdict(set)

    @rule(reward=st.sampled_from(REWARDS), holding=st.sampled_from([0, 0, 2]))
    def grants(self, reward: str, holding: int) -> None:
        """The decide fold grants a reward that is not granted."""
        if not self.owed.get(reward):
            self.owed[reward] = True
            pool = POOL_OF[reward]
            self.log.write(
                grant(reward, at=self.now, holding_days=holding, pool=pool, beneficiary=person_id(owner(reward)))
            )

    @rule(reward=st.sampled_from(REWARDS))
    def revokes(self, reward: str) -> None:
        """The decide fold revokes a reward that is granted."""
        if self.owed.get(reward):
            self.owed[reward] = False
            self.log.write(revocation(reward, at=self.now, beneficiary=person_id(owner(reward))))

    @rule(reward=st.sampled_from(REWARDS), request=st.integers(0, 8))
    def requests_redemption(self, reward: str, request: int) -> None:
        """A request to use a reward, possibly repeated."""
        line = redemption_request(
            f"rdm_{reward}_{request}",
            reward,
            order=f"order-{request}",
            at=self.now,
            beneficiary=person_id(owner(reward)),
        )
        self.log.write(line)

    @rule(codes=st.lists(st.sampled_from([f"V{number}" for number in range(9)]), min_size=1, max_size=3))
    def uploads(self, codes: list[str]) -> None:
        """Codes are uploaded, some of them a second time."""
        self.number += 1
        self.codes |= set(codes)
        self.log.write(codes_uploaded(*codes, request=f"upl_{self.number}"))

    @rule(days=st.integers(1, 2))
    def time_passes(self, days: int) -> None:
        """A tick reaches every partition."""
        self.number += 1
        self.now = day((self.now - day(0)).days + days)
        self.log.write(ClockTicked(occurred_at=self.now, id=f"tick_{self.number}"))

    @rule(partition=st.integers(0, PARTITIONS), lines=st.integers(1, 5))
    def a_partition_advances(self, partition: int, lines: int) -> None:
        """Partitions advance independently."""
        for _ in range(lines):
            self.log.advance(partition)

    @rule()
    def all_catch_up(self) -> None:
        """Every written line is decided."""
        self.log.drain()

    @invariant()
    def no_code_is_shared_and_no_reward_is_redeemed_twice(self) -> None:
        """A code belongs to one reward; a reward is redeemed by one line."""
        fulfilled = {(line.code, line.id) for line in self.log.outputs if isinstance(line, RewardFulfilled)}
        assert len({code for code, _ in fulfilled}) == len(fulfilled)
        used = [line.id for line in self.log.outputs if isinstance(line, RewardRedeemed)]
        assert len(used) == len(set(used))

    @invariant()
    def what_is_redeemed_stays_redeemed(self) -> None:
        """No later line reverses a redemption."""
        used = {line.id: line.order for line in self.log.outputs if isinstance(line, RewardRedeemed)}
        accounts = self.log.accounts()
        assert {reward: accounts[reward].order for reward in used} == used
        assert all(accounts[reward].status == "redeemed" for reward in used)

    def teardown(self) -> None:
        """Once every line is decided and time has passed, the totals equal those of the naive model."""
        if not hasattr(self, "log"):
            return
        self.now = day(100)
        self.log.write(ClockTicked(occurred_at=self.now, id="tick_last"))
        self.log.drain()
        accounts, pool = self.log.accounts(), self.log.pool()
        assert set(accounts) == set(self.owed)
        for reward, account in accounts.items():
            self._matches(account, self.owed[reward])
        held = {account.code for account in accounts.values() if account.code and account.pool == "vip"}
        assert free(pool) == len(self.codes) - len(held)
        assert not (pool.queued and free(pool))
        self._requests_have_one_result()

    def _matches(self, account: Account, owed: bool) -> None:
        if account.status == "redeemed":
            assert account.clawback is not owed
        elif owed:
            served = account.status == "fulfilled" or (account.hold_reason == "pool_empty" and account.code is None)
            assert served, account
        else:
            assert account.status == "revoked"

    def _requests_have_one_result(self) -> None:
        """Within the two days that results are stored. A request that succeeded is never refused afterwards."""
        results = defaultdict[str, list[RewardRedeemed | RedemptionRefused]](list)
        for line in self.log.outputs:
            if isinstance(line, RewardRedeemed | RedemptionRefused):
                results[line.request].append(line)
        for lines in results.values():
            assert not any(isinstance(line, RewardRedeemed) for line in lines[:-1])
            assert all(
                later.occurred_at >= earlier.occurred_at + timedelta(days=2) for earlier, later in pairwise(lines)
            )


LedgerMachine.TestCase.settings = settings(max_examples=examples(300), stateful_step_count=50)
TestLedger = LedgerMachine.TestCase


def test_the_invariant_fails_for_a_code_issued_twice() -> None:
    """The model detects two rewards that were fulfilled with the same code."""
    machine = LedgerMachine()
    machine.begin()
    fulfilled = RewardFulfilled(
        occurred_at=day(0), program=PROGRAM, id="rwd_0", beneficiary=person_id("p"), kind="discount_code", code="V1"
    )
    machine.log.outputs += [fulfilled, replace(fulfilled, id="rwd_1")]
    noticed = False
    try:
        machine.no_code_is_shared_and_no_reward_is_redeemed_twice()
    except AssertionError:
        noticed = True
    assert noticed
