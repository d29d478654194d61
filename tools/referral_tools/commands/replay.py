"""`referral replay`: other rules over a program's recorded past, and who would gain and who would lose. Nothing live changes."""

import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from referral_tools.commands.program_file import FILE, load_program_file, print_mistakes
from referral_tools.replay.replay_tables import show_replay
from referral_tools.service_client import ServiceClient, mistakes, path, refusal, service_options

_LOOK_S = 0.2
_DIFFERS = 3
_STOPPED = 130  # the exit status of shells for Ctrl-C


@click.command()
@click.argument("program", metavar="PROGRAM")
@click.option("--with", "file", type=FILE, required=True, help="the program file with the other rules")
@click.option("--days", type=click.IntRange(1, 3650), help="compare what happened in the last days; else everything")
@service_options("admin")
@click.option("--json", "as_json", is_flag=True, help="print the whole replay as JSON")
def replay(program: str, file: Path, days: int | None, url: str, key: str, *, as_json: bool) -> None:
    """Run the rules of a program file over PROGRAM's recorded past (prg_…) and show who would gain and who would lose.

    With --days, what happened before still decides who referred whom. Nothing live changes. Ctrl-C cancels the replay. Exits with
    1 if there is no result, and with 3 if the replay of the recorded rules differs from the record, so that the figures cannot be
    trusted.
    """
    tracker = ServiceClient(url, key)
    job = _wait_for_result(tracker, _start_replay(tracker, program, file, days))
    if job["status"] != "done":
        raise click.ClickException(f"{job['id']} {job['status']}: {job.get('detail')}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(job), indent=2).decode())
    else:
        show_replay(Console(), job)
    sys.exit(0 if job["result"]["as_recorded"]["equal"] else _DIFFERS)


def _start_replay(tracker: ServiceClient, program: str, file: Path, days: int | None) -> str:
    """Starts the replay and returns its address. The file is checked here first, as `referral program check` does."""
    document, _, rules = load_program_file(file, advise=False)
    if rules.id != program:
        raise click.ClickException(
            f"{file} contains {rules.id}, not {program}: a replay needs a program file of the same program"
        )
    body = {"content": msgspec.json.encode(rules), "headers": {"Content-Type": "application/json"}}
    period = {} if days is None else {"params": {"days": days}}
    answer = tracker.request("POST", path("programs", program, "replays"), **body, **period)
    if not answer.is_success:
        print_mistakes(file, document, mistakes(answer))
        raise refusal(answer)
    return str(answer.headers["Location"])


def _wait_for_result(tracker: ServiceClient, address: str) -> dict[str, Any]:
    """Returns the finished replay. Ctrl-C cancels it."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting", total=None)
            while (job := tracker.document("GET", address))["status"] == "running":
                now = job["progress"]
                words = f"{now['phase']}, {now['events']} events"
                bar.update(task, description=words, completed=now["records_read"], total=now["records_total"] or None)
                time.sleep(_LOOK_S)
            return job
    except KeyboardInterrupt:
        tracker.request_ok("DELETE", address)
        click.echo("Cancelled.", err=True)
        sys.exit(_STOPPED)
