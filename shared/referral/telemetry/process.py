"""What a process says of itself before it begins."""

from referral.config import Settings
from referral.telemetry.logs import configure_logs
from referral.telemetry.metrics import export_build_info


def set_up_telemetry(process: str, settings: Settings) -> None:
    """Sets logs up under the process's name, such as `leaderboard/boards`, and tells in `build_info` what runs."""
    configure_logs(process, settings)
    export_build_info(process)
