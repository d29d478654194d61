"""Failpoints: steps of a fold at which a test can kill or stop the process, to prove that nothing is lost there.

Without REFERRAL_FAILPOINTS they do nothing. The setting is a comma-separated list of `fold.point=action:probability`, e.g.
`attribute.after_produce=kill:0.01`; the action is `kill` (SIGKILL) or `stop` (SIGSTOP: a zombie until it is continued).
"""

import os
import random
import signal
from collections.abc import Callable

POINTS = ("after_load", "before_produce", "during_produce", "after_produce", "after_apply")
_ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

Failpoint = Callable[[str], None]


def create_failpoint(setting: str, fold: str) -> Failpoint:
    """The function that a fold calls at each of its POINTS. Raises ValueError for an invalid setting."""
    actions = dict(_parse(entry) for entry in setting.split(",") if entry.strip())
    own = {point.removeprefix(f"{fold}."): action for point, action in actions.items() if point.startswith(f"{fold}.")}
    if not own:
        return _ignore
    generator = random.Random(os.getpid())  # noqa: S311 - when a test fails a process needs no secrecy  # nosec B311

    def failpoint(point: str) -> None:
        action, probability = own.get(point, (signal.SIGKILL, 0.0))
        if generator.random() < probability:
            os.kill(os.getpid(), action)

    return failpoint


def _ignore(point: str) -> None:
    """The failpoint of a fold for which none is set."""


def _parse(entry: str) -> tuple[str, tuple[signal.Signals, float]]:
    point, _, rule = entry.strip().partition("=")
    action, _, probability = rule.partition(":")
    if point.rpartition(".")[2] not in POINTS or action not in _ACTIONS:
        raise ValueError(f"{entry!r}: write FOLD.POINT=ACTION:PROBABILITY with a point of {', '.join(POINTS)}")
    try:
        return point, (_ACTIONS[action], float(probability or 1))
    except ValueError:
        raise ValueError(f"{entry!r}: the probability must be a number; got {probability!r}") from None
