"""`referral clicks reclass`: clicks that were another's than they were recorded as."""

from typing import get_args

import click

from referral.events.facts import Visitor
from referral_tools.service_client import ServiceClient, path, service_options

_CLASSES = click.Choice(get_args(Visitor))


@click.group()
def clicks() -> None:
    """Correct what clicks were recorded as."""


@clicks.command()
@click.argument("program")
@click.option("--click", "click_", help="the id of one click, clk_…")
@click.option("--code", help="a code: all its clicks from --from to --to")
@click.option("--from", "from_", help="the first moment that is meant, such as 2026-11-03T00:00:00Z")
@click.option("--to", help="the first moment that is no longer meant")
@click.option("--was", type=_CLASSES, help="only those that were recorded as this")
@click.option("--visitor", type=_CLASSES, required=True, help="what they are from now on")
@click.option("--by", help="who found it; the key's id when left out")
@click.option("--note", help="why")
@service_options("admin")
def reclass(program: str, click_: str | None, from_: str | None, url: str, key: str, **said: str | None) -> None:
    """Correct the visitor class of clicks of PROGRAM: counters move each to its new class, once, on the day it happened."""
    wanted = {"click": click_, "from": from_, **said}
    body = {name: value for name, value in wanted.items() if value is not None}
    told = ServiceClient(url, key).document("POST", path("programs", program, "clicks", "reclass"), json=body)
    places = f"; {told['returned']:+d} uses of links with a usage limit" if told["returned"] else ""
    click.echo(f"{told['reclassed']} clicks are {told['visitor']} now{places}")
