"""`referral demo`: a 60-day campaign through the whole system, and every figure checked."""

import sys
from pathlib import Path

import click

from referral.config import ConfigError
from referral_tools.campaign.client import RequestRefused
from referral_tools.commands.port_option import port_base as port_base_option
from referral_tools.demo.data_folder import NotADemoFolder
from referral_tools.demo.demo_run import Demo
from referral_tools.demo.fold_wait import FoldsBehind
from referral_tools.stack.jars import MissingProgram, NoJars
from referral_tools.stack.ports import PortTaken
from referral_tools.stack.process import ProcessUnhealthy

FAILED = (
    ConfigError,
    MissingProgram,
    NoJars,
    NotADemoFolder,
    FoldsBehind,
    PortTaken,
    RequestRefused,
    ProcessUnhealthy,
)


@click.command()
@port_base_option
@click.option("--seed", default=7, show_default=True, help="The same seed plays the same campaign.")
@click.option(
    "--home",
    default=Path("var/demo"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for its data, logs and summary.json: a new or empty one, or an earlier demo's, which is emptied.",
)
@click.option(
    "--program",
    default=Path("examples/programs/glow.yaml"),
    show_default=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The program file of the campaign.",
)
@click.option("--exit", "leaves", envvar="DEMO_EXIT", show_envvar=True, is_flag=True, help="Exit at the end.")
def demo(port_base: int, seed: int, home: Path, program: Path, *, leaves: bool) -> None:
    """Play a 60-day campaign through the whole system, and check every figure.

    An independent oracle recomputes everything from what was accepted. Ends with status 1 where a figure disagrees.
    """
    try:
        agree = Demo(home, port_base, program, seed).run(stay=not leaves)
    except FAILED as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if agree else 1)
