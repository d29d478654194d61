"""`referral run`: the whole system on this machine, until Ctrl-C."""

import time
from collections.abc import Sequence
from pathlib import Path

import click
import yaml

from referral.catalog.catalog_source import open_source
from referral.config import ConfigError, Settings
from referral.log.topic_admin import TopicMismatch
from referral_tools.campaign.client import Client
from referral_tools.commands.port_option import port_base as port_base_option
from referral_tools.run_file import RUN_FILE, RunningSystem
from referral_tools.stack.jars import MissingProgram, NoJars
from referral_tools.stack.ports import PortTaken
from referral_tools.stack.process import ProcessUnhealthy
from referral_tools.system import System

_VAR = Path("var")
_BOARDS = 5  # whose addresses are printed
_REFUSED = (ConfigError, MissingProgram, NoJars, PortTaken, TopicMismatch, ProcessUnhealthy)


@click.command()
@port_base_option
@click.option(
    "--home",
    show_default="var/run/PORT-BASE, or var/run/PORT-BASE-cluster",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for its data and logs, reused by later runs.",
)
@click.option(
    "--program",
    default=Path("examples/programs/glow.yaml"),
    show_default=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The program file that is applied if the system has no program yet.",
)
@click.option(
    "--cluster",
    is_flag=True,
    help="Run it on three Kafka brokers and a Redis Cluster of six nodes, with two workers a fold; about 3 GB of memory.",
)
def run(port_base: int, home: Path | None, program: Path, cluster: bool) -> None:
    """Start the system and run it until Ctrl-C.

    Prints the addresses and a development API key. While it runs, both are also in var/run.json, which describes the system that
    was started last, and in run.json in the folder of its data.
    REFERRAL_DEV_KEY sets that key; otherwise it is created once, and stored with the data.

    With --cluster every topic has three replicas, and you may kill any process: another takes over, and what was killed is started
    again five seconds later. docs/scaling.md describes what happens.
    """
    name = f"{port_base}-cluster" if cluster else str(port_base)
    try:
        _run(home or _VAR / "run" / name, port_base, program, cluster=cluster)
    except _REFUSED as error:
        raise click.ClickException(str(error)) from error
    click.echo("Stopped.")


def _run(home: Path, port_base: int, program: Path, *, cluster: bool) -> None:
    where = "three Kafka brokers, a Redis Cluster" if cluster else "Kafka, Redis"
    click.echo(f"Starting {where} and the services …")
    started = time.monotonic()
    with System(home, port_base, var=_VAR, cluster=cluster, compact=True) as system:
        key = system.make_key()
        programs = _list_programs(system.settings) or [_apply(system, key, program)]
        click.echo(f"Started in {time.monotonic() - started:.0f} s")
        running = system.describe(key)
        with running.written_to(RUN_FILE, home / RUN_FILE.name):
            _show(system, running, programs)
            system.wait(click.echo)
            click.echo("Stopping …")


def _list_programs(settings: Settings) -> list[str]:
    """The ids of the programs in the catalog."""
    source = open_source(settings, people=False, may_write=False)
    try:
        source.read_to_end(120)
        return source.view.programs()
    finally:
        source.close()


def _apply(system: System, key: str, program: Path) -> str:
    """Applies a program file through the API, as a growth team would. Returns the program's id."""
    text = program.read_text("utf-8")
    with Client(system.front, key) as client:
        applied = client.apply(str(yaml.safe_load(text)["id"]), text)
    click.echo(f"Applied {program}: {applied.id}")
    return applied.id


def _show(system: System, running: RunningSystem, programs: Sequence[str]) -> None:
    click.echo(f"  {'address':<19} {running.front}")
    for program in programs[:_BOARDS]:
        click.echo(f"  {'board':<19} {running.front}/p/{program}")
    for name in running.services:
        click.echo(f"  {'API':<19} {running.front}/docs/{name}")
    for name in system.processes:
        click.echo(f"  {name:<19} {system.address(name)}")
    click.echo(f"  {'Kafka':<19} {running.kafka}\n  {'Redis':<19} {running.redis}")
    click.echo(f"  {'development key':<19} {running.api_key}\n  {'logs':<19} {system.home / 'logs'}")
    click.echo("Press Ctrl-C to stop.")
