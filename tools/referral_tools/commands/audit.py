"""`referral audit`: what operators and admin keys did."""

import click

from referral_tools.service_client import Item, ServiceClient, path, service_options
from referral_tools.text_columns import table

_HEADS = ("AT (UTC)", "ACTOR", "NAME", "ACTION", "PROGRAM", "TARGET", "NOTE")


@click.command()
@click.option("--program", help="only actions in a program (prg_…)")
@click.option("--actor", help="only those of an operator (opr_…) or API key (key_…)")
@click.option("--since", help="only those from a time on, such as 2026-11-24T08:00:00Z")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="how many at most")
@service_options("admin")
def audit(program: str | None, actor: str | None, since: str | None, limit: int, url: str, key: str) -> None:
    """Print the audit log, the earliest action first."""
    given = {"program": program, "actor": actor, "since": since}
    wanted = {name: value for name, value in given.items() if value is not None}
    rows = [_row(item) for item in ServiceClient(url, key).items(path("audit"), limit, **wanted)]
    click.echo(table(_HEADS, rows) if rows else "no actions")


def _row(item: Item) -> tuple[str, ...]:
    at = item["at"][:19].replace("T", " ")
    more = (item[name] or "" for name in ("actor_name", "action", "program", "target", "note"))
    return (at, item["actor"], *more)
