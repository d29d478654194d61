"""`referral rejected list|show|replay`: lines that the rules of a program could not process."""

import json
from typing import Any

import click

from referral.fold.lag import FOLDS
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options
from referral_tools.text_columns import table

_HEADS = ("ID", "RECORDED (UTC)", "FOLD", "TYPE", "STATUS", "WHY")
_PROGRAM = click.argument("program", metavar="PROGRAM")
_FOLD = click.option("--fold", type=click.Choice([source.fold for source in FOLDS]), help="only those of one fold")
_LONGEST_REASON = 100


@click.group(cls=HelpGroup)
def rejected() -> None:
    """List lines that were set aside for a program, and replay them after a repair."""


@rejected.command("list")
@_PROGRAM
@_FOLD
@click.option(
    "--status",
    type=click.Choice(["waiting", "processed", "all"]),
    default="waiting",
    show_default=True,
    help="which lines to list",
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="how many at most")
@service_options("read")
def listing(program: str, fold: str | None, status: str, limit: int, url: str, key: str) -> None:
    """List the lines that the rules of PROGRAM (prg_…) could not process, the earliest first."""
    wanted = {"status": status, **_fold_query(fold)}
    items = ServiceClient(url, key).items(path("programs", program, "rejected"), limit, **wanted)
    rows = [_row(item) for item in items]
    which = "" if status == "all" else f" that is {status}" if status == "processed" else " that waits"
    click.echo(table(_HEADS, rows) if rows else f"{program} has no line{which} in the last 30 days")


@rejected.command()
@_PROGRAM
@click.argument("id", metavar="ID")
@service_options("read")
def show(program: str, id: str, url: str, key: str) -> None:
    """Show the line ID (rej_…) of PROGRAM as JSON: why it was set aside, and with an admin key what it contains."""
    found = ServiceClient(url, key).document("GET", path("programs", program, "rejected", id))
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@rejected.command()
@_PROGRAM
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="every line that waits, in order")
@_FOLD
@service_options("admin")
def replay(program: str, ids: tuple[str, ...], every: bool, fold: str | None, url: str, key: str) -> None:
    """Put lines of PROGRAM through their fold again: those with these IDs (rej_…), or with --all every line that waits.

    Correct the program first (`referral program apply`), and wait five seconds. A line is decided once, however often it is
    replayed; one that still cannot be processed keeps waiting.
    """
    if every == bool(ids):
        raise click.UsageError("give the IDs of lines, or --all")
    client = ServiceClient(url, key)
    replayed = _replay_all(client, program, fold) if every else _replay_each(client, program, ids)
    click.echo(
        f"{replayed} line{'' if replayed == 1 else 's'} of {program} replayed; `referral rejected list` shows what still waits"
    )


def _replay_all(client: ServiceClient, program: str, fold: str | None) -> int:
    replayed, cursor = 0, ""
    while True:
        query = {"limit": "1000", **_fold_query(fold), **({"cursor": cursor} if cursor else {})}
        done = client.document("POST", path("programs", program, "rejected", "replay"), params=query)
        replayed, cursor = replayed + done["replayed"], done["next_cursor"]
        if not cursor:
            return int(replayed)


def _replay_each(client: ServiceClient, program: str, ids: tuple[str, ...]) -> int:
    steps = [path("programs", program, "rejected", id, "replay") for id in ids]
    return sum(client.document("POST", step)["replayed"] for step in steps)


def _fold_query(fold: str | None) -> dict[str, str]:
    return {"fold": fold} if fold else {}


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    detail = item["detail"]
    return (
        item["id"],
        item["recorded_at"][:16].replace("T", " "),
        item["fold"],
        item["type"] or "?",
        item["status"],
        detail if len(detail) <= _LONGEST_REASON else detail[: _LONGEST_REASON - 1] + "…",
    )
