"""The demo's figures are the API's, and each of them has one definition in the glossary."""

import re
from collections import Counter
from pathlib import Path
from typing import cast

from msgspec.structs import fields

from leaderboard.http_api.responses import InsightsResponse, PeriodResponse
from referral_tools.campaign.mailbox import Mailboxes
from referral_tools.campaign.player import CampaignResult
from referral_tools.demo.closing_checks import ClosingResults
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.insight_checks import InsightResults
from referral_tools.demo.report import CampaignSpan, ExperimentSummary, Verified, summary
from referral_tools.demo.system_figures import (
    AlarmFigures,
    DecidedFigures,
    ExperimentFigures,
    Insights,
    RewardCounts,
    SystemFigures,
    UpliftFigures,
    VariantFigures,
)
from referral_tools.oracle import Oracle
from reward_dispatcher.http_api.responses import RewardSummaryResponse
from tests.support.builders.demo_ledger import agreeing_ledger
from tests.support.builders.journals import (
    journal,
    journal_person_id,
    journal_program,
    order_payment,
    order_refund,
)

GLOSSARY = Path("docs/glossary.md").read_text("utf-8")
ALL_TIME = Insights(
    followers=100,
    referred=36,
    discovered=64,
    referral_share=0.36,
    by_channel={"wechat": 6, "unknown": 30},
    shown=5,
    shares=4,
    clicks=3,
    posts=2,
)
DAYS = {
    "2026-11-01": Insights(20, 6, 14, 0.3, {"unknown": 6}, 0, 0, 0, 0),
    "2026-11-02": Insights(30, 15, 15, 0.5, {"unknown": 15}, 0, 0, 0, 0),
}


class Readings:
    """The figures of an API."""

    def insights(self, period: str = "all") -> Insights:
        """Growth and activity."""
        return ALL_TIME if period == "all" else DAYS[period]

    def rewards(self) -> RewardCounts:
        """The rewards by rule and status."""
        return RewardCounts(granted=11, redeemed=7, by_rule={})

    def experiments(self) -> list[ExperimentFigures]:
        """One that is decided, and one without enough data."""
        alarms, uplift = AlarmFigures(0.5, 0.0), UpliftFigures(1.9, 1.4, 2.5)
        variants = [VariantFigures("tag", 9, 9, 9, 1, 0.1, None, 0), VariantFigures("save", 9, 9, 9, 3, 0.3, uplift, 0)]
        return [
            ExperimentFigures("exp_1", None, variants, alarms, DecidedFigures("save")),
            ExperimentFigures("exp_2", None, variants[:1], alarms, None),
        ]


def test_the_summary_has_the_figures_of_the_api() -> None:
    """Nothing is computed in another way: the share of new followers adds up the same figures of each day."""
    readings = cast("SystemFigures", Readings())
    ledger = agreeing_ledger({"delivered": 5, "pending": 0, "dead": 0, "lost": 0})
    played = CampaignResult(journal(order_payment(1, 5), order_payment(1, 5), order_refund(1, 9, of=5)))
    closings = ClosingResults(closed=9, verified=8, proofs=27, draws_held=1, draws_verified=1)
    figures = Oracle(journal_program(), journal_person_id).facts(played.journal)
    mailboxes = Mailboxes(0)
    mailboxes.received.update([("a@mail.example", "<1@x>"), ("a@mail.example", "<1@x>"), ("b@mail.example", "<2@x>")])
    played.desk.facts = 3
    verified = Verified(closings, InsightResults(checked=Counter({("clicks", ""): 12})), mailboxes)
    span = CampaignSpan(list(DAYS), 50)
    made = summary(ComparisonResult(), readings, span, played, figures, ledger, verified, 1.0)
    assert (made.followers_start, made.followers_end) == (50, ALL_TIME.followers)
    assert made.referral_share_all_time == ALL_TIME.referral_share
    assert made.referral_share == (6 + 15) / (20 + 30)
    assert (made.rewards_granted, made.redeemed, made.posts) == (11, 7, 2)
    assert (made.orders, made.refunds, made.cancellations, made.partial_uses) == (1, 1, 0, 0)
    assert made.order_codes == {"taken": 0, "refused": 0}
    assert (made.reconciled, made.budget_exceeded, made.deliveries["delivered"]) == (True, 0, 5)
    assert (made.boards_closed, made.boards_verified, made.draws_verified) == (9, 8, 1)
    assert made.experiments == [
        ExperimentSummary("exp_1", 1.9, 1.4, 2.5, "save"),
        ExperimentSummary("exp_2", None, None, None, None),
    ]
    assert made.insights_checked == 12
    assert made.desk == {"facts": 3, "second_paste": 0}
    assert made.messages == {"sent": 2, "doubled": 1}
    assert list(made.pool_codes) == ["uploaded", "free", "reserved", "given", "void"]


def test_every_figure_is_defined_in_the_glossary() -> None:
    """A field of the insights without a definition could mean two things."""
    section = GLOSSARY.partition("## Figures")[2].partition("\n## ")[0]
    defined = {
        name.strip() for row in re.findall(r"^\| ([a-z_, ]+) \|", section, re.MULTILINE) for name in row.split(",")
    }
    insights = {field.name for field in fields(InsightsResponse)} - {field.name for field in fields(PeriodResponse)}
    rewards = {field.name for field in fields(RewardSummaryResponse) if field.type is int or "int" in str(field.type)}
    assert insights <= defined
    assert rewards & {"granted", "standing", "redeemed"} == {"granted", "standing", "redeemed"}
    assert {"granted", "standing", "redeemed"} <= defined
