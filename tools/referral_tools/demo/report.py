"""Shows the verdict as a table and the case in words, and writes the summary down."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from referral_tools.campaign.player import CampaignResult
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.oracle import Figures
from referral_tools.system import System


class DemoSummary(msgspec.Struct, kw_only=True):
    """The figures of the case. `referral_share` is of the followers that the campaign won, as the published case has it."""

    followers_start: int
    followers_end: int
    referral_share: float
    posts: int
    events: int
    participants: int
    rewards_granted: int
    redeemed: int
    lost: int
    doubled: int
    agree: bool
    differing: list[str]
    seconds: float


def summary(
    verdict: ComparisonResult, figures: Figures, played: CampaignResult, started_with: int, seconds: float
) -> DemoSummary:
    """What to write down of a campaign that began with so many followers and took so many seconds."""
    won = figures.followers - started_with
    return DemoSummary(
        followers_start=started_with,
        followers_end=figures.followers,
        referral_share=round(figures.referred / won, 4) if won else 0.0,
        posts=figures.posts,
        events=len(played.journal.facts) + len(played.journal.clicks),
        participants=len(played.journal.participants),
        rewards_granted=len(figures.kept_conversions),
        redeemed=figures.redeemed,
        lost=verdict.lost,
        doubled=verdict.doubled,
        agree=verdict.agrees,
        differing=[row.figure for row in verdict.rows if not row.agrees],
        seconds=round(seconds, 1),
    )


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
        f"{facts.followers_start:,} → {facts.followers_end:,} followers, {facts.referral_share:.0%} of the new ones"
        f" by referrals; {facts.posts:,} posts; {facts.rewards_granted:,} rewards, {facts.redeemed:,} codes used.\n"
        f"{agree}: {facts.lost} lost, {facts.doubled} doubled, of {facts.events:,} events in {facts.seconds:.0f} s."
    )


def show_addresses(console: Console, system: System, program: str, key: str) -> None:
    """Where to look, and the key to ask with."""
    console.print(f"\nBoard    {system.front}/p/{program}")
    for name in system.services:
        console.print(f"API      {system.front}/docs/{name}")
    console.print(f"API key  {key}\nIt stays up until Ctrl-C.")


def _format_figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
