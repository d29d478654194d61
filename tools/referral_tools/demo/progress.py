"""The progress of a campaign: day, followers and time left, in one line that changes; without a terminal, a line every ten days.

Then what is being waited for and computed, until the figures are compared.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from referral_tools.campaign.script import ScriptStep

_DAY = 24
_LINE_DAYS = 10


def show_progress(
    steps: Sequence[ScriptStep],
    console: Console,
    followers: Callable[[], int],
    now: Callable[[], float] = time.monotonic,
) -> Iterator[ScriptStep]:
    """The same steps, shown as they are played. `followers` is read once a day of the campaign."""
    days = max(1, (len(steps) - 1) // _DAY)
    lines = _with_bar if console.is_terminal else _with_lines
    return lines(steps, console, days, _DayText(days, followers, now))


@contextmanager
def show_phase(console: Console, text: str) -> Iterator[None]:
    """Shows what is going on after the campaign: while it lasts, or without a terminal as a line."""
    if not console.is_terminal:
        console.print(f"{text} …", highlight=False)
        yield
        return
    with console.status(text):
        yield


class _DayText:
    """The text of a day: `day 20 of 60`, and `1,204 followers · about 40 s left`."""

    def __init__(self, days: int, followers: Callable[[], int], now: Callable[[], float]) -> None:
        self._days, self._followers, self._now, self._began = days, followers, now, now()

    def of(self, day: int) -> tuple[str, str]:
        """Returns both parts."""
        return f"day {day} of {self._days}", f"{self._followers():,} followers · {self._time_left(day)}"

    def _time_left(self, day: int) -> str:
        if not day:
            return "just started"
        return f"about {(self._now() - self._began) / day * (self._days - day):.0f} s left"


def _with_bar(steps: Sequence[ScriptStep], console: Console, days: int, text: _DayText) -> Iterator[ScriptStep]:
    columns = TextColumn("{task.description}"), BarColumn(30), TextColumn("{task.fields[more]}")
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"day 0 of {days}", total=days, more="")
        for number, step in enumerate(steps):
            yield step
            if number % _DAY == 0 and number <= days * _DAY:
                day, more = text.of(number // _DAY)
                bar.update(task, completed=number // _DAY, description=day, more=more)


def _with_lines(steps: Sequence[ScriptStep], console: Console, days: int, text: _DayText) -> Iterator[ScriptStep]:
    for number, step in enumerate(steps):
        yield step
        if number % (_LINE_DAYS * _DAY) == 0 and number <= days * _DAY:
            console.print(" · ".join(text.of(number // _DAY)), highlight=False)
