"""`referral board closing|proof|verify`: closed boards, and the proof of a rank, which verifies offline."""

from pathlib import Path

import click

from referral.verification.board_proof import ClosedRoot, RankProof, proof_mistake
from referral_tools.commands.verified_file import read_json
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, path, service_options

_PROGRAM, _METRIC = click.argument("program", metavar="PROGRAM"), click.argument("metric", metavar="METRIC")
_PERIOD = click.argument("period", metavar="PERIOD")
_KIND = click.option(
    "--kind", type=click.Choice(["follower", "partner"]), default="follower", show_default=True, help="whose board"
)


@click.group(cls=HelpGroup)
def board() -> None:
    """Closed boards: their roots, and proofs of ranks."""


@board.command()
@_PROGRAM
@_METRIC
@_PERIOD
@_KIND
@service_options("read")
def closing(program: str, metric: str, period: str, kind: str, url: str, key: str) -> None:
    """Print the closing of the board METRIC (such as referrals) of PERIOD (such as 2026-11) as JSON: its root and first entries."""
    address = path("programs", program, "boards", metric, period, "closing")
    click.echo(ServiceClient(url, key).request_ok("GET", address, params={"kind": kind}).text)


@board.command()
@_PROGRAM
@_METRIC
@_PERIOD
@click.argument("person", metavar="PERSON")
@_KIND
@service_options("read")
def proof(program: str, metric: str, period: str, person: str, kind: str, url: str, key: str) -> None:
    """Print the proof of the rank of PERSON (the platform's own id, e.g. xhs:amy) as JSON."""
    address = path("programs", program, "boards", metric, period, "proof", person)
    click.echo(ServiceClient(url, key).request_ok("GET", address, params={"kind": kind}).text)


@board.command()
@click.argument("proof_file", metavar="PROOF", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("closing_file", metavar="CLOSING", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(proof_file: Path, closing_file: Path) -> None:
    """Verify PROOF against CLOSING, both JSON, without a connection: CLOSING is the line `board.closed`, or what `closing` prints.

    Keep a CLOSING of your own, or compare its root with one that was published: a proof shows what is under that root.
    """
    found = read_json(proof_file, RankProof)
    mistake = proof_mistake(found, read_json(closing_file, ClosedRoot))
    if mistake is not None:
        raise click.ClickException(f"the proof does not hold: {mistake}")
    click.echo(
        f"valid: {found.participant} is number {found.rank} of {found.entries} with a score of {found.score}"
        f" ({found.metric} of {found.program}, {found.period})"
    )
