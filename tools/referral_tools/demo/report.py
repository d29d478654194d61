"""Shows the verdict as a table and the case in words, and writes the summary down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from referral.events.facts import OrderCancelled, OrderPaid, OrderRefunded, PersonFact
from referral_tools.campaign.mailbox import Mailboxes
from referral_tools.campaign.player import CampaignResult
from referral_tools.demo.closing_checks import ClosingResults
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.insight_checks import InsightResults
from referral_tools.demo.measured_ledger import MeasuredLedger
from referral_tools.demo.system_figures import ExperimentFigures, SystemFigures
from referral_tools.oracle import Figures
from referral_tools.run_file import RunningSystem
from referral_tools.system import System


class CampaignSpan(NamedTuple):
    """The days of a campaign by name, and how many followed before it."""

    days: Sequence[str]
    followers_before: int


class Verified(NamedTuple):
    """What was verified beside the figures of the verdict."""

    closings: ClosingResults
    insights: InsightResults
    mailboxes: Mailboxes


class ExperimentSummary(msgspec.Struct):
    """An experiment: by how much its last variant is above the first one, with bounds valid at any look; None without enough data.

    `decided` is the variant that it was decided for.
    """

    id: str
    uplift: float | None
    low: float | None
    high: float | None
    decided: str | None


class DemoSummary(msgspec.Struct, kw_only=True):
    """The figures of the case, all of them as the API has them and the glossary defines them.

    `referral_share` is that of the campaign's days, as the published case has it; insights show that of all time as well.
    `reconciled` is whether log and API agree about balances, budgets and pools; `budget_exceeded` is by how many
    minor units a budget was ever exceeded; `pool_codes` are the uploaded codes by where they are, `deliveries` the webhook messages
    by what became of them. `boards_verified` are the closed boards of which the oracle confirms root, entries and sampled proofs,
    `draws_verified` the draws that can be repeated, `insights_checked` the values of insights that the oracle computes as well.
    `challenge_posts` have the hashtag of the challenge and are still there. `messages` are the e-mails that promoters got, and how
    many of them came twice.
    `desk` are the facts of pasted comments, and how many more came of pasting the same once more.
    `wechat` are the people of the WeChat stand-in, how many were `told` something, and how often a message was more than WeChat
    allows. `orders`, `refunds` and `cancellations` were accepted; `order_codes` are the orders with the code of a
    reward; `partial_uses` are uses of part of a person's credit or of a code of a fixed amount.
    """

    followers_start: int
    followers_end: int
    referral_share: float
    referral_share_all_time: float
    posts: int
    events: int
    participants: int
    rewards_granted: int
    redeemed: int
    orders: int
    order_codes: dict[str, int]
    partial_uses: int
    refunds: int
    cancellations: int
    reconciled: bool
    budget_exceeded: int
    pool_codes: dict[str, int]
    deliveries: dict[str, int]
    boards_closed: int
    boards_verified: int
    draws_verified: int
    experiments: list[ExperimentSummary]
    insights_checked: int
    challenge_posts: int
    messages: dict[str, int]
    wechat: dict[str, int]
    desk: dict[str, int]
    lost: int
    doubled: int
    agree: bool
    differing: list[str]
    seconds: float


def summary(
    verdict: ComparisonResult,
    readings: SystemFigures,
    campaign: CampaignSpan,
    played: CampaignResult,
    figures: Figures,
    ledger: MeasuredLedger,
    verified: Verified,
    seconds: float,
) -> DemoSummary:
    """What to write down of a campaign that took so many seconds to play."""
    total, rewards = readings.insights(), readings.rewards()
    by_day = [readings.insights(day) for day in campaign.days]
    new, referred = sum(one.followers for one in by_day), sum(one.referred for one in by_day)
    return DemoSummary(
        followers_start=campaign.followers_before,
        followers_end=total.followers,
        referral_share=round(referred / new, 4) if new else 0.0,
        referral_share_all_time=round(total.referral_share, 4),
        posts=total.posts,
        events=len(played.journal.facts) + len(played.journal.clicks),
        participants=len(played.journal.participants),
        rewards_granted=rewards.granted,
        redeemed=rewards.redeemed,
        orders=len({fact.data.order for fact in played.journal.facts if isinstance(fact, OrderPaid)}),
        order_codes=_order_codes(figures),
        partial_uses=sum(use.partial for use in figures.credit_uses) + figures.coded_orders.partial_uses,
        refunds=_distinct(played, OrderRefunded),
        cancellations=_distinct(played, OrderCancelled),
        reconciled=ledger.reconciled,
        budget_exceeded=ledger.budget_exceeded,
        pool_codes=dict(ledger.pool_codes),
        deliveries=dict(ledger.deliveries),
        boards_closed=verified.closings.closed,
        boards_verified=verified.closings.verified,
        draws_verified=verified.closings.draws_verified,
        insights_checked=verified.insights.total,
        experiments=[_experiment(one) for one in readings.experiments()],
        challenge_posts=figures.challenge_posts,
        messages={"sent": verified.mailboxes.sent, "doubled": verified.mailboxes.doubled},
        wechat=asdict(played.wechat),
        desk={"facts": played.desk.facts, "second_paste": played.desk.second_paste},
        lost=verdict.lost,
        doubled=verdict.doubled,
        agree=verdict.agrees,
        differing=[row.figure for row in verdict.rows if not row.agrees],
        seconds=round(seconds, 1),
    )


def _experiment(found: ExperimentFigures) -> ExperimentSummary:
    uplift = found.variants[-1].uplift
    if uplift is None:
        return ExperimentSummary(found.id, None, None, None, found.decided_for)
    return ExperimentSummary(found.id, uplift.value, uplift.low, uplift.high, found.decided_for)


def _order_codes(figures: Figures) -> dict[str, int]:
    outcomes = Counter(outcome.code for outcome in figures.coded_orders.outcomes.values())
    return {code: outcomes[code] for code in ("taken", "refused")}


def _distinct(played: CampaignResult, kind: type[PersonFact]) -> int:
    return len({fact.id for fact in played.journal.facts if isinstance(fact, kind)})


def write(facts: DemoSummary, path: Path) -> None:
    """The summary as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(facts)) + b"\n")


def show_verdict(console: Console, verdict: ComparisonResult) -> None:
    """The table: figure, system, oracle, whether they agree."""
    table = Table(title="The system's figures beside an independent recomputation", title_justify="left")
    table.add_column("figure")
    for side in ("system", "oracle"):
        table.add_column(side, justify="right")
    table.add_column("agree", justify="center")
    for row in verdict.rows:
        mark = "[green]✓[/]" if row.agrees else "[bold red]✗[/]"
        table.add_row(row.figure, _format_figure(row.system), _format_figure(row.oracle), mark)
    console.print(table)


def show_summary(console: Console, facts: DemoSummary) -> None:
    """The case in words."""
    agree = "Both sides agree exactly" if facts.agree else "[bold red]THE TWO SIDES DISAGREE[/]"
    console.print(
        f"{facts.followers_start:,} → {facts.followers_end:,} followers, {facts.referral_share:.0%} of the new ones and"
        f" {facts.referral_share_all_time:.0%} of all by referrals; {facts.posts:,} posts; {facts.rewards_granted:,} rewards"
        f" granted, {facts.redeemed:,} used up; {facts.orders:,} orders, {facts.refunds:,} refunds,"
        f" {facts.cancellations:,} cancellations, {facts.order_codes['taken']:,} of {sum(facts.order_codes.values()):,} codes taken"
        f" with orders, {facts.partial_uses:,} partial uses; {facts.deliveries['delivered']:,} webhook messages."
        f" {facts.boards_verified:,} of {facts.boards_closed:,} closed boards verified, {facts.draws_verified:,} draws;"
        f" {facts.insights_checked:,} values of insights agree;"
        f" {facts.challenge_posts:,} posts for the challenge; {facts.wechat['told']} people told on WeChat;"
        f" {facts.desk['facts']:,} follows from pasted comments, {facts.desk['second_paste']} more by pasting them again;"
        f" {facts.messages['sent']:,} e-mails to promoters, {facts.messages['doubled']} of them twice.\n"
        f"{_experiments_text(facts)}"
        f"{agree}: {facts.lost} lost, {facts.doubled} doubled, of {facts.events:,} events in {facts.seconds:.0f} s."
    )


def _experiments_text(facts: DemoSummary) -> str:
    lines = [
        f"Experiment {one.id}: {one.uplift:+.0%} ({one.low:+.0%} to {one.high:+.0%}),"
        f" {f'decided for {one.decided}' if one.decided else 'not decided'}.\n"
        for one in facts.experiments
        if one.uplift is not None and one.low is not None and one.high is not None
    ]
    return "".join(lines)


def show_scenes(console: Console, ledger: MeasuredLedger) -> None:
    """What went wrong on purpose, and was made good."""
    waited = ledger.rewards.waited
    console.print(
        f"{len(waited.get('budget', ())):,} rewards waited for a budget to be raised, {len(waited.get('pool_empty', ())):,} for"
        f" codes to be uploaded; a dead receiver refused {ledger.refused:,} messages, which came later.",
        highlight=False,
    )


def show_start(console: Console, running: RunningSystem, program: str, seconds: float) -> None:
    """That the system runs, and the address of the board, which can be opened while the campaign is played."""
    _print(console, f"Started in {seconds:.0f} s · board {running.front}/p/{program}")


def show_addresses(console: Console, system: System, running: RunningSystem) -> None:
    """The addresses of the running system, and its API key."""
    rows = [("API", f"{running.front}/docs/{name}") for name in running.services]
    rows += [(name, system.address(name)) for name in system.processes]
    rows += [("Kafka", running.kafka), ("Redis", running.redis), ("API key", running.api_key)]
    for name, address in rows:
        _print(console, f"  {name:<19} {address}")
    _print(console, "The addresses are in var/run.json, too. Press Ctrl-C to stop.")


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _format_figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
