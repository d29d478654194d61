"""`referral bans list|add|lift`: the bans of a program."""

import click

from referral_tools.commands.decision_options import decision_options
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options
from referral_tools.text_columns import table

_HEADS = ("PERSON", "SINCE (UTC)", "BY", "KEY", "WHY")
_PROGRAM, _PERSON = click.argument("program", metavar="PROGRAM"), click.argument("person", metavar="PERSON")


@click.group(cls=HelpGroup)
def bans() -> None:
    """Ban people from a program, and lift bans."""


@bans.command("list")
@_PROGRAM
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="how many at most")
@service_options("read")
def listing(program: str, limit: int, url: str, key: str) -> None:
    """List who is banned from PROGRAM (prg_…), the oldest ban first."""
    found = [
        (
            one["external_id"] or one["person"],
            one["at"][:16].replace("T", " "),
            one["by"],
            one["api_key"] or "",
            one["note"] or "",
        )
        for one in ServiceClient(url, key).items(path("programs", program, "bans"), limit)
    ]
    click.echo(table(_HEADS, found) if found else f"no bans in {program}")


@bans.command()
@_PROGRAM
@_PERSON
@decision_options
@service_options("admin")
def add(program: str, person: str, by: str, note: str, url: str, key: str) -> None:
    """Ban PERSON (the platform's own id, e.g. xhs:amy) from PROGRAM: none of their referrals counts."""
    body = {"person": person, "by": by, "note": note}
    ServiceClient(url, key).request_ok("POST", path("programs", program, "bans"), json=body)
    click.echo(f"{person} is banned from {program} by {by}")


@bans.command()
@_PROGRAM
@_PERSON
@decision_options
@service_options("admin")
def lift(program: str, person: str, by: str, note: str, url: str, key: str) -> None:
    """Lift the ban of PERSON from PROGRAM: everything counts again, as if there had been no ban."""
    ServiceClient(url, key).request_ok(
        "DELETE", path("programs", program, "bans", person), params={"by": by, "note": note}
    )
    click.echo(f"the ban of {person} from {program} is lifted by {by}")
