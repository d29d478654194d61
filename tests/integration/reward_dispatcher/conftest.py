"""A clock that a test moves, for all processes of reward-dispatcher."""

from pathlib import Path

import pytest

from referral.clock import FileClock, SystemClock
from referral.events.timestamps import DAY_MS


@pytest.fixture
def clock(environ: dict[str, str], tmp_path: Path) -> FileClock:
    """The clock of all processes of the test, which moves only when it is set. It begins 20 days ago: Kafka refuses the future."""
    clock = FileClock(tmp_path / "clock")
    clock.set(SystemClock().now_ms() - 20 * DAY_MS)
    environ["REFERRAL_CLOCK"] = f"file:{tmp_path / 'clock'}"
    return clock
