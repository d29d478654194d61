"""The demo's data folder: emptied before each demo, so it must be one that a demo made."""

import shutil
from pathlib import Path

# What a demo leaves. The clock is its mark: `referral run` keeps time by the system's, and its data must outlive any demo.
CLOCK = "clock"
_LEFT = frozenset(
    (
        "api-key",
        CLOCK,
        "directory",
        "kafka",
        "logs",
        "nginx",
        "redis",
        "run.json",
        "server.properties",
        "signing-key",
        "summary.json",
    )
)


class NotADemoFolder(Exception):
    """A folder to be emptied contains more than a demo leaves; names it, and the remedy."""


def empty_folder(home: Path) -> None:
    """Removes the folder that an earlier demo left. Raises NotADemoFolder, and then has removed nothing."""
    found = {one.name for one in home.iterdir()} if home.exists() else set()
    if found and (CLOCK not in found or not found <= _LEFT):
        raise NotADemoFolder(
            f"{home} holds what no demo left ({min(found - _LEFT, default='data of another kind')}), and a demo empties its"
            " folder first: give another one with --home, or remove it yourself"
        )
    shutil.rmtree(home, ignore_errors=True)
