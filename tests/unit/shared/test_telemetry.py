"""Telemetry: one table of metrics, safe from many threads; logs in one form, without secrets."""

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
USE = re.compile(r'\b(?:counter|gauge|histogram|gauges)[(\[]"(\w+)"')


def used() -> set[str]:
    """The names of metrics in the code."""
    sources = [*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")]
    return {name for source in sources for name in USE.findall(source.read_text("utf-8"))}


def test_every_metric_of_the_table_is_told_somewhere_and_no_other() -> None:
    """A dashboard on a metric that nobody tells shows nothing; a name outside of the table fails only when it is told."""
    assert used() == set(TABLE)


def test_names_and_labels_are_as_prometheus_wants_them() -> None:
    """https://prometheus.io/docs/practices/naming/: no `_total` of our own, every meaning a sentence, names unique."""
    assert len(TABLE) == len(ROWS)
    for row in ROWS:
        assert re.fullmatch(r"[a-z][a-z_]*", row.name)
        assert not row.name.endswith("_total")
        assert row.meaning.endswith(".")
        assert bool(row.buckets) == (row.kind == "histogram")


def test_a_metric_is_made_once_from_many_threads() -> None:
    """Prometheus refuses a second object of the same name."""
    with ThreadPoolExecutor(16) as threads:
        made = {id(found) for found in threads.map(counter, ["clock_ticks"] * 200)}
    assert len(made) == 1


def test_a_metric_of_another_kind_or_name_is_a_mistake() -> None:
    """Seen at the first use, not on a dashboard."""
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
log.debug("too small to tell")
log.info("a click", token="abc.def", remote_addr="203.0.113.9", user_agent="curl/8", program="prg_glow")
logging.getLogger("some.library").warning("mind the %s", "gap")
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("it broke", exc_info=error)
"""


def logged(form: str) -> str:
    """What a process of its own writes."""
    environ = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-c", LOGGING.replace("{form}", form)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=environ).stdout


def test_logs_are_json_lines_that_name_their_service_and_moment() -> None:
    """One event a line, libraries' too; a traceback stays in its line."""
    click, library, broken = (json.loads(line) for line in logged("json").splitlines())
    assert all(one["service"] == "tiny" and one["at"].endswith("Z") for one in (click, library, broken))
    assert (click["event"], click["program"]) == ("a click", "prg_glow")
    assert (library["event"], library["library"], library["level"]) == ("mind the gap", "some.library", "warning")
    assert "ZeroDivisionError" in broken["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_logs_withhold_secrets_addresses_and_user_agents(form: str) -> None:
    """Whatever a line of code hands over."""
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


def test_a_client_that_tries_again_and_again_fills_no_log() -> None:
    """Faust's client logs dozens of lines a second while its broker is away; each is told once a minute. Others are as they are."""
    done = subprocess.run([sys.executable, "-c", REPEATS], capture_output=True, text=True, check=True, timeout=30)
    told = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert told == ["no answer, attempt 0", "away since 0", "again", "again"]
