"""`referral clicks reclass`: corrects the visitor class of recorded clicks."""

from typing import get_args

import click

from referral.events.facts import Visitor
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options

_CLASSES = click.Choice(get_args(Visitor))


@click.group(cls=HelpGroup)
def clicks() -> None:
    """Correct recorded clicks."""


@clicks.command()
@click.argument("program")
@click.option("--click", "click_", help="the id of one click, clk_…")
@click.option("--code", help="a code: all its clicks from --from to --to")
@click.option("--from", "from_", help="start of the period (inclusive), such as 2026-11-03T00:00:00Z")
@click.option("--to", help="end of the period (exclusive)")
@click.option("--was", type=_CLASSES, help="only clicks recorded with this class")
@click.option("--visitor", type=_CLASSES, required=True, help="the correct class")
@click.option("--by", help="who corrects it; the id of the key by default")
@click.option("--note", help="the reason, for later readers")
@service_options("admin")
def reclass(program: str, click_: str | None, from_: str | None, url: str, key: str, **others: str | None) -> None:
    """Correct the visitor class of clicks of PROGRAM: counters move each to its new class, once, on the day it happened."""
    fields = {"click": click_, "from": from_, **others}
    body = {name: value for name, value in fields.items() if value is not None}
    result = ServiceClient(url, key).document("POST", path("programs", program, "clicks", "reclass"), json=body)
    uses = f"; {result['returned']:+d} uses of links with a usage limit" if result["returned"] else ""
    click.echo(f"{result['reclassed']} clicks are {result['visitor']} now{uses}")
