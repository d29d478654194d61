"""Telemetry at the start of a process."""

from referral.config import Settings
from referral.telemetry.logs import configure_logs
from referral.telemetry.metrics import export_build_info


def set_up_telemetry(process: str, settings: Settings) -> None:
    """Configures logs under the process's name, such as `leaderboard/boards`, and exports its version in `build_info`."""
    configure_logs(process, settings)
    export_build_info(process)
