"""A progress bar in the campaign's days; without a terminal, a line every ten days."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from referral_tools.campaign.script import ScriptStep

_DAY = 24


def show_progress(steps: Sequence[ScriptStep], console: Console) -> Iterator[ScriptStep]:
    """The same steps, shown as they are played."""
    return _with_bar(steps, console) if console.is_terminal else _with_lines(steps, console)


def _with_bar(steps: Sequence[ScriptStep], console: Console) -> Iterator[ScriptStep]:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("playing", total=len(steps))
        for number, step in enumerate(steps):
            yield step
            bar.update(task, advance=1, description=f"{step.at:%Y-%m-%d}, day {number // _DAY:2}")


def _with_lines(steps: Sequence[ScriptStep], console: Console) -> Iterator[ScriptStep]:
    for number, step in enumerate(steps):
        yield step
        if number % (10 * _DAY) == 0:
            console.print(f"{step.at:%Y-%m-%d}, day {number // _DAY}")
