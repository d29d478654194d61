"""Telemetry: one table of metrics, thread-safe; logs in one format, without secrets."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from referral.telemetry.metrics import ROWS, TABLE, counter, gauge

ROOT = Path(__file__).resolve().parents[3]
USE = re.compile(r'\b(?:counter|gauge|histogram|gauges|levels|Measurement)[(\[]"(\w+)"')


def metrics_in_code() -> set[str]:
    """Returns the names of the metrics that the code uses."""
    sources = [*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")]
    return {name for source in sources for name in USE.findall(source.read_text("utf-8"))}


def test_the_code_uses_exactly_the_metrics_of_the_table() -> None:
    """A panel with an unused metric is empty; a name outside the table fails only when the code runs."""
    assert metrics_in_code() == set(TABLE)


def test_names_and_labels_follow_the_conventions_of_prometheus() -> None:
    """https://prometheus.io/docs/practices/naming/: the client adds `_total`, every meaning is a sentence, names are unique."""
    assert len(TABLE) == len(ROWS)
    for row in ROWS:
        assert re.fullmatch(r"[a-z][a-z_]*", row.name)
        assert not row.name.endswith("_total")
        assert row.meaning.endswith(".")
        assert bool(row.buckets) == (row.kind == "histogram")


def test_a_metric_is_created_once_by_many_threads() -> None:
    """prometheus_client rejects a second object of the same name."""
    with ThreadPoolExecutor(16) as threads:
        objects = {id(metric) for metric in threads.map(counter, ["clock_ticks"] * 200)}
    assert len(objects) == 1


def test_a_metric_of_another_kind_or_name_raises() -> None:
    """On first use, not as an empty panel."""
    with pytest.raises(KeyError):
        counter("no_such_metric")
    with pytest.raises(TypeError, match="is a counter"):
        gauge("clock_ticks")


LOGGING = """
import logging, structlog
from referral.config import Settings
from referral.telemetry.logs import configure_logs
configure_logs("tiny", Settings(signing_key="k" * 32, log_format="{form}", log_level="info"))
log = structlog.get_logger()
log.debug("below the level")
log.info("a click", token="abc.def", remote_addr="203.0.113.9", user_agent="curl/8", program="prg_glow")
logging.getLogger("some.library").warning("mind the %s", "gap")
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("it broke", exc_info=error)
"""


def logged(form: str) -> str:
    """Returns what a separate process logs."""
    environ = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-c", LOGGING.replace("{form}", form)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=150, env=environ).stdout


def test_logs_are_json_lines_with_service_and_time() -> None:
    """One event per line, for libraries too; a traceback stays in its line."""
    click, library, broken = (json.loads(line) for line in logged("json").splitlines())
    assert all(one["service"] == "tiny" and one["at"].endswith("Z") for one in (click, library, broken))
    assert (click["event"], click["program"]) == ("a click", "prg_glow")
    assert (library["event"], library["library"], library["level"]) == ("mind the gap", "some.library", "warning")
    assert "ZeroDivisionError" in broken["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_logs_have_no_secrets_addresses_or_user_agents(form: str) -> None:
    """Even if the code passes them."""
    written = logged(form)
    assert "a click" in written
    for secret in ("abc.def", "203.0.113.9", "curl/8"):
        assert secret not in written


REPEATS = """
import logging
from referral.config import Settings
from referral.telemetry.logs import configure_logs
configure_logs("tiny", Settings(signing_key="k" * 32))
for attempt in range(1000):
    logging.getLogger("aiokafka.conn").error("no answer, attempt %s", attempt)
    logging.getLogger("aiokafka").error("away since %s", attempt)
logging.getLogger("other").error("again")
logging.getLogger("other").error("again")
"""


def test_a_library_that_repeats_itself_does_not_flood_the_log() -> None:
    """Faust's client logs dozens of lines per second during an outage: each once per minute; other libraries are not limited."""
    done = subprocess.run([sys.executable, "-c", REPEATS], capture_output=True, text=True, check=True, timeout=150)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events == ["no answer, attempt 0", "away since 0", "again", "again"]
