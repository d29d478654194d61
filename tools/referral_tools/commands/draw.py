"""`referral draw fetch|hold|verify`: draws, and whether one follows from what was committed to, which verifies offline."""

from pathlib import Path
from typing import Any

import click
import msgspec

from referral.verification.draw_proof import DrawFile, draw_mistake
from referral_tools.commands.verified_file import read_json
from referral_tools.draw_file import fetch_draw
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options

_PROGRAM, _DRAW = click.argument("program", metavar="PROGRAM"), click.argument("name", metavar="DRAW")
_PERIOD = click.argument("period", metavar="PERIOD")
_MOST_BYTES = 65_536


class PublishedRound(msgspec.Struct):
    """A round as drand publishes it; further fields are ignored."""

    round: int
    signature: str


@click.group(cls=HelpGroup)
def draw() -> None:
    """Draws among the entries of closed boards."""


@draw.command()
@_PROGRAM
@_DRAW
@_PERIOD
@service_options("read")
def fetch(program: str, name: str, period: str, url: str, key: str) -> None:
    """Print DRAW of PERIOD (such as 2026-11) with all entries as JSON, for `verify`."""
    click.echo(msgspec.json.encode(fetch_draw(ServiceClient(url, key), program, name, period)).decode())


@draw.command()
@_PROGRAM
@_DRAW
@_PERIOD
@click.option(
    "--round",
    "round_file",
    type=click.File("rb"),
    help="the round as drand publishes it, JSON; - for standard input",
)
@click.option("--secret", "secret_file", type=click.File("rb"), help="the bytes of the secret; - for standard input")
@click.option("--by", required=True, help="who holds the draw")
@service_options("admin")
def hold(program: str, name: str, period: str, round_file: Any, secret_file: Any, by: str, url: str, key: str) -> None:
    """Hold DRAW of PERIOD with the round or the secret that it has committed to.

    curl https://api.drand.sh/v2/beacons/quicknet/rounds/ROUND | referral draw hold PROGRAM DRAW PERIOD --round - --by lin
    """
    if (round_file is None) == (secret_file is None):
        raise click.ClickException("write --round FILE, or --secret FILE")
    body = {"by": by} | (
        _round_body(round_file.read(_MOST_BYTES)) if round_file else {"secret": secret_file.read(65).hex()}
    )
    found = ServiceClient(url, key).document(
        "POST", path("programs", program, "draws", name, period, "randomness"), json=body
    )
    click.echo("\n".join(f"{place} {winner}" for place, winner in enumerate(found["winners"], 1)))


def _round_body(raw: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw, type=PublishedRound)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"the round is not as drand publishes it: {error}") from None
    return {"round": found.round, "signature": found.signature}


@draw.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Verify FILE (what `fetch` prints) without a connection: entries, randomness, winners and alternates.

    Compare its root and round with the commitment that was published before the draw.
    """
    found = read_json(file, DrawFile)
    mistake = draw_mistake(found)
    if mistake is not None:
        raise click.ClickException(f"the draw does not hold: {mistake}")
    record = found.record
    source = f"round {record.round} of quicknet" if record.round else "the committed secret"
    click.echo(
        f"valid: {len(record.winners)} winners and {len(record.alternates)} alternates of {record.entries} entries with"
        f" {record.tickets} tickets, drawn by {source} ({record.draw} of {record.program}, {record.period})"
    )
