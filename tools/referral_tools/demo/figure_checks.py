"""Compares every figure of the system with the oracle's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from referral_tools.campaign.desk_player import DeskResult
from referral_tools.campaign.player import CampaignResult
from referral_tools.demo.comparison import ComparisonResult, differing
from referral_tools.demo.experiment_checks import compare_experiments
from referral_tools.demo.measured_ledger import MeasuredLedger
from referral_tools.demo.system_figures import Insights, RewardCounts, SystemFigures
from referral_tools.oracle import TAKEN, BoardPlace, CodeOutcome, Day, Figures

_WALLETS = 150


def compare_figures(
    readings: SystemFigures, expected: Figures, played: CampaignResult, ledger: MeasuredLedger, seed: int
) -> ComparisonResult:
    """The verdict over everything but closed boards, which `closing_checks` verifies."""
    verdict = ComparisonResult()
    verdict.compare("malformed items refused", played.refused, played.malformed)
    _desk(verdict, played.desk)
    _growth(verdict, readings.insights(), expected)
    _days(verdict, readings, expected)
    _boards(verdict, readings, expected)
    compare_experiments(verdict, readings.experiments(), expected.experiments)
    posts = sum(readings.challenge_posts(one.id) for one in expected.program.challenges)
    verdict.compare("posts for the challenge", posts, expected.challenge_posts)
    _rewards(verdict, readings.rewards(), expected)
    _redemptions(verdict, readings.rewards(), expected, played)
    _coded_orders(verdict, readings, expected)
    _wallets(verdict, readings, expected, seed)
    _credit(verdict, readings, expected, ledger)
    _limits(verdict, readings, expected, ledger)
    _deliveries(verdict, ledger)
    verdict.compare("rewards, budgets, pools: log and system differing", ledger.unreconciled, 0)
    return verdict


def _desk(verdict: ComparisonResult, desk: DeskResult) -> None:
    verdict.compare("facts from pasted comments", desk.facts, desk.expected)
    verdict.compare("· from second pastes", desk.second_paste, 0)
    verdict.count({"pasted": desk.facts + desk.second_paste}, {"pasted": desk.expected})


def _growth(verdict: ComparisonResult, insights: Insights, expected: Figures) -> None:
    verdict.compare("followers", insights.followers, expected.followers)
    verdict.compare("· from referrals", insights.referred, expected.referred)
    verdict.compare("· found the account", insights.discovered, expected.discovered)
    verdict.compare("referral share", f"{insights.referral_share:.1%}", f"{expected.referral_share:.1%}")
    channels = expected.referred_by_channel
    wrong = differing((insights.by_channel.get(one, 0), channels[one]) for one in insights.by_channel.keys() | channels)
    verdict.compare(f"referred, by {len(channels)} channels: differing", wrong, 0)
    verdict.compare("content shown", insights.shown, expected.total.shown)
    verdict.compare("content shared", insights.shares, expected.total.shares)
    verdict.compare("links opened", insights.clicks, expected.total.clicks)
    verdict.compare("posts by the community", insights.posts, expected.total.posts)


def _days(verdict: ComparisonResult, readings: SystemFigures, expected: Figures) -> None:
    """The same, day by day."""
    wrong = differing(
        (_compare_insights(readings.insights(day)), replace(expected_day, post_views=0))
        for day, expected_day in expected.days.items()
    )
    verdict.compare(f"the same on each of {len(expected.days)} days: differing", wrong, 0)


def _compare_insights(insights: Insights) -> Day:
    return Day(insights.followers, insights.referred, insights.shown, insights.shares, insights.clicks, insights.posts)


def _boards(verdict: ComparisonResult, readings: SystemFigures, expected: Figures) -> None:
    """Every row of every board, in order; each referrer's all-time score shows conversions lost and doubled."""
    boards = {period: readings.board(period) for period in expected.boards}
    for kind, periods in _by_kind(expected).items():
        rows = sum(len(expected.boards[period]) for period in periods)
        wrong = differing((boards[period], expected.boards[period]) for period in periods)
        name = "all-time board" if kind == "all" else f"{len(periods)} boards by {kind}"
        verdict.compare(f"{name}, {rows} ranks: differing", wrong, 0)
    verdict.count(_scores(boards.get("all", [])), _scores(expected.boards.get("all", [])))


def _by_kind(expected: Figures) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {"day": [], "week": [], "month": [], "all": []}
    for period in expected.boards:
        kind = "all" if period == "all" else "week" if "W" in period else "day" if period.count("-") == 2 else "month"
        kinds[kind].append(period)
    return kinds


def _scores(places: Sequence[BoardPlace]) -> dict[str, int]:
    return {place.participant: place.score for place in places}


def _rewards(verdict: ComparisonResult, rewards: RewardCounts, expected: Figures) -> None:
    """What was granted and not taken back, by rule."""
    system, oracle = (
        {rule: _rewards_kept(counts, is_credit=rule in expected.credits) for rule, counts in rewards.by_rule.items()},
        expected.rewards_by_rule,
    )
    verdict.compare("rewards granted", sum(system.values()), len(expected.kept_conversions))
    for rule in sorted(set(system) | set(oracle)):
        verdict.compare(f"· {rule}", system.get(rule, 0), oracle[rule])
    verdict.count(system, oracle)


def _rewards_kept(counts: dict[str, int], *, is_credit: bool) -> int:
    """What has expired was granted all the same. Credit that was used and taken back since is owed, and no reward any more."""
    taken_back = ("revoked", "clawback") if is_credit else ("revoked",)
    return sum(count for status, count in counts.items() if status not in taken_back)


def _redemptions(verdict: ComparisonResult, rewards: RewardCounts, expected: Figures, played: CampaignResult) -> None:
    whole = [counts for rule, counts in rewards.by_rule.items() if rule not in expected.divisible]
    redeemed = sum(counts.get("redeemed", 0) + counts.get("clawback", 0) for counts in whole)
    verdict.compare("rewards used as a whole", redeemed, expected.redeemed)
    verdict.compare("· used for two orders", sum(len(orders) - 1 for orders in expected.used.values()), 0)
    verdict.compare("· friends who waited for a code in vain", len(played.missing_rewards), 0)
    verdict.count({"used": redeemed}, {"used": expected.redeemed})
    verdict.doubled += sum(len(orders) - 1 for orders in expected.used.values())


def _coded_orders(verdict: ComparisonResult, readings: SystemFigures, expected: Figures) -> None:
    """Each order with the code of a reward: whether the code was taken, why not, and what is left of it now."""
    oracle = expected.coded_orders.outcomes
    system = {key: readings.code_outcome(*key) for key in oracle}
    verdict.compare("orders whose code was taken", *(sum(map(_is_taken, side.values())) for side in (system, oracle)))
    wrong = differing((system[key], outcome) for key, outcome in oracle.items())
    verdict.compare(f"{len(oracle)} orders with a code, with the reason: differing", wrong, 0)
    verdict.count(*({"/".join(key): _is_taken(one) for key, one in side.items()} for side in (system, oracle)))
    left = expected.code_amounts_left
    wrong = differing((readings.amount_left(reward.beneficiary, reward.id), amount) for reward, amount in left.items())
    verdict.compare(f"{len(left)} codes of a fixed amount, what is left: differing", wrong, 0)


def _is_taken(outcome: CodeOutcome) -> bool:
    return outcome == TAKEN


def _wallets(verdict: ComparisonResult, readings: SystemFigures, expected: Figures, seed: int) -> None:
    """What a sample of people have, reward by reward; half of the sample follow, whether they have anything or not."""
    wallets = expected.wallets_without_credit
    people = sorted(wallets), sorted(expected.standing)
    sample = [who for some in people for who in Random(seed).sample(some, min(_WALLETS // 2, len(some)))]  # a sample  # nosec B311
    wrong = differing((readings.wallet(who, expected.credits), wallets.get(who, set())) for who in sample)
    verdict.compare(f"{len(sample)} wallets: differing", wrong, 0)


def _credit(verdict: ComparisonResult, readings: SystemFigures, expected: Figures, ledger: MeasuredLedger) -> None:
    """Every reward in effect with its value, and the credit of everyone who has any."""
    owed = {id: reward.value for id, reward in expected.owed.items()}
    wrong = differing(
        (ledger.rewards.values.get(id, "none"), owed.get(id, "none")) for id in owed.keys() | ledger.rewards.values
    )
    verdict.compare(f"{len(owed)} rewards in effect, with their values: differing", wrong, 0)
    verdict.count(Counter(ledger.rewards.values.keys()), Counter(owed.keys()))
    balances = expected.balances
    wrong = differing((readings.credit(person), balance) for person, balance in balances.items())
    verdict.compare(f"{len(balances)} balances: differing", wrong, 0)
    verdict.compare("uses of credit", len(ledger.rewards.credit_uses), len(expected.credit_uses))


def _limits(verdict: ComparisonResult, readings: SystemFigures, expected: Figures, ledger: MeasuredLedger) -> None:
    """Budgets are never exceeded and nothing waits for them any more; every uploaded code is in one place."""
    budgets = readings.budgets()
    verdict.compare("spent beyond a budget, at any time", ledger.budget_exceeded, 0)
    verdict.compare("rewards that wait for a budget", sum(one.stopped.count for one in budgets), 0)
    codes = ledger.pool_codes
    verdict.compare("codes uploaded", codes["uploaded"], ledger.uploaded)
    verdict.compare("· free, reserved, given or void", sum(codes.values()) - codes["uploaded"], codes["uploaded"])
    verdict.compare("· given twice, or without an upload", len(ledger.pool_problems), 0)
    rules = {rule.id for rule in expected.program.rewards if rule.pool and rule.pool in ledger.pools}
    without = [one for one in expected.owed.values() if one.rule in rules and one.id not in ledger.rewards.fulfilled]
    verdict.compare("· promoters who wait for a code", len(without), 0)


def _deliveries(verdict: ComparisonResult, ledger: MeasuredLedger) -> None:
    verdict.compare("webhook messages accepted", ledger.deliveries["delivered"], len(ledger.rewards.messages))
    for name in ("pending", "dead", "lost"):
        verdict.compare(f"· {name}", ledger.deliveries[name], 0)
    verdict.lost += ledger.deliveries["lost"]
