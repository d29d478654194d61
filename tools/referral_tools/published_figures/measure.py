"""Measures the published claims on a campaign that was played: through the API, and from the log where the API has no figure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import exp, sqrt
from statistics import NormalDist

from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.staged_program import SPECIFIC_CTA_EXPERIMENT
from referral_tools.demo.system_figures import ExperimentFigures, NetworkFigures, SystemFigures
from referral_tools.oracle import PairTotals, totals_of, wilson
from referral_tools.published_figures.claim import Claim, Measured
from referral_tools.published_figures.retention import Cohort, Retention
from referral_tools.published_figures.seeds import SeedResults

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class PlayedCampaign:
    """A campaign at its end: its model, its days, and what was measured beside the API."""

    model: CampaignModel
    first_day: date
    last_day: date
    followers_before: int
    retention: Retention
    without_sharing: int  # followers at the end of the same campaign, had no one shared anything
    seeds: SeedResults


def measure_claims(readings: SystemFigures, campaign: PlayedCampaign, participants: Iterable[str]) -> list[Claim]:
    """Returns the claims in the order in which they are published."""
    networks = [readings.network(one) for one in participants]
    return [
        _call_to_action(readings.experiments(), campaign.model),
        _reach_of_posts(readings, campaign),
        _growth(readings, campaign),
        _followers_per_sharer(readings, campaign),
        _top_tenth(readings, campaign),
        _reach_beyond(networks, campaign.model),
        _retention(campaign),
        _stay(campaign),
        *_case_study(readings, campaign),
    ]


def _call_to_action(experiments: Iterable[ExperimentFigures], model: CampaignModel) -> Claim:
    found = next((one for one in experiments if one.id == SPECIFIC_CTA_EXPERIMENT), None)
    uplift = found.variants[-1].uplift if found else None
    people = sum(one.people for one in found.variants) if found else 0
    measured = Measured(1 + uplift.value, people, "people", 1 + uplift.low, 1 + uplift.high) if uplift else None
    weak = dict(model.weak_ctas)["share"]
    return Claim(
        "A specific call to action is shared 3 times as often",
        "3×",
        3.0,
        3.0,
        "times",
        measured,
        f"experiment `{SPECIFIC_CTA_EXPERIMENT}`: shares per impression, bounds valid at any look",
        f"**the answer**: a view of a specific call to action leads to sharing {model.cta_uplift:g} times, of a generic one"
        f" {weak:g} times as often as one without",
        "whether that can be distinguished from noise by a sticky assignment, with late and repeated events; when it is certain"
        " enough to decide",
    )


def _reach_of_posts(readings: SystemFigures, campaign: PlayedCampaign) -> Claim:
    model = campaign.model
    return Claim(
        "Posts by followers reach 5–10 times as many people",
        "5–10×",
        5.0,
        10.0,
        "times",
        _insight(readings, campaign, "post_reach_multiple", "views"),
        "insight `post_reach_multiple` over the campaign: views of posts by followers for each impression of the account's own"
        " content; views, not people",
        f"**the answer**: {model.views_per_post:g} views of a post on average, and {model.views:g} impressions a day and follower",
        "the sum of the reports of platforms (`post.engaged`), which come late, twice and in any order: each once",
    )


def _growth(readings: SystemFigures, campaign: PlayedCampaign) -> Claim:
    series = _totals(readings, campaign, "followers", "source")
    new, referred = series["all"], series["referred"]
    low, high = (share / (1 - share) for share in wilson(referred, new))
    before = campaign.followers_before
    more = (before + new - campaign.without_sharing) / (campaign.without_sharing - before)
    return Claim(
        "Referrals add 50–100 % growth",
        "50–100 %",
        0.5,
        1.0,
        "percent",
        Measured(referred / (new - referred), new, "new followers", low, high),
        "new followers with a referrer for each one without (insight `followers` by `source`)",
        f"how often people share, click and follow, calibrated to the published 40 %: so this is **close to an echo**. Without"
        f" sharing the same campaign would end with {campaign.without_sharing:,} followers: referrals add {more:.0%}, since"
        " an account that is followed more is found more",
        "which followers are referred, from codes, clicks, scans, mentions and tags, some of them late, missing or wrong",
    )


def _followers_per_sharer(readings: SystemFigures, campaign: PlayedCampaign) -> Claim:
    return Claim(
        "An active sharer brings 5–20 followers",
        "5–20",
        5.0,
        20.0,
        "each",
        _insight(readings, campaign, "followers_per_sharer", "sharers"),
        "insight `followers_per_sharer` over the campaign",
        f"few share: {campaign.model.sharers:.1%} of those who find the account, {campaign.model.referred_sharers:g} times as many"
        " of those a friend told of it. **This follows from the claims**: 40 % of 2,700 new followers, at 5 to 20 for each"
        " sharer, come by 54 to 216 of 3,200 people. The number of followers for a sharer is not given",
        "the sharers, and the friends that count",
    )


def _top_tenth(readings: SystemFigures, campaign: PlayedCampaign) -> Claim:
    return Claim(
        "The top 10 % bring half of the referrals",
        "50 %",
        0.5,
        0.5,
        "percent",
        _insight(readings, campaign, "top_tenth_share", "referrers"),
        "insight `top_tenth_share` over the campaign",
        f"influence is log-normal with σ = {campaign.model.influence_spread:g}, as the number of friends on Facebook (median 99,"
        " mean 190: Ugander et al. 2011); the share itself is not given",
        "the ranks, from referrals that count",
    )


def _reach_beyond(networks: Iterable[NetworkFigures], model: CampaignModel) -> Claim:
    roots = [(one.people_below, one.degrees[0]) for one in networks if one.brought_by is None and one.people_below]
    return Claim(
        "Reach goes 2–3 times beyond direct friends",
        "2–3×",
        2.0,
        3.0,
        "times",
        _ratio(totals_of(roots), "people who began a network"),
        "people below a person for each one of degree 1, over all who have no referrer (`GET …/network/{id}`)",
        f"of those a friend told of the account {model.referred_sharers:g} times as many share: referred customers refer more"
        " (Gershon and Jiang 2024). The multiple is not given. At 40 % by referrals, 2× would need that every second referred"
        " follower came by another referred one; in 60 days few networks have the time",
        "the network, from all referrals",
    )


def _retention(campaign: PlayedCampaign) -> Claim:
    referred, discovered = campaign.retention.referred, campaign.retention.discovered
    stayed = f"{discovered.retained / discovered.began:.0%}" if discovered.began else "–"
    return Claim(
        "Referred followers are retained twice as well",
        "2×",
        2.0,
        2.0,
        "times",
        _risk_ratio(referred, discovered),
        "share of new followers who still followed after 30 days, referred against discovered, by the verdicts on the log",
        f"{campaign.model.unfollows:g} of the followers who discovered the account leave on a day, so {stayed} of them are there"
        " after 30 days: no share can be twice as large. The claim would need that most of them leave",
        "who left, and who was referred before",
    )


def _stay(campaign: PlayedCampaign) -> Claim:
    return Claim(
        "The same claim, as length: referred followers stay twice as long",
        "2×",
        2.0,
        2.0,
        "times",
        _stay_ratio(campaign.retention.referred, campaign.retention.discovered),
        "days followed for each one who left, in the first 30 days, referred against discovered, by the verdicts on the log",
        f"**the answer**: referred followers are {campaign.model.referred_loyalty:g} times less likely to leave on a day",
        "who left and when, and who was referred before",
    )


def _case_study(readings: SystemFigures, campaign: PlayedCampaign) -> list[Claim]:
    series = _totals(readings, campaign, "followers", "source")
    new, referred, seeds = series["all"], series["referred"], campaign.seeds
    assumed = (
        "rates of people, calibrated so that the mean over many seeds is near the published case: **close to an echo**"
    )
    posts = readings.insights().posts
    return [
        Claim(
            f"Case study: {campaign.followers_before:,} followers become 3,200 in 60 days",
            "3,200",
            3150.0,
            3250.0,
            "count",
            Measured(readings.insights().followers, seeds.count, "seeds", *seeds.followers),
            "insight `audience` at the end; the interval is where 95 % of seeds lie, played without the services",
            assumed,
            "the count: each person once, without those who left",
        ),
        Claim(
            "Case study: 40 % of the new followers by referrals",
            "40 %",
            0.395,
            0.405,
            "percent",
            Measured(referred / new, seeds.count, "seeds", *seeds.referral_share),
            "insight `referral_share` over the campaign; the interval is where 95 % of seeds lie",
            assumed,
            "the verdict on each follower",
        ),
        Claim(
            "Case study: over 2,000 pieces of content",
            "2,000 or more",
            2000.0,
            float("inf"),
            "count",
            Measured(posts, seeds.count, "seeds", *seeds.posts),
            "insight `posts`: posts of followers that still exist; the interval is where 95 % of seeds lie",
            f"{campaign.model.posts:g} posts a day and follower, and {campaign.model.challenge_posts:g} a day of those in the"
            " challenge: **an echo**, apart from how many follow",
            "the count: each post once, without removed ones",
        ),
    ]


def _totals(readings: SystemFigures, campaign: PlayedCampaign, figure: str, by: str) -> dict[str, int]:
    found = readings.insight(figure, campaign.first_day, campaign.last_day, "all", by)
    return {one.key: round(one.total.value or 0) for one in found.series}


def _insight(readings: SystemFigures, campaign: PlayedCampaign, figure: str, cases: str) -> Measured | None:
    total = readings.insight(figure, campaign.first_day, campaign.last_day, "all").series[0].total
    return None if total.value is None else Measured(total.value, total.n, cases, total.low, total.high)


def _ratio(totals: PairTotals, cases: str) -> Measured | None:
    """The ratio of two totals over people, with the delta method's interval of its logarithm."""
    if not totals.ratio or totals.log_variance is None:
        return None
    value, width = float(totals.ratio), exp(_Z * sqrt(totals.log_variance))
    return Measured(value, totals.n, cases, value / width, value * width)


def _risk_ratio(one: Cohort, other: Cohort) -> Measured | None:
    """The quotient of two shares, with the interval of its logarithm by Katz et al. (1978)."""
    if not one.retained or not other.retained:
        return None
    value = one.retained / one.began / (other.retained / other.began)
    variance = 1 / one.retained - 1 / one.began + 1 / other.retained - 1 / other.began
    width = exp(_Z * sqrt(variance))
    return Measured(value, one.began + other.began, "new followers", value / width, value * width)


def _stay_ratio(one: Cohort, other: Cohort) -> Measured | None:
    """The quotient of two mean lengths of stay (days for each who left), with the interval of its logarithm."""
    if not one.left or not other.left:
        return None
    value = one.days / one.left / (other.days / other.left)
    width = exp(_Z * sqrt(1 / one.left + 1 / other.left))  # two Poisson counts
    return Measured(value, one.left + other.left, "who left", value / width, value * width)
