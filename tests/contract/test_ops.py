"""Operations: alerts, dashboard, scrape targets and compose file match the code; containers are confined."""

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
_TARGET_LABELS = {"job", "instance", "process"}  # added by the scrape


def labels_by_series() -> dict[str, set[str]]:
    """Returns the time series of the metrics in the table, with the labels that a query may use."""
    labels: dict[str, set[str]] = {}
    for row in ROWS:
        parts = ("_bucket", "_sum", "_count") if row.kind == "histogram" else ("",)
        for part in parts:
            labels[row.full_name + part] = {*row.labels, *_TARGET_LABELS, *(("le",) if part == "_bucket" else ())}
    return labels


def targets() -> Iterator[dict[str, Any]]:
    """Yields the queries of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        yield from panel.get("targets", ())


def expressions() -> list[str]:
    """Returns every PromQL expression of alerts and dashboard."""
    return [rule["expr"] for rule in RULES] + [target["expr"] for target in targets()]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_uses_metrics_and_labels_of_the_table(expression: str) -> None:
    """An alert on a metric that does not exist would never fire."""
    known = labels_by_series()
    series = _SERIES.findall(expression)
    assert {name for name, _ in series} <= known.keys()
    for name, matchers in series:
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= known[name]
    usable = set().union(*(known[name] for name, _ in series)) or _TARGET_LABELS
    assert {label.strip() for group in _GROUPED.findall(expression) for label in group.split(",")} <= usable


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_severity_a_summary_a_runbook_and_a_test(rule: dict[str, Any]) -> None:
    """`summary`: what is wrong and where; `runbook`: what to do."""
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {len(rule["annotations"][name]) > 20 for name in ("summary", "runbook")} == {True}
    assert rule["alert"] in (PROMETHEUS / "alerts.test.yml").read_text("utf-8")


@pytest.mark.parametrize("words", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")])
def test_promtool_accepts_the_configuration_and_the_alert_tests(words: tuple[str, ...]) -> None:
    """The configuration is valid, and the alerts fire when they should and only then."""
    promtool = require_program("promtool", package="prometheus")
    done = subprocess.run([promtool, *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_process_is_started_and_scraped() -> None:
    """The table of processes, the compose file and Prometheus list the same processes."""
    started = {name: one["command"] for name, one in COMPOSE["services"].items() if one["image"] == "referral:local"}
    assert started.pop("topics") == ["referral_tools", "topics", "ensure"]
    assert started == {row.name: [row.module, *row.words] for row in TABLE}
    [job] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    [found] = job["dns_sd_configs"]
    assert sorted(found["names"]) == sorted(row.name for row in TABLE)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_is_confined(name: str) -> None:
    """No capabilities, no privilege escalation, ports only on this machine, and a read-only root file system."""
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert service.get("read_only", False) == (name != "kafka")  # its image writes into its own file system


def test_the_compose_file_contains_no_secret() -> None:
    """The signing key comes from the environment; nothing starts without it."""
    given = COMPOSE["services"]["link-issuer"]["environment"]["REFERRAL_SIGNING_KEY"]
    assert given.startswith("${REFERRAL_SIGNING_KEY:?")
