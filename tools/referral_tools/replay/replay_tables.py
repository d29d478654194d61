"""A replay's result as tables for a terminal."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

SHOWN = 20
_NOTHING_CHANGES = (
    "No referrer gains or loses: for everything recorded, these rules decide as the rules in force at the time did."
)
_TOTALS = {
    "referrals": "referrals that count",
    "held": "referrals held",
    "referrer_rewards": "rewards of referrers",
    "friend_rewards": "rewards of friends",
}


def show_replay(console: Console, job: dict[str, Any]) -> None:
    """Who gains, who loses, the totals, and whether it can be trusted."""
    result, progress = job["result"], job["progress"]
    if result["referrers"]["items"]:
        console.print(_referrers(result["referrers"]))
    else:
        console.print(_NOTHING_CHANGES, highlight=False)
    console.print(_totals(result["totals"]))
    for line in _words(result, progress):
        console.print(line, highlight=False, markup=False)


def _referrers(found: dict[str, Any]) -> Table:
    table = Table(title=f"{found['gaining']} gain, {found['losing']} lose")
    table.add_column("referrer")
    table.add_column("name")
    for head in ("referrals", "", "rewards", ""):
        table.add_column(head, justify="right")
    for one in found["items"][:SHOWN]:
        who = one["participant"]
        cells = [cell for name in ("referrals", "rewards") for cell in _pair(one[name])]
        table.add_row(Text(who["external_id"] or who["id"]), Text(who["display_name"] or ""), *cells)
    return table


def _totals(totals: dict[str, Any]) -> Table:
    table = Table(title="the whole program")
    table.add_column("")
    for head in ("as recorded → under these rules", "change"):
        table.add_column(head, justify="right")
    for name, words in _TOTALS.items():
        table.add_row(words, *_pair(totals[name]))
    return table


def _pair(pair: dict[str, int]) -> tuple[str, Text]:
    change = pair["after"] - pair["before"]
    style = "green" if change > 0 else "red" if change else "dim"
    return f"{pair['before']} → {pair['after']}", Text(f"{change:+d}" if change else "=", style)


def _words(result: dict[str, Any], progress: dict[str, Any]) -> Iterator[str]:
    left = result["referrers"]["gaining"] + result["referrers"]["losing"] - SHOWN
    if left > 0:
        yield f"{left} more referrers change; --json lists up to 500."
    yield f"{result['people']['changed']} followers would have another referrer, or none."
    yield f"{progress['events']} events in {progress['seconds']:.1f} s ({progress['events_per_second']:.0f} a second)."
    agreed = result["as_recorded"]
    if agreed["equal"]:
        yield f"Replayed as recorded: equal in all {agreed['lines']} lines."
    else:
        yield f"Replayed as recorded: {agreed['differences']} of {agreed['lines']} lines DIFFER. Do not trust the figures above."
