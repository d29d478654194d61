"""Balances, partial uses and holds: single cases, and any order of events against a model that adds up the lines."""

from collections import defaultdict
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from referral.entitlement.orders import MAX_REFUNDS
from referral.events.line import ClockTicked
from referral.events.money import Value, share_of
from referral.events.redemptions import (
    RedemptionHeld,
    RedemptionRefused,
    RedemptionReleased,
    RedemptionReturned,
    RewardOffset,
    RewardRedeemed,
)
from referral.events.rewards import RewardAdjusted, RewardGranted
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import capacity, debt, free, held, left, surplus, used
from reward_dispatcher.domain.redemption import MAX_USES, Redemption
from reward_dispatcher.folds import state_keys
from tests.support.builders.participants import PROGRAM, day
from tests.support.builders.reward_dispatcher import (
    FRIEND1,
    credit,
    fixed_code,
    grant,
    redemption_change,
    redemption_request,
    revocation,
    reward_action,
)
from tests.support.examples import examples
from tests.support.systems.ledger import LedgerFeed

BALANCE = {"of_balance": True, "unit": "CNY"}


def outcome(ledger: LedgerFeed, request: str) -> str:
    """Returns the result of a request to use rewards."""
    result = ledger.feed.state(state_keys.result(request))
    assert isinstance(result, Redemption)
    return result.outcome


def at_ms(moment: datetime) -> int:
    """Returns a moment in milliseconds."""
    return int(moment.timestamp() * 1000)


def test_a_balance_is_spent_soonest_ending_first_and_the_use_names_its_lots() -> None:
    """Two lots: the one that expires sooner goes first, though it was granted later."""
    ledger = LedgerFeed([credit("rwd_1", 500), credit("rwd_2", 300, at=day(1), expires_days=10)])
    lines = ledger.write(redemption_request("rdm_1", "bal_1", amount=400, at=day(2), **BALANCE))
    assert [(line.id, line.value.amount) for line in lines] == [("rwd_2", 300), ("rwd_1", 100)]
    assert (ledger.account("rwd_2").status, ledger.account("rwd_1").status) == ("redeemed", "fulfilled")
    assert [(one.reward, one.amount) for one in ledger.feed.state(state_keys.result("rdm_1")).takings] == [
        ("rwd_2", 300),
        ("rwd_1", 100),
    ]


def test_a_code_of_a_fixed_amount_is_used_in_parts_until_its_smallest_use() -> None:
    """A remainder below the smallest use closes with the last use."""
    ledger = LedgerFeed([fixed_code("rwd_1", 1000, smallest_use=100)])
    for number, (amount, result) in enumerate([(600, "redeemed"), (500, "insufficient"), (350, "redeemed")]):
        ledger.write(redemption_request(f"rdm_{number}", amount=amount))
        assert outcome(ledger, f"rdm_{number}") == result
    assert (ledger.account().status, used(ledger.account())) == ("redeemed", 950)
    assert isinstance(ledger.write(redemption_request("rdm_9", amount=50))[0], RedemptionRefused)


def test_a_percentage_is_used_as_a_whole() -> None:
    """An amount of it is refused, and says why."""
    ledger = LedgerFeed([grant()])
    ledger.write(redemption_request("rdm_1", amount=5))
    assert outcome(ledger, "rdm_1") == "not_divisible"
    ledger.write(redemption_request("rdm_2"))
    assert outcome(ledger, "rdm_2") == "redeemed"


def test_a_used_credit_that_is_taken_back_is_owed_and_the_next_credit_pays() -> None:
    """500 used of 800, and revoked: the unused 300 are gone, 500 owed; a credit of 700 leaves 200. A return gives all back."""
    ledger = LedgerFeed([credit("rwd_1", 800), redemption_request("rdm_1", amount=500, unit="CNY")])
    ledger.write(revocation(at=day(1)))
    assert (debt(ledger.account()), ledger.account().clawback) == (500, True)
    ledger.write(credit("rwd_2", 700, at=day(2)))
    assert (debt(ledger.account()), free(ledger.account("rwd_2"), at_ms(day(2)))) == (0, 200)
    ledger.write(credit("rwd_1", 800, at=day(3)))
    assert (free(ledger.account(), at_ms(day(3))), free(ledger.account("rwd_2"), at_ms(day(3)))) == (300, 700)


def test_a_guide_pays_no_debt_and_points_pay_no_money() -> None:
    """Only credit of the same unit is set off."""
    ledger = LedgerFeed([fixed_code("rwd_1", 500), redemption_request("rdm_1"), revocation(at=day(1))])
    ledger.write(credit("rwd_2", 900, unit="points", at=day(2)))
    ledger.write(grant("rwd_3", at=day(2)))
    assert debt(ledger.account()) == 500
    ledger.write(credit("rwd_4", 600, at=day(3), holding_days=1))
    assert debt(ledger.account()) == 500
    ledger.write(ClockTicked(occurred_at=day(4), id="tick_1"))
    assert (debt(ledger.account()), free(ledger.account("rwd_4"), at_ms(day(4)))) == (0, 100)


def test_an_operator_waives_a_debt_and_what_credit_has_paid_comes_back() -> None:
    """The restoration returns the 300 that the other credit had paid."""
    ledger = LedgerFeed([credit("rwd_1", 300), redemption_request("rdm_1", unit="CNY"), revocation(at=day(1))])
    ledger.write(credit("rwd_2", 300, at=day(2)))
    assert free(ledger.account("rwd_2"), at_ms(day(2))) == 0
    ledger.write(reward_action("restore", at=day(3)))
    assert free(ledger.account("rwd_2"), at_ms(day(3))) == 300


def test_a_hold_is_captured_in_part_and_the_rest_is_free_again() -> None:
    """While it is held, others cannot use it."""
    ledger = LedgerFeed([credit("rwd_1", 800)])
    ledger.write(redemption_request("rdm_1", amount=600, unit="CNY", hold_hours=1))
    ledger.write(redemption_request("rdm_2", amount=300, unit="CNY"))
    assert outcome(ledger, "rdm_2") == "insufficient"
    lines = ledger.write(redemption_change("capture", "rdm_1", ("rwd_1",), amount=450))
    assert [(type(line), line.value.amount) for line in lines[:2]] == [(RewardRedeemed, 450), (RedemptionReleased, 150)]
    assert free(ledger.account(), at_ms(day(0))) == 350
    assert isinstance(ledger.write(redemption_change("capture", "rdm_1", ("rwd_1",), "rdc_2"))[0], RedemptionRefused)


def test_a_hold_ends_by_the_clock_even_before_the_tick() -> None:
    """At its time the value is free; the tick writes the line."""
    ledger = LedgerFeed([grant(), redemption_request("rdm_1", hold_hours=1)])
    ledger.write(redemption_request("rdm_2", at=day(0.02)))
    assert outcome(ledger, "rdm_2") == "held_for_order"
    [late] = ledger.write(redemption_change("capture", "rdm_1", ("rwd_1",), at=day(0.05)))
    assert getattr(late, "reason", None) == "not_held"
    [ended] = ledger.write(ClockTicked(occurred_at=day(0.1), id="tick_1"))
    assert (type(ended), getattr(ended, "reason", None)) == (RedemptionReleased, "expired")
    ledger.write(redemption_request("rdm_3", at=day(0.1)))
    assert outcome(ledger, "rdm_3") == "redeemed"


def test_a_use_is_reversed_once() -> None:
    """Payment failed: the code can be used again, for another order; the second reversal is refused."""
    ledger = LedgerFeed([grant(), redemption_request("rdm_1")])
    ledger.write(redemption_change("reverse", "rdm_1", ("rwd_1",)))
    assert (ledger.account().status, ledger.account().order) == ("fulfilled", None)
    assert isinstance(ledger.write(redemption_change("reverse", "rdm_1", ("rwd_1",), "rdc_2"))[0], RedemptionRefused)
    ledger.write(redemption_request("rdm_2", order="order-2"))
    assert ledger.account().order == "order-2"


def test_a_reversal_after_a_clawback_ends_the_debt() -> None:
    """Nothing was used in the end: the reward is simply revoked."""
    ledger = LedgerFeed([credit("rwd_1", 500), redemption_request("rdm_1", unit="CNY"), revocation(at=day(1))])
    ledger.write(redemption_change("reverse", "rdm_1", ("rwd_1",), at=day(2)))
    assert (ledger.account().status, ledger.account().clawback, debt(ledger.account())) == ("revoked", False, 0)


def test_a_reward_for_an_order_that_was_refunded_in_part_is_worth_less() -> None:
    """What was used beyond its new value is owed."""
    ledger = LedgerFeed([credit("rwd_1", 500), redemption_request("rdm_1", amount=400, unit="CNY")])
    adjusted = RewardAdjusted(
        occurred_at=day(1), program=PROGRAM, id="rwd_1", beneficiary=FRIEND1, value=Value(250, "CNY")
    )
    ledger.write(adjusted)
    assert debt(ledger.account()) == 150


def test_the_uses_of_a_reward_are_bounded() -> None:
    """One more is refused; a use that was given back makes room."""
    ledger = LedgerFeed([credit("rwd_1", 1000)])
    for number in range(MAX_USES):
        ledger.write(redemption_request(f"rdm_{number}", amount=1, unit="CNY"))
    ledger.write(redemption_request("rdm_more", amount=1, unit="CNY"))
    assert outcome(ledger, "rdm_more") == "too_many_uses"
    ledger.write(redemption_change("reverse", "rdm_0", ("rwd_1",)))
    ledger.write(redemption_request("rdm_again", amount=1, unit="CNY"))
    assert outcome(ledger, "rdm_again") == "redeemed"


def test_refunds_of_an_order_give_back_in_proportion_once_each_and_add_up() -> None:
    """333 of an order of 1000, three times: 167, 166 and 167 of the 500 that were used, and the last refund the rest."""
    ledger = LedgerFeed([credit("rwd_1", 500), redemption_request("rdm_1", unit="CNY")])
    back = []
    for number, part in enumerate((333, 333, 333, 1)):
        change = redemption_change("refund", "rdm_1", ("rwd_1",), f"rdc_{number}", refund=(f"rf_{number}", part, 1000))
        before = used(ledger.account())
        ledger.write(change)
        back.append(before - used(ledger.account()))
    assert (sum(back), used(ledger.account()), ledger.account().status) == (500, 0, "fulfilled")
    assert all(abs(one - 166.5) <= 0.5 for one in back[:3])
    [again] = ledger.write(redemption_change("refund", "rdm_1", ("rwd_1",), "rdc_9", refund=("rf_0", 333, 1000)))
    assert getattr(again, "reason", None) == "already_refunded"


def test_after_99_refunds_of_parts_of_an_order_only_one_of_all_of_it_counts() -> None:
    """One more part is refused, and gives nothing back."""
    ledger = LedgerFeed([credit("rwd_1", 500), redemption_request("rdm_1", unit="CNY")])
    answers = []
    for number in range(MAX_REFUNDS):
        refund = (f"rf_{number}", 1, 1000)
        answers += ledger.write(redemption_change("refund", "rdm_1", ("rwd_1",), f"rdc_{number}", refund=refund))
    assert getattr(answers[-1], "reason", None) == "too_many_refunds"
    ledger.write(redemption_change("refund", "rdm_1", ("rwd_1",), "rdc_all", refund=("rf_all", 1000, 1000)))
    assert used(ledger.account()) == 0


@given(
    st.lists(st.integers(1, 2_000), min_size=1, max_size=6),
    st.lists(st.integers(1, 400), min_size=1, max_size=8),
)
def test_refunds_of_an_order_paid_by_several_credits_are_rounded_once(amounts: list[int], parts: list[int]) -> None:
    """After each refund as much came back as of one credit of the same sum; no credit gives more than it paid, or takes back."""
    names = tuple(f"rwd_{number}" for number in range(len(amounts)))
    lines = [credit(name, amount) for name, amount in zip(names, amounts, strict=True)]
    total, order = sum(amounts), 1_000
    ledger = LedgerFeed([*lines, redemption_request("rdm_1", "bal_1", amount=total, unit="CNY", of_balance=True)])
    before = [used(ledger.account(name)) for name in names]
    assert sum(before) == total
    for number, part in enumerate(parts):
        ledger.write(redemption_change("refund", "rdm_1", names, f"rdc_{number}", refund=(f"rf_{number}", part, order)))
        after = [used(ledger.account(name)) for name in names]
        refunded = min(order, sum(parts[: number + 1]))
        assert sum(after) == total - share_of(total, refunded, order)
        assert all(0 <= now <= then for now, then in zip(after, before, strict=True))
        before = after


def test_a_whole_reward_comes_back_with_the_whole_order_and_a_reinstated_order_takes_it_again() -> None:
    """Half a refund gives nothing back of a percentage."""
    ledger = LedgerFeed([grant(), redemption_request("rdm_1")])
    for number in (1, 2):
        assert ledger.account().status == "redeemed"
        ledger.write(
            redemption_change("refund", "rdm_1", ("rwd_1",), f"rdc_{number}", refund=(f"rf_{number}", 50, 100))
        )
    assert ledger.account().status == "fulfilled"
    ledger.write(redemption_change("reinstate", "rdm_1", ("rwd_1",), "rdc_3"))
    assert (ledger.account().status, ledger.account().order) == ("redeemed", "order-1")


def test_what_was_used_before_an_order_is_reinstated_is_owed() -> None:
    """The credit went to another order in the meantime: the next credit pays."""
    ledger = LedgerFeed([credit("rwd_1", 500), redemption_request("rdm_1", unit="CNY")])
    ledger.write(redemption_change("reverse", "rdm_1", ("rwd_1",)))
    ledger.write(redemption_request("rdm_2", order="order-2", amount=400, unit="CNY"))
    ledger.write(redemption_change("reinstate", "rdm_1", ("rwd_1",), "rdc_2"))
    assert debt(ledger.account()) == 400
    ledger.write(credit("rwd_2", 1000, at=day(1)))
    assert free(ledger.account("rwd_2"), at_ms(day(1))) == 600


@pytest.mark.parametrize("reward", [grant(), credit("rwd_1", 100, smallest_use=50)])
def test_a_use_that_is_taken_again_after_the_reward_was_taken_back_closes_it_as_before(reward: RewardGranted) -> None:
    """The order was cancelled and reinstated while the friend had left: it is owed, and closed once they are back."""
    ledger = LedgerFeed([reward])
    unit = "CNY" if reward.value else None
    ledger.write(redemption_request("rdm_1", amount=60 if unit else None, unit=unit))
    ledger.write(revocation())
    ledger.write(redemption_change("reverse", "rdm_1", ("rwd_1",)))
    assert ledger.account().status == "revoked"
    ledger.write(redemption_change("reinstate", "rdm_1", ("rwd_1",), "rdc_2"))
    assert (ledger.account().status, ledger.account().clawback) == ("redeemed", True)
    ledger.write(replace(reward, occurred_at=day(1)))
    assert (ledger.account().status, ledger.account().clawback) == ("redeemed", False)
    assert (ledger.account().order, free(ledger.account(), at_ms(day(1)))) == ("order-1", 0)


CREDITS = ("rwd_a", "rwd_b")
CODE = "rwd_code"
REWARDS = (*CREDITS, CODE)
AMOUNTS = st.sampled_from([1, 60, 100, 220])


class BalanceMachine(RuleBasedStateMachine):
    """Grants, reversals, uses, holds, captures, releases, returns and expiries, each line sometimes written twice."""

    @initialize(
        values=st.lists(st.sampled_from([100, 250]), min_size=3, max_size=3),
        days=st.lists(st.sampled_from([None, None, 9]), min_size=2, max_size=2),
        smallest=st.sampled_from([None, 50]),
    )
    def begin(self, values: list[int], days: list[int | None], smallest: int | None) -> None:
        """Three rewards of a person that can be granted."""
        self.ledger = LedgerFeed([])
        self.values = dict(zip(REWARDS, values, strict=True))
        self.days = dict(zip(CREDITS, days, strict=True))
        self.smallest = smallest
        self.now, self.number = day(0), 0
        self.owed: dict[str, bool] = {}
        self.ends: dict[str, datetime] = {}
        self.redemptions: dict[str, tuple[str, ...]] = {}
        self.reinstated = False

    @rule(reward=st.sampled_from(REWARDS))
    def grants(self, reward: str) -> None:
        """A conversion is cleared, or cleared again."""
        if not self.owed.get(reward):
            self.owed[reward] = True
            if self._is_new(reward) and self.days.get(reward):
                self.ends[reward] = day((self.now - day(0)).days + (self.days[reward] or 0))
            self._write(self._grant(reward))

    @rule(reward=st.sampled_from(REWARDS))
    def reverses(self, reward: str) -> None:
        """The conversion is reversed."""
        if self.owed.get(reward):
            self.owed[reward] = False
            self._write(revocation(reward, at=self.now))

    @rule(
        reward=st.sampled_from((*REWARDS, "balance")),
        amount=st.one_of(AMOUNTS, st.none()),
        hold=st.sampled_from([False, False, True]),
    )
    def uses(self, reward: str, amount: int | None, hold: bool) -> None:
        """A shop uses or holds a reward or the balance, as a whole or in part."""
        request = f"rdm_{self._next()}"
        of_balance = reward == "balance"
        line = redemption_request(
            request,
            "bal_1" if of_balance else reward,
            at=self.now,
            amount=amount or (100 if of_balance else None),
            unit=None if reward == CODE else "CNY",
            of_balance=of_balance,
            hold_hours=20 if hold else None,
        )
        self._write(line)
        result = self.ledger.feed.state(state_keys.result(request))
        if result.takings:
            self.redemptions[request] = tuple(one.reward for one in result.takings)
            assert amount is None or sum(one.amount for one in result.takings) == amount

    @rule(reward=st.sampled_from(REWARDS), again=st.booleans())
    def uses_what_is_then_taken_back(self, reward: str, again: bool) -> None:
        """An unfollow after a use, and perhaps a new follow."""
        self.grants(reward)
        self.uses(reward, None, hold=False)
        self.reverses(reward)
        if again:
            self.grants(reward)

    @rule(
        pick=st.integers(0, 20),
        change=st.sampled_from(["capture", "release", "reverse", "refund", "refund", "reinstate"]),
        amount=st.one_of(st.none(), st.sampled_from([1, 60])),
    )
    def changes(self, pick: int, change: str, amount: int | None) -> None:
        """A shop captures, releases or reverses an earlier redemption; not always a legal one."""
        if self.redemptions:
            request = sorted(self.redemptions)[pick % len(self.redemptions)]
            line = redemption_change(
                change,  # type: ignore[arg-type] # one of RedemptionChange
                request,
                self.redemptions[request],
                f"rdc_{self._next()}",
                at=self.now,
                amount=amount if change == "capture" else None,
                refund=(f"rf_{pick % 5}", 33, 99) if change == "refund" else None,
            )
            self._write(line)
            self.reinstated = self.reinstated or change == "reinstate"

    @rule(days=st.sampled_from([0.5, 1, 3]))
    def time_passes(self, days: float) -> None:
        """Holds end and rewards expire."""
        self.now = day((self.now - day(0)).total_seconds() / 86400 + days)
        self._write(ClockTicked(occurred_at=self.now, id=f"tick_{self._next()}"))

    @invariant()
    def the_lines_add_up_to_the_accounts(self) -> None:
        """What was used, held, paid and repaid of each reward is the sum of its lines."""
        if not hasattr(self, "ledger"):
            return
        sums = self._sums_of_lines()
        for account in self._accounts():
            assert (used(account), self._held(account), account.absorbed, account.repaid) == tuple(
                sums[name, account.id] for name in ("used", "held", "absorbed", "repaid")
            )

    @invariant()
    def nothing_is_used_twice_and_the_balance_is_that_of_the_model(self) -> None:
        """Free and held less debt: what is owed and has not expired, less all that was used; never free and in debt at once."""
        if not hasattr(self, "ledger"):
            return
        now_ms, accounts = at_ms(self.now), self._accounts()
        for account in accounts:
            assert self.reinstated or used(account) + held(account, now_ms) <= capacity(account)
        credit_free = sum(free(account, now_ms) for account in accounts if account.kind == "credit")
        # A hold beyond what is left (its order was paid by an earlier one that was reinstated) has no value behind it.
        credit_held = sum(min(left(one), self._held(one)) for one in accounts if one.kind == "credit")
        owed = sum(debt(account) for account in accounts)
        assert not (credit_free and owed)
        assert credit_free + credit_held - owed == self._model(accounts)

    def teardown(self) -> None:
        """Once all is taken back and given back, nothing is used, owed or left."""
        if not hasattr(self, "ledger"):
            return
        for request, rewards in self.redemptions.items():
            for change in ("release", "reverse"):
                self._write(redemption_change(change, request, rewards, f"rdc_{self._next()}", at=self.now))  # type: ignore[arg-type] # one of RedemptionChange
        for reward in [one for one, owed in self.owed.items() if owed]:
            self._write(revocation(reward, at=self.now))
        for account in self._accounts():
            assert (used(account), held(account, at_ms(self.now)), debt(account)) == (0, 0, 0)
            assert free(account, at_ms(self.now)) == 0
            assert account.status in ("revoked", "expired")

    def _model(self, accounts: list[Account]) -> int:
        """The balance by grants, expiries and uses alone, without lots, offsets or statuses.

        Credit that expired keeps what it has paid; what was repaid beyond a debt cannot come back to it.
        """
        total = 0
        for account in accounts:
            spent, is_credit = used(account), account.kind == "credit"
            total -= surplus(account)
            if not self.owed[account.id]:
                expired_before = account.status == "expired"
                total += min(account.absorbed, capacity(account) - spent) if expired_before else -spent
            elif account.id in self.ends and self.ends[account.id] <= self.now and not self._held(account):
                total += min(account.absorbed, capacity(account) - spent)
            elif is_credit:
                total += account.absorbed if self._is_closed(account) else capacity(account) - spent
            else:
                total += min(0, capacity(account) - spent)
        return total

    def _is_closed(self, account: Account) -> bool:
        rest = capacity(account) - used(account) - account.absorbed
        return used(account) > 0 and not self._held(account) and 0 <= rest < (self.smallest or 1)

    def _sums_of_lines(self) -> dict[tuple[str, str], int]:
        sums: dict[tuple[str, str], int] = defaultdict(int)
        holds: set[tuple[str, str]] = set()
        for line in self.ledger.feed.outputs:
            match line:
                case RedemptionHeld():
                    holds.add((line.request, line.id))
                    sums["held", line.id] += line.value.amount
                case RedemptionReleased():
                    sums["held", line.id] -= line.value.amount
                case RewardRedeemed():
                    sums["used", line.id] += line.value.amount
                    sums["held", line.id] -= line.value.amount if (line.request, line.id) in holds else 0
                case RedemptionReturned():
                    sums["used", line.id] -= line.value.amount
                case RewardOffset():
                    sign = -1 if line.given_back else 1
                    sums["absorbed", line.id] += sign * line.value.amount
                    sums["repaid", line.debtor] += sign * line.value.amount
                case _:
                    pass
        return sums

    def _held(self, account: Account) -> int:
        """All holds that no line has ended; after a tick none is over."""
        return sum(use.amount for use in account.uses if use.until_ms is not None)

    def _accounts(self) -> list[Account]:
        return [state for state in self.ledger.feed.all_states() if isinstance(state, Account)]

    def _is_new(self, reward: str) -> bool:
        state = self.ledger.feed.state(state_keys.account(reward))
        return state is None or state.status == "revoked"

    def _grant(self, reward: str) -> RewardGranted:
        if reward == CODE:
            return fixed_code(CODE, self.values[CODE], at=self.now, smallest_use=self.smallest)
        line = credit(reward, self.values[reward], at=self.now, smallest_use=self.smallest)
        end = self.ends.get(reward)
        return line if end is None else RewardGranted(**{**_fields(line), "expires_at": end})

    def _write(self, line: object) -> None:
        self.ledger.write(line)
        before = dict(self.ledger.feed.values)
        if not isinstance(line, ClockTicked):
            assert self.ledger.write(line) == []
            assert self.ledger.feed.values == before

    def _next(self) -> int:
        self.number += 1
        return self.number


def _fields(line: RewardGranted) -> dict[str, object]:
    return {name: getattr(line, name) for name in line.__struct_fields__}


BalanceMachine.TestCase.settings = settings(max_examples=examples(300), stateful_step_count=40)
TestBalances = BalanceMachine.TestCase


@pytest.mark.parametrize("wrong", [1, -1])
def test_the_model_notices_a_wrong_balance(wrong: int) -> None:
    """A ledger that is off by one does not pass."""
    machine = BalanceMachine()
    machine.begin([100, 100, 100], [None, None], None)
    machine.grants("rwd_a")
    machine.values["rwd_a"] += wrong
    [account] = machine._accounts()
    assert machine._model([account]) == 100
    machine.owed["rwd_a"] = False
    assert machine._model([account]) != 100
