"""`referral digest targets|test`: where the digests of a program go, and a test send to one of them."""

import click

from referral.events.promoter_messages import DIGEST_KINDS
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options

_PROGRAM = click.argument("program", metavar="PROGRAM")


@click.group(cls=HelpGroup)
def digest() -> None:
    """List the targets of digests, and send a test. `referral adapters set digest-…` sets a target."""


@digest.command()
@_PROGRAM
@service_options("read")
def targets(program: str, url: str, key: str) -> None:
    """List where the digests of PROGRAM (prg_…) go; the addresses are secrets and not shown."""
    found = ServiceClient(url, key).document("GET", path("programs", program, "messages", "digests"))
    for one in found["items"]:
        click.echo(f"{one['kind']}, set at {one['since']}")
    if not found["items"]:
        click.echo("no targets: `referral adapters set digest-email PROGRAM --token-file FILE` sets one")
    if not found["sent"]:
        click.echo("nothing is sent: the program file has no `messages.digest`")


@digest.command()
@_PROGRAM
@click.argument("kind", type=click.Choice(DIGEST_KINDS))
@service_options("rewards:write")
def test(program: str, kind: str, url: str, key: str) -> None:
    """Send the newest digest of PROGRAM to its target KIND, once, and show what the target answered."""
    answer = ServiceClient(url, key).document("POST", path("programs", program, "messages", "digests", kind, "test"))
    status = f" (status {answer['status']})" if answer["status"] is not None else ""
    click.echo(f"{kind} has accepted the digest of {answer['first']} to {answer['last']}{status}")
