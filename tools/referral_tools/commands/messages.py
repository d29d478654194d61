"""`referral messages show|test`: the texts of messages to promoters, and a test by e-mail."""

import click

from referral.events.promoter_messages import MESSAGE_KINDS
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options

_PROGRAM = click.argument("program", metavar="PROGRAM")
_LANGUAGE = click.option(
    "--lang", type=click.Choice(["zh-CN", "en"]), help="the language; by default the program's first"
)


@click.group(cls=HelpGroup)
def messages() -> None:
    """Show the messages to promoters, and send a test."""


@messages.command()
@_PROGRAM
@_LANGUAGE
@service_options("read")
def show(program: str, lang: str | None, url: str, key: str) -> None:
    """Show the text of each message of PROGRAM (prg_…), and what became of the messages of 30 days."""
    params = {"lang": lang} if lang else {}
    found = ServiceClient(url, key).request_ok("GET", path("programs", program, "messages"), params=params).json()
    for one in found["items"]:
        state = "" if one["sent"] else " (not sent)"
        click.echo(f"{one['kind']}{state}: {one['subject']}\n\n{one['text']}\n")
    figures = ", ".join(f"{found[name]} {name}" for name in ("waiting", "delivered", "failed", "missed"))
    click.echo(f"30 days: {figures}")


@messages.command()
@_PROGRAM
@click.argument("address", metavar="ADDRESS")
@click.option("--kind", type=click.Choice(MESSAGE_KINDS), default="welcome", show_default=True, help="which message")
@_LANGUAGE
@service_options("rewards:write")
def test(program: str, address: str, kind: str, lang: str | None, url: str, key: str) -> None:
    """Send the example of a message of PROGRAM to ADDRESS, which is stored nowhere."""
    body = {"address": address, "kind": kind} | ({"lang": lang} if lang else {})
    ServiceClient(url, key).request_ok("POST", path("programs", program, "messages", "test"), json=body)
    click.echo(f"the mail server has accepted {kind} for {address}")
