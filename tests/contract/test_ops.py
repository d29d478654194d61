"""What operates the system names what there is: its processes, its metrics and their labels; and lets nobody in who need not be."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from referral.telemetry.metrics import ROWS
from referral_tools.system import TABLE
from tests.support.requirements import require_program

PROMETHEUS = Path("ops/prometheus")
DASHBOARD = Path("ops/grafana/dashboards/referral.json")
COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
_SERIES = re.compile(r"\b(referral_\w+)(?:\{([^}]*)\})?")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_OF_THE_TARGET = {"job", "instance", "process"}  # what the scrape adds


def labels_by_series() -> dict[str, set[str]]:
    """The series that the table's metrics give, with the labels each may be asked for."""
    given: dict[str, set[str]] = {}
    for row in ROWS:
        parts = ("_bucket", "_sum", "_count") if row.kind == "histogram" else ("",)
        for part in parts:
            given[row.full_name + part] = {*row.labels, *_OF_THE_TARGET, *(("le",) if part == "_bucket" else ())}
    return given


def targets() -> Iterator[dict[str, Any]]:
    """The queries of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        yield from panel.get("targets", ())


def expressions() -> list[str]:
    """Every PromQL expression there is."""
    return [rule["expr"] for rule in RULES] + [target["expr"] for target in targets()]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_for_what_the_table_has(expression: str) -> None:
    """An alert on a metric that was renamed would be silent for ever: each name and each label stands in the table."""
    known = labels_by_series()
    series = _SERIES.findall(expression)
    assert {name for name, _ in series} <= known.keys()
    for name, matchers in series:
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= known[name]
    usable = set().union(*(known[name] for name, _ in series)) or _OF_THE_TARGET
    assert {label.strip() for group in _GROUPED.findall(expression) for label in group.split(",")} <= usable


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    """Each has a severity, a sentence for who is woken and one that says what to do, and a test of when it speaks."""
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {len(rule["annotations"][name]) > 20 for name in ("summary", "runbook")} == {True}
    assert rule["alert"] in (PROMETHEUS / "alerts.test.yml").read_text("utf-8")


@pytest.mark.parametrize("words", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")])
def test_prometheus_itself_agrees(words: tuple[str, ...]) -> None:
    """The configuration loads, and the alerts speak when they should and only then."""
    promtool = require_program("promtool", package="prometheus")
    done = subprocess.run([promtool, *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_process_is_started_and_scraped() -> None:
    """The table of processes, the compose file and Prometheus name the same ones."""
    started = {name: one["command"] for name, one in COMPOSE["services"].items() if one["image"] == "referral:local"}
    assert started.pop("topics") == ["referral_tools", "topics", "ensure"]
    assert started == {row.name: [row.module, *row.words] for row in TABLE}
    [job] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    [found] = job["dns_sd_configs"]
    assert sorted(found["names"]) == sorted(row.name for row in TABLE)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_is_confined(name: str) -> None:
    """No capability, no way to more, nothing published beyond this machine, and a root that stays as the image has it."""
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert service.get("read_only", False) == (name != "kafka")  # whose image writes into itself


def test_no_secret_stands_in_the_compose_file() -> None:
    """The signing key comes from outside, and without it nothing starts."""
    given = COMPOSE["services"]["link-issuer"]["environment"]["REFERRAL_SIGNING_KEY"]
    assert given.startswith("${REFERRAL_SIGNING_KEY:?")
