"""`referral figures`: makes docs/published-figures.md from a campaign that is played through the whole system."""

import sys
from datetime import datetime
from pathlib import Path

import click

from referral_tools.commands.demo import FAILED
from referral_tools.commands.port_option import port_base as port_base_option
from referral_tools.demo.demo_run import Demo

_LAST_DAY = "2026-11-23"


@click.command()
@port_base_option
@click.option("--seed", default=7, show_default=True, help="The same seed plays the same campaign.")
@click.option(
    "--last-day",
    default=_LAST_DAY,
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The campaign's last day.",
)
@click.option(
    "--home",
    default=Path("var/figures"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for its data: a new or empty one, or an earlier one of a demo, which is emptied.",
)
@click.option(
    "--page",
    default=Path("docs/published-figures.md"),
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the page.",
)
def figures(port_base: int, seed: int, last_day: datetime, home: Path, page: Path) -> None:
    """Play a campaign, and write each published claim beside what was measured.

    Ends with status 1 where system and oracle disagree.
    """
    program = Path("examples/programs/glow.yaml")
    try:
        agree = Demo(home, port_base, program, seed, last_day.date(), page).run(stay=False)
    except FAILED as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if agree else 1)
