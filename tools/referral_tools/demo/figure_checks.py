"""Compares every figure of the system with the oracle's."""

from collections.abc import Sequence
from random import Random

from referral_tools.campaign.player import CampaignResult
from referral_tools.demo.comparison import ComparisonResult, differing
from referral_tools.demo.system_figures import Insights, RewardCounts, SystemFigures
from referral_tools.oracle import BoardPlace, Day, Figures

_WALLETS = 150


def compare_figures(readings: SystemFigures, expected: Figures, played: CampaignResult, seed: int) -> ComparisonResult:
    """The verdict over everything."""
    verdict = ComparisonResult()
    verdict.compare("malformed items refused", played.refused, played.malformed)
    _growth(verdict, readings.insights(), expected)
    _days(verdict, readings, expected)
    _boards(verdict, readings, expected)
    _rewards(verdict, readings.rewards(), expected)
    _redemptions(verdict, readings.rewards().redeemed, expected, played)
    _wallets(verdict, readings, expected, seed)
    return verdict


def _growth(verdict: ComparisonResult, insights: Insights, expected: Figures) -> None:
    verdict.compare("followers", insights.followers, expected.followers)
    verdict.compare("· from referrals", insights.referred, expected.referred)
    verdict.compare("· found the account", insights.discovered, expected.discovered)
    verdict.compare("referral share", f"{insights.referral_share:.1%}", f"{expected.referral_share:.1%}")
    verdict.compare("referred, all channels", sum(insights.by_channel.values()), expected.referred)
    verdict.compare("content shown", insights.shown, expected.total.shown)
    verdict.compare("content shared", insights.shares, expected.total.shares)
    verdict.compare("links opened", insights.clicks, expected.total.clicks)
    verdict.compare("posts by the community", insights.posts, expected.total.posts)


def _days(verdict: ComparisonResult, readings: SystemFigures, expected: Figures) -> None:
    """The same, day by day."""
    wrong = differing(
        (_compare_insights(readings.insights(day)), expected_day) for day, expected_day in expected.days.items()
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
        {rule: _compare_rewards_kept(counts) for rule, counts in rewards.by_rule.items()},
        expected.rewards_by_rule,
    )
    verdict.compare("rewards granted", rewards.granted, len(expected.kept_conversions))
    for rule in sorted(set(system) | set(oracle)):
        verdict.compare(f"· {rule}", system.get(rule, 0), oracle[rule])
    verdict.count(system, oracle)


def _compare_rewards_kept(counts: dict[str, int]) -> int:
    """What has expired was granted all the same; it is not for this comparison to wait for the clock."""
    return sum(count for status, count in counts.items() if status != "revoked")


def _redemptions(verdict: ComparisonResult, redeemed: int, expected: Figures, played: CampaignResult) -> None:
    verdict.compare("rewards used", redeemed, expected.redeemed)
    verdict.compare("· used for two orders", sum(len(orders) - 1 for orders in expected.used.values()), 0)
    verdict.compare("· friends who waited for a code in vain", len(played.missing_rewards), 0)
    verdict.count({"used": redeemed}, {"used": expected.redeemed})
    verdict.doubled += sum(len(orders) - 1 for orders in expected.used.values())


def _wallets(verdict: ComparisonResult, readings: SystemFigures, expected: Figures, seed: int) -> None:
    """What a sample of people have, reward by reward; half of the sample follow, whether they have anything or not."""
    wallets = expected.wallets
    people = sorted(wallets), sorted(expected.standing)
    sample = [who for some in people for who in Random(seed).sample(some, min(_WALLETS // 2, len(some)))]  # a sample  # nosec B311
    wrong = differing((readings.wallet(who), wallets.get(who, set())) for who in sample)
    verdict.compare(f"{len(sample)} wallets: differing", wrong, 0)
