"""`referral review list|release|reject`: what screening held, and the operator's decision."""

from typing import Any

import click

from conversion_tracker.screening.conversion import CONVERSION_STATUSES
from referral_tools.commands.decision_options import decision_options
from referral_tools.help_group import HelpGroup
from referral_tools.observed_numbers import observed_text
from referral_tools.service_client import ServiceClient, path, service_options
from referral_tools.text_columns import table

_HEADS = ("CONVERSION", "QUALIFIED (UTC)", "PERSON", "REFERRER", "WHY", "REVIEW")
_CONVERSION = click.argument("conversion", metavar="CONVERSION")


@click.group(cls=HelpGroup)
def review() -> None:
    """List conversions that screening held or rejected, and release or reject them."""


@review.command("list")
@click.argument("program", metavar="PROGRAM")
@click.option(
    "--status",
    type=click.Choice(CONVERSION_STATUSES),
    default="held",
    show_default=True,
    help="which conversions to list",
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="how many at most")
@service_options("read")
def listing(program: str, status: str, limit: int, url: str, key: str) -> None:
    """List the conversions of PROGRAM (prg_…) with a status, in the order in which they qualified."""
    found = [
        _row(item)
        for item in ServiceClient(url, key).items(path("programs", program, "conversions"), limit, status=status)
    ]
    click.echo(table(_HEADS, found) if found else f"{program} has no conversion that is {status}")


@review.command()
@_CONVERSION
@decision_options
@service_options("admin")
def release(conversion: str, by: str, note: str, url: str, key: str) -> None:
    """Release CONVERSION (cnv_…): it counts, pays and ranks, whatever the rules found."""
    ServiceClient(url, key).request_ok(
        "POST", path("conversions", conversion, "release"), json={"by": by, "note": note}
    )
    click.echo(f"{conversion} is released by {by}")


@review.command()
@_CONVERSION
@decision_options
@service_options("admin")
def reject(conversion: str, by: str, note: str, url: str, key: str) -> None:
    """Reject CONVERSION (cnv_…): it does not count, and its rewards are revoked."""
    ServiceClient(url, key).request_ok("POST", path("conversions", conversion, "reject"), json={"by": by, "note": note})
    click.echo(f"{conversion} is rejected by {by}")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    referrer, looked = item["referrer"], item["review"]
    return (
        item["id"],
        item["qualified_at"][:16].replace("T", " "),
        item["external_id"] or item["person"],
        referrer["external_id"] or referrer["id"],
        ", ".join(one["reason"] + observed_text(one["observed"]) for one in item["reasons"]),
        f"{looked['decision']} by {looked['by']}{': ' if looked['note'] else ''}{looked['note'] or ''}"
        if looked
        else "",
    )
