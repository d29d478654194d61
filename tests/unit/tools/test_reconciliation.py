"""Rewards and budgets added up from lines, against the ledger on a log of eight partitions that is crashed and wiped."""

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.events.money import Value
from referral.events.rewards import RewardAdjusted, RewardGranted, RewardLine
from referral.log.records import split
from referral_tools.reconciliation.aggregates import budgets, rule_counts
from referral_tools.reconciliation.budget_sums import BudgetName
from referral_tools.reconciliation.certainty import Found, decide
from referral_tools.reconciliation.money_figures import MoneyFigures, figures_of
from referral_tools.reconciliation.reward_sums import RewardSums
from referral_tools.reconciliation.stored_rewards import stored_reward
from tests.support.builders.participants import PROGRAM, person_id
from tests.support.builders.reward_dispatcher import (
    credit,
    fixed_code,
    grant,
    redemption_change,
    redemption_request,
    revocation,
    reward_action,
)
from tests.support.scenarios.budgeted_campaign import PARTITIONS, RULE, BudgetedCampaign

_decode = msgspec.json.Decoder(RewardLine).decode
TOTAL = BudgetName(PROGRAM, "total", "CNY")
PEOPLE = [person_id(f"xhs:friend{number}") for number in range(12)]
CHANGES = ["capture", "release", "reverse", "refund", "reinstate"]
ACTIONS = ["approve", "hold", "release", "revoke", "restore"]


class Shop:
    """Credits, codes and percentages of a few people, with uses, holds, refunds, adjustments and operators' actions."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.campaign = BudgetedCampaign(seed, total=200, of_rule=120)
        self.granted: dict[str, RewardGranted] = {}
        self.uses: list[tuple[str, RewardGranted]] = []
        self.number = 0

    def play(self, steps: int) -> None:
        """Random steps, and all that follows."""
        for _ in range(steps):
            self.random.choices(
                (self._grant, self._use, self._change, self._revoke, self._act, self._adjust, self._disturb),
                weights=(4, 4, 4, 2, 2, 1, 6),
            )[0]()
        self.campaign.drain()

    def _grant(self) -> None:
        number = self._next()
        again = self.random.random() < 0.3 and self.granted
        line = self.random.choice(list(self.granted.values())) if again else self._new_grant(f"rwd_{number}")
        self.granted[line.id] = line
        self._write(replace(line, occurred_at=self.campaign.now))

    def _new_grant(self, id: str) -> RewardGranted:
        amount = self.random.choice([100, 250, 900])
        days, holding = self.random.choice([None, None, 0.01]), self.random.choice([0, 0, 0.002])
        line = self.random.choice(
            [
                grant(id, expires_days=days, holding_days=holding),
                replace(
                    credit(id, amount, holding_days=holding, expires_days=days),
                    smallest_use=self.random.choice([None, 50]),
                ),
                fixed_code(id, amount, smallest_use=50),
            ]
        )
        cost = Value(self.random.randint(1, 3_000), "CNY") if self.random.random() < 0.6 else None
        names = self.random.choice([("total",), (RULE, "total")])
        return replace(
            line, beneficiary=self.random.choice(PEOPLE), cost=cost, budgets=names if cost else (), rule=RULE
        )

    def _use(self) -> None:
        if not self.granted:
            return
        line = self.random.choice(list(self.granted.values()))
        request = f"rdm_{self._next()}"
        amount = self.random.choice([None, 1, 60, 100])
        unit = "CNY" if line.kind == "credit" else None
        hours = self.random.choice([None, None, 0.02])
        made = redemption_request(
            request, line.id, amount=amount, unit=unit, hold_hours=hours, at=self.campaign.now, order=request
        )
        self.uses.append((request, line))
        self._write(replace(made, beneficiary=line.beneficiary))

    def _change(self) -> None:
        if self.uses:
            request, line = self.random.choice(self.uses)
            change = self.random.choice(CHANGES)
            made = redemption_change(
                change,  # type: ignore[arg-type] # one of RedemptionChange
                request,
                (line.id,),
                f"rdc_{self._next()}",
                at=self.campaign.now,
                amount=self.random.choice([None, 1]) if change == "capture" else None,
                refund=(f"rf_{self.random.randrange(4)}", 40, 100) if change == "refund" else None,
            )
            self._write(replace(made, beneficiary=line.beneficiary))

    def _revoke(self) -> None:
        if self.granted:
            line = self.random.choice(list(self.granted.values()))
            self._write(revocation(line.id, at=self.campaign.now, beneficiary=line.beneficiary))

    def _act(self) -> None:
        if self.granted:
            line = self.random.choice(list(self.granted.values()))
            action = self.random.choice(ACTIONS)
            made = reward_action(action, f"act_{self._next()}", line.id, at=self.campaign.now)  # type: ignore[arg-type]
            self._write(replace(made, beneficiary=line.beneficiary))

    def _adjust(self) -> None:
        lots = [line for line in self.granted.values() if line.kind == "credit" and line.value]
        if lots:
            line = self.random.choice(lots)
            worth = self.random.randint(1, line.value.amount if line.value else 1)
            self._write(
                RewardAdjusted(
                    occurred_at=self.campaign.now,
                    program=PROGRAM,
                    id=line.id,
                    beneficiary=line.beneficiary,
                    value=Value(worth, "CNY"),
                    cost=Value(self.random.randint(0, 3_000), "CNY") if line.cost else None,
                )
            )

    def _disturb(self) -> None:
        campaign = self.campaign
        steps = campaign.worker_round, campaign.crash, campaign.repeat_a_line, campaign.tick, campaign.states.wipe
        self.random.choices(steps, weights=(60, 10, 10, 20, 4))[0]()

    def _write(self, line: object) -> None:
        self.campaign.append(line)

    def _next(self) -> int:
        self.number += 1
        return self.number


def sums_of(campaign: BudgetedCampaign) -> RewardSums:
    """Returns the sums of all lines that are on the log."""
    sums = RewardSums(PARTITIONS)
    for partition in range(PARTITIONS):
        records = campaign.log.records["rewards", partition]
        for record in records:
            for number, raw in enumerate(split(record.value)):
                sums.add(partition, record.offset, number, _decode(raw))
    sums.settle({number: len(campaign.log.records["rewards", number]) for number in range(PARTITIONS)})
    return sums


@pytest.mark.parametrize("seed", range(40))
def test_the_sums_of_the_lines_are_what_the_ledger_has(seed: int) -> None:
    """Of every reward the figures, and of every budget what is spent, held and stopped; and all add up."""
    shop = Shop(seed)
    shop.play(250)
    sums, accounts = sums_of(shop.campaign), shop.campaign.accounts()
    rewards = dict(sums.rewards())
    assert rewards.keys() == accounts.keys()
    for id, account in accounts.items():
        stored = stored_reward(account)
        rewards[id].adopt_worth(stored.figures)
        assert (id, stored.unit, stored.figures) == (id, rewards[id].unit, rewards[id].figures)
        assert stored.figures.adds_up
        assert min(stored.figures) >= 0
    shop.campaign.check()
    shop.campaign.check_charges()
    tranches = shop.campaign.tranches()
    stored_spent = {
        BudgetName(PROGRAM, name, "CNY"): sum(one.spent for one in own.values()) for name, own in tranches.items()
    }
    for name, figures in budgets(sums, PROGRAM, stored_spent).items():
        account, spent = shop.campaign.budget(name.budget), stored_spent[name]
        assert figures == (spent, account.lent - spent, account.waiting, account.waiting_amount)
    assert sum(rule_counts(sums, PROGRAM).values()) == len(rewards)


@given(
    st.sampled_from(["held", "free", "closed", "expired", "taken_back"]),
    st.integers(0, 1_000),
    st.integers(0, 2_000),
    st.integers(0, 2_000),
    st.integers(0, 1_000),
)
def test_what_was_granted_is_the_sum_of_its_parts(
    stage: str, worth: int, consumed: int, repaid: int, held: int
) -> None:
    """For any sums of lines, also those that no log should have."""
    figures = figures_of(stage, worth, consumed, repaid, held)  # type: ignore[arg-type] # one of Stage
    assert figures.adds_up
    assert min(figures) >= 0


def test_debt_is_one_use_whoever_pays_it() -> None:
    """500 of 800 used and taken back: owed. A credit of 700 pays: the use is that credit's, and all 800 are clawed back."""
    owing = figures_of("taken_back", 800, 500, 0, 0)
    assert owing == MoneyFigures(granted=800, used=500, clawed_back=300, owed=500)
    paid = figures_of("taken_back", 800, 500, 500, 0).plus(figures_of("free", 700, 500, 0, 0))
    assert paid == MoneyFigures(granted=1_500, free=200, used=500, clawed_back=800)


def test_a_difference_is_certain_once_it_was_seen_twice_while_the_log_was_still() -> None:
    """One goes away, one is certain, one changes at every look."""
    looks = iter([{"lag": True, "wrong": True, "busy": False}, {"wrong": False, "busy": False}])
    found = decide(
        lambda: {key: Found(key, stable) for key, stable in next(looks, {"wrong": True, "busy": False}).items()}, 0
    )
    assert (dict(found.differences), dict(found.undecided)) == ({"wrong": "wrong"}, {"busy": "busy"})


def test_a_lower_cost_gives_back_to_the_budget() -> None:
    """And a cost that waits for its budget has spent nothing."""
    campaign = BudgetedCampaign(1, total=10)
    for cost in (400, 900):
        campaign.grant(cost)
        campaign.drain()
    first = campaign.owed["rwd_1"]
    campaign.append(
        RewardAdjusted(
            occurred_at=campaign.now,
            program=PROGRAM,
            id=first.id,
            beneficiary=first.beneficiary,
            value=Value(1, "CNY"),
            cost=Value(300, "CNY"),
        )
    )
    campaign.drain()
    [figures] = budgets(sums_of(campaign), PROGRAM, {TOTAL: 300}).values()
    assert (figures.spent, figures.waiting, figures.waiting_amount) == (300, 1, 900)
    assert figures.held == campaign.budget().lent - 300
