"""`referral run`: the whole system on this machine, until Ctrl-C."""

from pathlib import Path

import click
import yaml

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import ConfigError, Settings
from referral.log.topic_admin import TopicMismatch
from referral_tools.campaign.client import Client
from referral_tools.commands.port_option import port_base as port_base_option
from referral_tools.run_file import RunningSystem
from referral_tools.stack.jars import MissingProgram, NoJars
from referral_tools.stack.ports import PortTaken
from referral_tools.stack.process import ProcessUnhealthy
from referral_tools.system import System

_VAR = Path("var")
_REFUSED = (ConfigError, MissingProgram, NoJars, PortTaken, TopicMismatch, ProcessUnhealthy)


@click.command()
@port_base_option
@click.option(
    "--home",
    show_default="var/run/PORT-BASE",
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
def run(port_base: int, home: Path | None, program: Path) -> None:
    """Start the system and run it until Ctrl-C.

    Prints the addresses and a development API key. While it runs, both are also in var/run.json, which describes the system that
    was started last, and in run.json in the folder of its data.
    REFERRAL_DEV_KEY sets that key; otherwise it is created once, and stored with the data.
    """
    try:
        _run(home or _VAR / "run" / str(port_base), port_base, program)
    except _REFUSED as error:
        raise click.ClickException(str(error)) from error
    click.echo("Stopped.")


def _run(home: Path, port_base: int, program: Path) -> None:
    click.echo("Starting Kafka, Redis and the services …")
    with System(home, port_base, var=_VAR) as system:
        key = system.make_key()
        if _is_empty(system.settings):
            _apply(system, key, program)
        running = RunningSystem(system.front, system.services, key, system.stack.kafka, system.stack.redis)
        with running.written_to(_VAR / "run.json", home / "run.json"):
            _show(system, running)
            system.wait()
            click.echo("Stopping …")


def _is_empty(settings: Settings) -> bool:
    """Whether the catalog holds no program."""
    reader = CatalogReader(settings, Catalog())
    try:
        reader.read_to_end(10)
        return not reader.view.programs()
    finally:
        reader.close()


def _apply(system: System, key: str, program: Path) -> None:
    """Applies a program file through the API, as a growth team would."""
    text = program.read_text("utf-8")
    with Client(system.front, key) as client:
        applied = client.apply(str(yaml.safe_load(text)["id"]), text)
    click.echo(f"Applied {program}: {applied.id}")


def _show(system: System, running: RunningSystem) -> None:
    click.echo(f"  {'address':<19} {running.front}")
    for name in running.services:
        click.echo(f"  {'API':<19} {running.front}/docs/{name}")
    for name in system.processes:
        click.echo(f"  {name:<19} {system.address(name)}")
    click.echo(f"  {'Kafka':<19} {running.kafka}\n  {'Redis':<19} {running.redis}")
    click.echo(f"  {'development key':<19} {running.api_key}\n  {'logs':<19} {system.home / 'logs'}")
    click.echo("Press Ctrl-C to stop.")
