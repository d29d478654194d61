"""The demo's checks: a system that equals the oracle agrees, and each planted fault shows in the figure that it is about."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from link_issuer.programs.yaml_form import read_yaml
from referral.events.budgets import BudgetAllotted, BudgetEvent, BudgetRequested, BudgetReturned
from referral.events.facts import Order, OrderCancelled, OrderPaid, OrderRefunded, OrderReinstated
from referral.events.line import RewardEvent
from referral.events.money import Value
from referral.events.redemptions import RedemptionReturned, RewardRedeemed
from referral.events.rewards import RewardAdjusted, RewardFulfilled, RewardGranted, RewardRevoked
from referral.program_file.check import check_program_file
from referral_tools.campaign.desk_player import DeskResult
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.offline_run import offline_person_id, run_offline
from referral_tools.campaign.player import CampaignResult
from referral_tools.campaign.scenes import PayWithCode, RaiseBudget, SpendCredit, SwitchReceiver, UploadCodes
from referral_tools.campaign.simulation import Simulation
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.figure_checks import compare_figures
from referral_tools.demo.measured_ledger import MeasuredLedger, budget_limits
from referral_tools.demo.recorded_rewards import BudgetLimit, RecordedLine, RecordedRewards, deliveries
from referral_tools.demo.system_figures import (
    AlarmFigures,
    ExperimentFigures,
    Insights,
    RewardCounts,
    SystemFigures,
    UpliftFigures,
    VariantFigures,
)
from referral_tools.oracle import (
    TAKEN,
    BoardPlace,
    CodeOutcome,
    CreditUse,
    ExpectedExperiment,
    Figures,
    Oracle,
    WalletCode,
)
from tests.support.builders.demo_ledger import agreeing_ledger
from tests.support.builders.participants import PROGRAM, START
from tests.support.settings import GLOW_FILE

SMALL = replace(
    CampaignModel(),
    days=14,
    base_followers=120,
    orders=0.1,
    sale_days=(),
    code_uploads=((2, 1), (6, 9)),
    budget_raises=((6, 90),),
    receiver_outage=(3, 4),
    spending_days=(5, 7),
    sharers=0.9,
)
END = datetime(2026, 11, 24, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass
class EqualSystem:
    """A system whose figures are the oracle's."""

    expected: Figures
    budgets_waiting: int = 0
    wrong_balance: int = 0
    wrong_outcome: CodeOutcome | None = None
    wrong_left: int = 0
    wrong_bound: float = 0.0

    def insights(self, period: str = "all") -> Insights:
        day = self.expected.total if period == "all" else self.expected.days[period]
        channels = dict(self.expected.referred_by_channel)
        share = day.referred / day.followers if day.followers else 0.0
        discovered = day.followers - day.referred
        return Insights(
            day.followers, day.referred, discovered, share, channels, day.shown, day.shares, day.clicks, day.posts
        )

    def experiments(self) -> list[ExperimentFigures]:
        return [_as_figures(one, self.wrong_bound) for one in self.expected.experiments.values()]

    def challenge_posts(self, challenge: str) -> int:
        return self.expected.challenge_posts

    def board(self, period: str) -> list[BoardPlace]:
        return self.expected.boards[period]

    def rewards(self) -> RewardCounts:
        used = Counter(reward.rule for reward in self.expected.used)
        by_rule = self.expected.rewards_by_rule.items()
        counts = {rule: {"fulfilled": count - used[rule], "redeemed": used[rule]} for rule, count in by_rule}
        return RewardCounts(sum(self.expected.rewards_by_rule.values()), 0, counts)

    def wallet(self, person: str, without: object = ()) -> set[str]:
        return self.expected.wallets_without_credit.get(person, set())

    def credit(self, person: str) -> dict[str, int]:
        balance = self.expected.balances[person]
        return {unit: net + self.wrong_balance for unit, net in balance.items()}

    def code_outcome(self, person: str, order: str) -> CodeOutcome:
        return self.wrong_outcome or self.expected.coded_orders.outcomes[person, order]

    def amount_left(self, person: str, reward: str) -> int:
        left = self.expected.code_amounts_left.items()
        return next(amount for one, amount in left if (one.beneficiary, one.id) == (person, reward)) + self.wrong_left

    def budgets(self) -> list[Any]:
        return [_Waiting(self.budgets_waiting)]


def _as_figures(one: ExpectedExperiment, wrong_bound: float) -> ExperimentFigures:
    variants = [
        VariantFigures(
            id=name,
            people=variant.totals.n,
            roots=variant.roots,
            shown=variant.totals.y,
            counted=variant.totals.x,
            ratio=float(variant.totals.ratio) if variant.totals.ratio is not None else None,
            uplift=UpliftFigures(uplift.value, uplift.low + wrong_bound, uplift.high)
            if (uplift := one.uplifts.get(name))
            else None,
            mixed_chains=variant.mixed,
        )
        for name, variant in one.variants.items()
    ]
    since = datetime.fromtimestamp(one.since_s, UTC) if one.since_s else None
    alarms = AlarmFigures(one.split_probability, one.multiple_share)
    return ExperimentFigures(one.id, since, variants, alarms, None)


class _Waiting:
    def __init__(self, count: int) -> None:
        self.stopped = self
        self.count = count


@pytest.fixture(scope="module")
def expected() -> Figures:
    """The figures of a small campaign, in which a person used part of their credit, and orders were paid with two codes."""
    glow = check_program_file(read_yaml(GLOW_FILE.read_text()).content).program
    assert glow is not None
    early = [structs.replace(one, referrals=1) if one.id == "vip" else one for one in glow.rewards]
    program = structs.replace(glow, rewards=tuple(early))
    journal = run_offline(Simulation(SMALL, program, 7, END).steps(), program.id)
    journal.clock = END
    oracle = Oracle(program, lambda person: offline_person_id(program.id, person))
    found = oracle.facts(journal)
    spender = next(iter(found.balances))
    journal.credit_uses.append(CreditUse(spender, "CNY", "order_1", 300, 100, partial=True))
    for rule, code in (("first20", "WELCOME"), ("vip", "VOUCHER")):
        reward = next(one for one in found.owed.values() if one.rule == rule)
        journal.codes.append(WalletCode(code, reward.id, rule, reward.beneficiary, reward.value))
        journal.facts += [_order(f"{code}_{number}", code) for number in (1, 2)]
    return oracle.facts(journal)


def _order(order: str, code: str) -> OrderPaid:
    """An order of 50.00, for which 30.00 of a code of a fixed amount are used."""
    data = Order(order=order, amount=Decimal(50), currency="CNY", reward_code=code, reward_amount=Decimal(30))
    return OrderPaid(id=f"evt_{order}", program=PROGRAM, person="xhs:buyer", occurred_at=START, data=data)


def ledger(expected: Figures) -> MeasuredLedger:
    """What is measured of a system that equals the oracle."""
    rewards = RecordedRewards(expected.program.id)
    rewards.values = {id: reward.value for id, reward in expected.owed.items()}
    rewards.fulfilled, rewards.messages, rewards.credit_uses = set(expected.owed), {"msg_1"}, {"rdm_1"}
    return agreeing_ledger({"delivered": 1, "pending": 0, "dead": 0, "lost": 0}, rewards)


def verdict(system: EqualSystem, measured: MeasuredLedger) -> ComparisonResult:
    """The verdict over a system."""
    return compare_figures(cast("SystemFigures", system), system.expected, CampaignResult(), measured, 7)


def test_a_system_that_equals_the_oracle_agrees(expected: Figures) -> None:
    """And the campaign has rewards of orders, so that the comparison is about something."""
    found = verdict(EqualSystem(expected), ledger(expected))
    assert [row.figure for row in found.rows if not row.agrees] == []
    assert (found.agrees, found.lost, found.doubled) == (True, 0, 0)
    assert expected.rewards_by_rule["share"] > 0
    assert len(expected.balances) > 0


@pytest.mark.parametrize(
    ("desk", "differs", "lost", "doubled"),
    [
        (DeskResult(facts=9, expected=9), [], 0, 0),
        (DeskResult(facts=8, expected=9), ["facts from pasted comments"], 1, 0),
        (DeskResult(facts=9, expected=9, second_paste=1), ["· from second pastes"], 0, 1),
    ],
)
def test_pastes_that_add_too_little_or_anything_twice_fail(
    expected: Figures, desk: DeskResult, differs: list[str], lost: int, doubled: int
) -> None:
    """A second paste that adds a fact is a fact too many."""
    played = CampaignResult(desk=desk)
    found = compare_figures(cast("SystemFigures", EqualSystem(expected)), expected, played, ledger(expected), 7)
    assert [row.figure for row in found.rows if not row.agrees] == differs
    assert (found.lost, found.doubled) == (lost, doubled)


def _lose_a_reward(measured: MeasuredLedger) -> MeasuredLedger:
    measured.rewards.values.popitem()
    return measured


def _double_a_reward(measured: MeasuredLedger) -> MeasuredLedger:
    measured.rewards.values["rwd_never_earned"] = None
    return measured


def _misvalue_a_credit(measured: MeasuredLedger) -> MeasuredLedger:
    values = measured.rewards.values
    credit = next(id for id, value in values.items() if value is not None)
    values[credit] = Value(1, "CNY")
    return measured


def _use_credit_twice(measured: MeasuredLedger) -> MeasuredLedger:
    measured.rewards.credit_uses.add("rdm_2")
    return measured


FAULTS: dict[str, Callable[[MeasuredLedger], MeasuredLedger]] = {
    "rewards in effect, with their values: differing": _misvalue_a_credit,
    "uses of credit": _use_credit_twice,
    "spent beyond a budget, at any time": lambda one: replace(one, budget_exceeded=1),
    "codes uploaded": lambda one: replace(one, uploaded=11),
    "· free, reserved, given or void": lambda one: replace(one, pool_codes={**one.pool_codes, "given": 3}),
    "· given twice, or without an upload": lambda one: replace(one, pool_problems=("two rewards have one code",)),
    "webhook messages accepted": lambda one: replace(one, deliveries={**one.deliveries, "delivered": 0}),
    "· dead": lambda one: replace(one, deliveries={**one.deliveries, "dead": 1}),
    "· pending": lambda one: replace(one, deliveries={**one.deliveries, "pending": 1}),
    "· lost": lambda one: replace(one, deliveries={**one.deliveries, "lost": 1}),
    "rewards, budgets, pools: log and system differing": lambda one: replace(one, unreconciled=1),
}


@pytest.mark.parametrize("figure", FAULTS)
def test_a_planted_fault_shows_in_its_figure(figure: str, expected: Figures) -> None:
    """Money, codes and messages: what is wrong is named, and nothing else."""
    found = verdict(EqualSystem(expected), FAULTS[figure](ledger(expected)))
    assert [row.figure.lstrip("0123456789 ") for row in found.rows if not row.agrees] == [figure]
    assert not found.agrees


def test_a_lost_and_a_doubled_reward_are_counted(expected: Figures) -> None:
    """By id: one of each would otherwise look like the right number."""
    assert verdict(EqualSystem(expected), _lose_a_reward(ledger(expected))).lost == 1
    assert verdict(EqualSystem(expected), _double_a_reward(ledger(expected))).doubled == 1


def test_a_wrong_balance_and_a_reward_that_still_waits_show(expected: Figures) -> None:
    """Both are read from the API."""
    for system in (EqualSystem(expected, wrong_balance=1), EqualSystem(expected, budgets_waiting=1)):
        assert not verdict(system, ledger(expected)).agrees


def test_a_bound_that_is_wrong_by_more_than_a_millionth_shows(expected: Figures) -> None:
    """People, impressions and bounds of experiments are compared: the campaign has some whose window is over."""
    assert all(one.people > 10 for one in expected.experiments.values())
    assert any(uplift for one in expected.experiments.values() for uplift in one.uplifts.values())
    assert verdict(EqualSystem(expected, wrong_bound=5e-7), ledger(expected)).agrees
    found = verdict(EqualSystem(expected, wrong_bound=1e-5), ledger(expected))
    assert all("bounds" in row.figure for row in found.rows if not row.agrees)
    assert not found.agrees


def test_a_code_that_was_taken_or_left_wrongly_shows(expected: Figures) -> None:
    """Of two orders with one code the second is refused; to take none loses a use, to take both doubles it."""
    outcomes = expected.coded_orders.outcomes
    assert Counter(outcomes.values()) == {
        TAKEN: 2,
        CodeOutcome("refused", "already_redeemed"): 1,
        CodeOutcome("refused", "insufficient"): 1,
    }
    lost = verdict(EqualSystem(expected, wrong_outcome=CodeOutcome("refused", "unknown")), ledger(expected))
    doubled = verdict(EqualSystem(expected, wrong_outcome=TAKEN), ledger(expected))
    assert [(one.lost, one.doubled) for one in (lost, doubled)] == [(2, 0), (0, 2)]
    wrong = verdict(EqualSystem(expected, wrong_left=1), ledger(expected))
    assert [row.figure for row in wrong.rows if not row.agrees] == [
        "1 codes of a fixed amount, what is left: differing"
    ]


def test_a_voucher_that_was_used_and_is_not_owed_any_more_is_debt(expected: Figures) -> None:
    """And it is still a reward that was handed out."""
    voucher = next(iter(expected.used_amounts))
    without = replace(expected, owed={id: one for id, one in expected.owed.items() if id != voucher.id})
    credit = expected.balances.get(voucher.beneficiary, {}).get("CNY", 0)
    assert without.balances[voucher.beneficiary]["CNY"] == credit - 3000
    assert without.rewards_by_rule["vip"] == expected.rewards_by_rule["vip"]


def test_the_campaign_has_every_scene() -> None:
    """Codes run out and come, a budget is raised, the receiver dies and returns, credit and codes are used in each way."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text()).content).program
    assert program is not None
    steps = list(Simulation(CampaignModel(), program, 7, END).steps())
    scenes = [scene for step in steps for scene in step.scenes]
    uploads = [one for one in scenes if isinstance(one, UploadCodes)]
    codes = [code for one in uploads for code in one.codes]
    assert len(uploads) == 2
    assert len(codes) == len(set(codes)) == sum(one.count for one in uploads)
    assert [one.up for one in scenes if isinstance(one, SwitchReceiver)] == [False, True]
    assert {one.how for one in scenes if isinstance(one, SpendCredit)} == {"whole", "hold", "cancel", "refund"}
    limits = budget_limits(program, steps)
    assert [one.total for one in limits] == [300_000, 6_000_000]
    assert sum(isinstance(one, RaiseBudget) for one in scenes) == 1
    payments = [one for one in scenes if isinstance(one, PayWithCode)]
    assert {one.checkout for one in payments} == {"none", "used", "held"}
    assert {one.fact.data.currency for one in payments} == {"CNY", "EUR"}
    assert any(one.fact.person != one.owner for one in payments)
    again = Counter((one.owner, one.rule) for one in payments)
    assert again.most_common(1)[0][1] == 3
    changes = Counter(type(deed.fact) for step in steps for deed in step.deeds)
    assert min(changes[kind] for kind in (OrderRefunded, OrderCancelled, OrderReinstated)) > 20


def test_one_code_is_used_for_one_order_of_an_evening() -> None:
    """Otherwise the system would choose which of two orders wins; and all of what happened to an order is known before the next."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text()).content).program
    assert program is not None
    steps = list(Simulation(CampaignModel(), program, 7, END).steps())
    orders: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for number, step in enumerate(steps):
        payments = [one for one in step.scenes if isinstance(one, PayWithCode) and one.owner]
        assert len({(one.owner, one.rule) for one in payments}) == len(payments)
        for one in payments:
            orders.setdefault((one.owner, one.rule), []).append((number, one.fact.data.order))
    kinds = (OrderRefunded, OrderCancelled, OrderReinstated)
    changes = [(number, deed.fact) for number, step in enumerate(steps) for deed in step.deeds]
    last = {fact.data.order: number for number, fact in changes if isinstance(fact, kinds)}
    for of_code in orders.values():
        assert all(last.get(order, 0) <= following for (_, order), (following, _) in pairwise(of_code))


@dataclass
class Log:
    """Lines of rewards, a second after each other."""

    rewards: RecordedRewards = field(default_factory=lambda: RecordedRewards(PROGRAM))
    number: int = 0

    def add(self, line_type: type[RewardEvent], reward: str, **fields: object) -> "Log":
        """Adds a line about a reward; returns itself."""
        return self._add(line_type, id=reward, beneficiary="psn_amy", **fields)

    def lend(self, line_type: type[BudgetEvent], amount: int, **fields: object) -> "Log":
        """Adds a line between the budget of a rule and a partition; returns itself."""
        about = {"budget": "share", "unit": "CNY", "partition": 1, "number": self.number + 1}
        return self._add(line_type, amount=amount, **about, **fields)

    def _add(self, line_type: type[RewardEvent | BudgetEvent], **fields: object) -> "Log":
        self.number += 1
        common = {"occurred_at": START, "program": PROGRAM, "cause": ("conversions", 0, self.number, 0, 0)}
        line = line_type(**common, **fields)  # type: ignore[arg-type]
        self.rewards.add(RecordedLine(self.number * 1000, line))  # type: ignore[arg-type]
        return self

    def grant(self, reward: str, fen: int) -> "Log":
        """Grants and fulfils a credit that costs so much of the budget of its rule."""
        value, about = Value(fen, "CNY"), {"kind": "credit", "role": "referrer", "version": 1, "trigger": "order:c:o"}
        self.add(RewardGranted, reward, rule="share", value=value, cost=value, budgets=("share",), **about)
        return self.add(RewardFulfilled, reward, kind="credit", value=value)


def _limits() -> Iterator[BudgetLimit]:
    yield BudgetLimit(0, "share", 1000)
    yield BudgetLimit(8_500, "share", 1500)


def test_a_budget_that_was_exceeded_for_a_moment_shows() -> None:
    """Also if it is not at the end; what an unused reward gives back is free again, and so is a part after a refund."""
    within = Log().grant("rwd_1", 600).grant("rwd_2", 400)
    assert within.rewards.budget_excess(list(_limits())) == 0
    back = Log().grant("rwd_1", 600).add(RewardRevoked, "rwd_1", reason="unfollowed").grant("rwd_2", 1000)
    assert back.rewards.budget_excess(list(_limits())) == 0
    lower = Log().grant("rwd_1", 1000)
    lower.add(RewardAdjusted, "rwd_1", value=Value(400, "CNY"), cost=Value(400, "CNY")).grant("rwd_2", 600)
    assert lower.rewards.budget_excess(list(_limits())) == 0
    beyond = Log().grant("rwd_1", 600).grant("rwd_2", 407).add(RewardRevoked, "rwd_1", reason="unfollowed")
    assert beyond.rewards.budget_excess(list(_limits())) == 7


def test_a_larger_total_counts_from_when_it_was_raised_and_a_used_reward_stays_spent() -> None:
    """1,500 from the ninth line on; a reward that was used gives nothing back, one that was wholly returned does."""
    raised = Log().grant("rwd_1", 600).grant("rwd_2", 400).add(RewardRevoked, "rwd_9", reason="unfollowed")
    raised = raised.add(RewardRevoked, "rwd_8", reason="ban").grant("rwd_3", 500)
    assert raised.rewards.budget_excess([BudgetLimit(0, "share", 1000), BudgetLimit(6_500, "share", 1500)]) == 0
    assert raised.rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 500
    use = {"order": "o", "request": "rdm_1", "value": Value(200, "CNY")}
    used = Log().grant("rwd_1", 600).add(RewardRedeemed, "rwd_1", **use)
    kept = used.add(RewardRevoked, "rwd_1", reason="ban").grant("rwd_2", 500)
    assert kept.rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 100
    returned = Log().grant("rwd_1", 600).add(RewardRedeemed, "rwd_1", **use)
    returned.add(RedemptionReturned, "rwd_1", reason="reversed", **use)
    gone = returned.add(RewardRevoked, "rwd_1", reason="ban").grant("rwd_2", 500)
    assert gone.rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 0


def test_a_reward_that_costs_more_again_is_part_of_what_was_lent_until_it_is_charged() -> None:
    """A refund of 400 is void: what it gave back may be another reward's by then, and the first one waits for the budget."""
    part = Log().grant("rwd_1", 1000).add(RewardAdjusted, "rwd_1", value=Value(600, "CNY"), cost=Value(600, "CNY"))
    again = part.grant("rwd_2", 400).add(RewardAdjusted, "rwd_1", value=Value(1000, "CNY"), cost=Value(1000, "CNY"))
    assert (
        again.rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 400
    )  # the log ends with it: it must be charged
    revoked = again.add(RewardRevoked, "rwd_2", reason="unfollowed")
    assert revoked.rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 0


def test_a_budget_that_lent_too_much_for_a_moment_shows() -> None:
    """Amounts and tranches, less what came back with a request or by itself."""
    of_reward = {"id": "rwd_1", "beneficiary": "psn_amy"}
    answer = {"request": 1, "limit": 1000} | of_reward
    lent = Log().lend(BudgetAllotted, 600, **answer).lend(BudgetAllotted, 300, tranche=100, **answer)
    lent.lend(BudgetReturned, 50).lend(BudgetRequested, 80, returned=30, **of_reward).lend(BudgetAllotted, 80, **answer)
    assert lent.rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 0
    assert lent.lend(BudgetAllotted, 7, **answer).rewards.budget_excess([BudgetLimit(0, "share", 1000)]) == 7


def test_messages_are_delivered_pending_dead_or_lost() -> None:
    """Lost is what nobody accounts for; a message that came twice is one, and a forged one is none."""
    due = ["msg_1", "msg_2", "msg_3"]
    assert deliveries(due, {"msg_1": 2, "msg_9": 1}, 1, 0) == {"delivered": 1, "pending": 1, "dead": 0, "lost": 1}
    assert deliveries(due, dict.fromkeys(due, 1), 0, 0)["lost"] == 0
    assert deliveries(due, {"msg_1": 1}, 0, 2) == {"delivered": 1, "pending": 0, "dead": 2, "lost": 0}


def test_repeated_lines_of_a_fold_count_once() -> None:
    """After a crash a fold writes the same lines again, with the same cause."""
    log = Log().grant("rwd_1", 600)
    repeated = Log(log.rewards).grant("rwd_1", 600)
    assert (len(repeated.rewards.messages), repeated.rewards.budget_excess([BudgetLimit(0, "share", 600)])) == (1, 0)
