"""Log lines of the `referral` command."""

from collections.abc import Iterator

import pytest
import structlog

from referral_tools.cli import log_to_standard_error


@pytest.fixture
def _default_logs() -> Iterator[None]:
    structlog.reset_defaults()  # a test before may have configured other ones
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("_default_logs")
def test_log_lines_leave_standard_output_to_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    """`KEY=$(referral keys create …)` has the key alone, whatever is logged."""
    log_to_standard_error()
    structlog.get_logger().warning("the broker does not respond")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "the broker does not respond" in captured.err
