"""Places where a test may end or stop the process, to prove that nothing is lost there.

Without REFERRAL_FAILPOINTS they do nothing. The setting is a comma-separated list of `point=action:probability`,
e.g. `attribute.after_produce=kill:0.01`; the action is
`kill` (SIGKILL) or `stop` (SIGSTOP: a zombie until somebody continues it).
"""

import os
import random
import signal
from collections.abc import Callable

POINTS = ("after_load", "before_produce", "amid_produce", "after_produce", "after_apply")
_ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

Reached = Callable[[str], None]


def failpoints(setting: str, fold: str) -> Reached:
    """The function that a fold calls at each of its POINTS. Raises ValueError for a setting that names no such place."""
    wanted = dict(_parse(entry) for entry in setting.split(",") if entry.strip())
    mine = {point.removeprefix(f"{fold}."): what for point, what in wanted.items() if point.startswith(f"{fold}.")}
    if not mine:
        return _nothing
    chance = random.Random(os.getpid())  # noqa: S311 - when to fail in a test is no secret

    def reached(point: str) -> None:
        action, probability = mine.get(point, (signal.SIGKILL, 0.0))
        if chance.random() < probability:
            os.kill(os.getpid(), action)

    return reached


def _nothing(point: str) -> None:
    """No failpoint is set."""


def _parse(entry: str) -> tuple[str, tuple[signal.Signals, float]]:
    point, _, rule = entry.strip().partition("=")
    action, _, probability = rule.partition(":")
    if point.rpartition(".")[2] not in POINTS or action not in _ACTIONS:
        raise ValueError(f"{entry!r}: write FOLD.POINT=ACTION:PROBABILITY with a point of {', '.join(POINTS)}")
    try:
        return point, (_ACTIONS[action], float(probability or 1))
    except ValueError:
        raise ValueError(f"{entry!r}: the probability {probability!r} is no number") from None
