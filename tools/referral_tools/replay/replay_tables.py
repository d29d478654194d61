"""A replay's result as tables for a terminal."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from referral.events.money import Value, in_main_unit

SHOWN = 20
_NOTHING_CHANGES = "No referrer gains or loses: these rules decide as the rules in force at the time did."
_TOTALS = {
    "referrals": "referrals that count",
    "held": "referrals held",
    "referrer_rewards": "rewards of referrers",
    "friend_rewards": "rewards of friends",
    "capped": "referrals stopped by a cap",
}
_AMOUNTS = {"values": "worth of the rewards", "costs": "cost of the rewards"}


def show_replay(console: Console, job: dict[str, Any]) -> None:
    """Who gains, who loses, the totals, and whether it can be trusted."""
    result, progress = job["result"], job["progress"]
    if result["referrers"]["items"]:
        console.print(_referrers(result["referrers"]))
    else:
        console.print(_NOTHING_CHANGES, highlight=False)
    console.print(_totals(result["totals"], job.get("since")))
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


def _totals(totals: dict[str, Any], since: str | None) -> Table:
    """The totals of the whole program: of what happened since then, or of everything."""
    table = Table(
        title=f"the whole program, since {since[:16].replace('T', ' ')} UTC" if since else "the whole program"
    )
    table.add_column("")
    for head in ("as recorded → under these rules", "change"):
        table.add_column(head, justify="right")
    for name, words in _TOTALS.items():
        table.add_row(words, *_pair(totals[name]))
    for name, words in _AMOUNTS.items():
        for amount in totals[name]:
            table.add_row(f"{words}, {amount['unit']}", *_amounts(amount))
    return table


def _pair(pair: dict[str, int]) -> tuple[str, Text]:
    return f"{pair['before']} → {pair['after']}", _styled_text(_change(pair), f"{_change(pair):+d}")


def _amounts(amount: dict[str, Any]) -> tuple[str, Text]:
    """An amount in the main unit of its currency."""
    change = _change(amount)
    before, after, difference = (
        in_main_unit(Value(number, amount["unit"])) for number in (amount["before"], amount["after"], change)
    )
    return f"{before:,f} → {after:,f}", _styled_text(change, f"{difference:+,f}")


def _change(pair: dict[str, int]) -> int:
    return pair["after"] - pair["before"]


def _styled_text(change: int, text: str) -> Text:
    return Text(text if change else "=", "green" if change > 0 else "red" if change else "dim")


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
