"""Experiments are decided by their rule, hardly ever by chance, and never while an alarm is on."""

import numpy as np
import pytest
from flask import Flask
from flask_babel import force_locale
from msgspec.structs import replace

from leaderboard.domain.experiment_analysis import Analysis, analyse, winner
from leaderboard.domain.experiment_sums import ExperimentSums, VariantSums
from leaderboard.pages.experiment_texts import answer
from leaderboard.statistics.ratio import PairSums
from leaderboard.statistics.uplift import interval, log_ratio
from referral.events.content import Experiment
from referral.pages import design
from referral.pages.languages import LOCALES, Language
from tests.support.builders.experiments import EXPERIMENT, ITEM, sums_of_people

DAY_S = 86_400
CAMPAIGNS, DAYS, PEOPLE_A_DAY = 1000, 60, 30
GOOD = [(3, 10), (2, 10), (4, 10), (3, 8)] * 60
POOR = [(1, 10), (0, 10), (1, 10), (2, 8)] * 60


def sums(tag: VariantSums, save: VariantSums) -> ExperimentSums:
    """The sums of both variants, since the first second."""
    return ExperimentSums({"tag": tag, "save": save}, since_s=1)


def decided(tag: VariantSums, save: VariantSums, days: int = 30, experiment: Experiment = EXPERIMENT) -> str | None:
    """The variant that is decided for after some days."""
    found = sums(tag, save)
    return winner(experiment, analyse(experiment, found), found.since_s, days * DAY_S + 1)


def test_of_1000_campaigns_without_a_difference_at_most_5_percent_have_a_winner_on_any_of_60_days() -> None:
    """The 95% interval of a single look, taken every day, would find one in more than 15% of them."""
    rng = np.random.default_rng(20261130)
    shape = (CAMPAIGNS, 2, DAYS, PEOPLE_A_DAY)
    y = rng.integers(1, 51, shape, dtype=np.int64)
    x = rng.binomial(y, 0.06 * rng.gamma(2.0, 0.5, shape).clip(max=15))
    daily = np.stack([part.sum(axis=-1) for part in (np.ones_like(x), x, y, x * x, y * y, x * y)], axis=-1)
    looks = daily.cumsum(axis=2).tolist()
    by_rule = naive = 0
    for campaign in looks:
        by_rule += any(_has_winner(*both, day) for day, both in enumerate(zip(*campaign, strict=True), 1))
        naive += any(_naive_winner(*both) for both in zip(*campaign, strict=True))
    assert by_rule / CAMPAIGNS <= 0.05, by_rule
    assert naive / CAMPAIGNS > 0.15, naive


def _has_winner(tag: list[int], save: list[int], day: int) -> bool:
    of_tag, of_save = (VariantSums(shares=PairSums(*one)) for one in (tag, save))
    return decided(of_tag, of_save, day) is not None


def _naive_winner(tag: list[int], save: list[int]) -> bool:
    estimate = log_ratio(PairSums(*tag), PairSums(*save))
    assert estimate is not None
    bounds = interval(estimate, 0.05)
    return bounds.low > 0 or bounds.high < 0


def test_a_real_difference_is_decided() -> None:
    """Whichever variant is the better one."""
    assert decided(sums_of_people(GOOD), sums_of_people(POOR)) == "tag"
    assert decided(sums_of_people(POOR), sums_of_people(GOOD)) == "save"


def test_the_rule_needs_people_time_an_even_split_and_one_variant_a_person() -> None:
    """Each of them alone keeps the experiment open."""
    good, poor = sums_of_people(GOOD), sums_of_people(POOR)
    assert decided(good, poor, days=6) is None
    assert decided(good, poor, days=7) == "tag"
    assert decided(sums_of_people(GOOD[:149]), sums_of_people(POOR[:149])) is None
    assert decided(good, poor, experiment=replace(EXPERIMENT, min_people=241)) is None
    assert decided(good, sums_of_people(POOR * 2)) is None, "twice as many people as the weights say"
    assert decided(good, sums_of_people(POOR * 2), experiment=replace(EXPERIMENT, weights=(1, 2))) == "tag"
    assert decided(replace(good, multiple=5), poor) is None
    assert decided(replace(good, multiple=4), poor) == "tag"
    assert decided(good, good) is None


def test_friends_of_the_better_variant_are_no_mismatch() -> None:
    """They see the variant of who brought them: the split is that of the others, whom no friend brought."""
    good, poor = sums_of_people(GOOD * 3), sums_of_people(POOR)
    assert decided(good, poor) is None
    assert decided(replace(good, roots=len(POOR)), poor) == "tag"
    assert decided(replace(good, roots=len(POOR) // 2), poor) is None


def test_of_three_variants_the_best_beats_each_other_one() -> None:
    """Two that are equal keep it open, however far the third is behind."""
    three = replace(EXPERIMENT, variants=("tag", "save", "last"))
    good, poor = sums_of_people(GOOD), sums_of_people(POOR)

    def best(**variants: VariantSums) -> str | None:
        return winner(three, analyse(three, ExperimentSums(dict(variants), 1)), 1, 30 * DAY_S)

    assert best(tag=poor, save=good, last=poor) == "save"
    assert best(tag=good, save=good, last=poor) is None


def test_the_metric_decides_which_sums_are_compared() -> None:
    """Follows and shares have sums of their own."""
    more_shares = VariantSums(sums_of_people(POOR).follows, sums_of_people(GOOD).shares)
    both = {"tag": more_shares, "save": sums_of_people(POOR)}
    by_follows = replace(EXPERIMENT, metric="follows_per_impression")
    assert analyse(EXPERIMENT, ExperimentSums(both, 1)).pairs
    assert not analyse(by_follows, ExperimentSums(both, 1)).pairs


def text(analysis: Analysis, language: Language, decided_for: str | None = None) -> str:
    """The answer in a language."""
    with design.init_app(Flask("page")).test_request_context("/"), force_locale(LOCALES[language]):
        return answer(ITEM, EXPERIMENT, analysis, decided_for, language)


def test_the_answer_of_a_decided_experiment_stays_when_everyone_gets_one_variant() -> None:
    """From the decision on the split is not that of the weights, and some people see the decided variant after the other."""
    analysis = analyse(EXPERIMENT, sums(sums_of_people([*GOOD, *GOOD, *GOOD], multiple=90), sums_of_people(POOR)))
    assert analysis.has_sample_ratio_mismatch
    assert analysis.has_multiple_exposures
    assert text(analysis, "en", "tag").endswith("Decided: use “Tag a friend”.")


@pytest.mark.parametrize(
    ("tag", "save", "decided_for", "english", "chinese"),
    [
        (
            sums_of_people(GOOD),
            sums_of_people(POOR),
            "tag",
            "“Tag a friend” is shared 3.0 times as often (2.5 to 3.5). Decided: use “Tag a friend”.",
            "“艾特一个朋友”的分享率是其他版本的 3.0 倍（2.5 到 3.5 倍）。结论：请使用“艾特一个朋友”。",
        ),
        (
            sums_of_people(GOOD),
            sums_of_people([*GOOD[:-40], *POOR[:40]]),
            None,
            "“Tag a friend” is shared 13% more often (2% to 24%). This difference is certain.",
            "“艾特一个朋友”的分享率高出 13%（2% 到 24%）。差异已经可以确定。",
        ),
        (
            sums_of_people(GOOD),
            sums_of_people([*GOOD[:-4], *POOR[:4]]),
            None,
            "“Tag a friend” is shared 1% more often (-6% to 9%). This may be chance: let the experiment run.",
            "“艾特一个朋友”的分享率高出 1%（-6% 到 9%）。这可能只是偶然：请让实验继续。",
        ),
        (
            sums_of_people(GOOD[:20]),
            VariantSums(),
            None,
            "People are not split as the weights say: check how variants are assigned before you read the figures.",
            "各版本的人数与设定的比例不符：请先检查版本的分配，再看数字。",
        ),
        (
            sums_of_people(GOOD, multiple=9),
            sums_of_people(POOR),
            None,
            "Too many people saw several variants: check how variants are assigned before you read the figures.",
            "看到多个版本的人太多：请先检查版本的分配，再看数字。",
        ),
        (
            VariantSums(),
            VariantSums(),
            None,
            "Not enough data yet: 0 of 150 people in the smallest variant.",
            "数据还不够：人数最少的版本有 0 人，至少需要 150 人。",
        ),
    ],
    ids=["decided", "certain", "chance", "split", "multiple", "empty"],
)
def test_the_answer_is_in_words(
    tag: VariantSums, save: VariantSums, decided_for: str | None, english: str, chinese: str
) -> None:
    """A growth team reads what the figures say, and what to do."""
    analysis = analyse(EXPERIMENT, sums(tag, save))
    assert text(analysis, "en", decided_for) == english
    assert text(analysis, "zh-CN", decided_for) == chinese
