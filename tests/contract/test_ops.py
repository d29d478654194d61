"""Operations: alerts, dashboard, scrape targets and compose file match the code; containers are confined."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from referral.key_ring import PURPOSES, KeyRing
from referral.telemetry.metrics import ROWS, MetricRow
from referral_tools.cli import main
from referral_tools.commands.passwords import password_variable
from referral_tools.system import TABLE, ProcessRow
from tests.support.requirements import require_program

PROMETHEUS = Path("ops/prometheus")
_ALERT_TESTS = ("alerts.test.yml", "alerts.days.test.yml")
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


def test_the_first_row_of_the_dashboard_says_whether_anything_is_wrong() -> None:
    """Figures with thresholds: each is green until there is something to look at."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    stats = [panel for panel in panels if panel["type"] == "stat"]
    assert [panel["title"] for panel in stats] == [
        "Alerts that fire",
        "Events refused",
        "Longest lag",
        "Redirect, 99th percentile",
        "Dead letters in an hour",
        "Webhooks without success",
        "Rewards that wait for a code or budget",
        "Processes down",
    ]
    assert max(panel["gridPos"]["y"] for panel in stats) < min(
        panel["gridPos"]["y"] for panel in panels if panel["type"] == "timeseries"
    )
    for panel in stats:
        colours = [step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert (colours[0], colours[-1]) == ("green", "red")


def test_every_panel_has_a_unit_and_a_place_of_its_own() -> None:
    """A number without a unit says nothing; panels do not overlap."""
    panels = [panel for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"] if panel["type"] != "row"]
    for panel in panels:
        assert panel["fieldConfig"]["defaults"]["unit"] not in ("", "none", "short", "cps"), panel["title"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))


REWARD_METRICS = [row for row in ROWS if row.name.startswith(("reward", "pool_", "budget_", "delivery_", "webhook_"))]


@pytest.mark.parametrize("row", REWARD_METRICS, ids=lambda row: row.name)
def test_what_happens_to_rewards_is_on_the_dashboard(row: MetricRow) -> None:
    """Each metric of rewards, pools, budgets and deliveries has a panel."""
    shown = {name for target in targets() for name, _ in _SERIES.findall(target["expr"])}
    assert shown & {row.full_name, f"{row.full_name}_bucket"}, f"no panel of {DASHBOARD} shows {row.full_name}"


def test_every_level_of_rewards_pools_budgets_and_deliveries_has_an_alert() -> None:
    """What was counted needs none if its level has one."""
    watched = {name.removesuffix("_bucket") for rule in RULES for name, _ in _SERIES.findall(rule["expr"])}
    assert {row.full_name for row in REWARD_METRICS if row.kind == "gauge"} <= watched
    assert {"referral_reward_wait_seconds", "referral_webhook_deliveries_total", "referral_rewards_total"} <= watched


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
    """`summary`: what is wrong and where; `runbook`: what to do. With `info` nothing is wrong, and something can be done."""
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert {len(rule["annotations"][name]) > 20 for name in ("summary", "runbook")} == {True}
    assert rule["alert"] in "".join((PROMETHEUS / name).read_text("utf-8") for name in _ALERT_TESTS)


@pytest.mark.parametrize("words", [("check", "config", "prometheus.yml"), ("test", "rules", *_ALERT_TESTS)])
def test_promtool_accepts_the_configuration_and_the_alert_tests(words: tuple[str, ...]) -> None:
    """The configuration is valid, and the alerts fire when they should and only then."""
    promtool = require_program("promtool", package="prometheus")
    done = subprocess.run([promtool, *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_process_is_started_and_scraped() -> None:
    """The table of processes, the compose file and Prometheus list the same processes."""
    started = {name: one["command"] for name, one in COMPOSE["services"].items() if one["image"] == "referral:local"}
    assert started.pop("topics") == ["referral_tools", "topics", "ensure", "--passwords", "--acls"]
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


def required_variables() -> set[str]:
    """The variables without which `docker compose` refuses to start."""
    return set(re.findall(r"\$\{(\w+):\?", Path("docker-compose.yml").read_text("utf-8")))


def test_the_compose_file_contains_no_secret() -> None:
    """Every password and the key ring come from `.env`, and nothing starts without them; a signing key may be there."""
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            if variable == "REFERRAL_SIGNING_KEY":
                assert value == "${REFERRAL_SIGNING_KEY:-}"
            elif re.search("KEY|PASSWORD|REDIS$", variable):
                assert re.search(r"\$\{\w+:\?", str(value)), f"{name}: {variable}"


def test_one_command_creates_every_secret_once(tmp_path: Path) -> None:
    """All that the compose file requires, at random, for the owner only; a second run changes nothing."""
    shutil.copytree("ops", tmp_path / "ops")
    created = [_env_after_run(tmp_path) for _ in range(2)]
    assert created[0] == created[1]
    values = dict(line.split("=", 1) for line in created[0].splitlines())
    assert values.keys() == required_variables()
    ring = KeyRing.parse(values.pop("REFERRAL_KEYS"), "")
    values |= {purpose: ring.newest(purpose).value for purpose in PURPOSES}
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in values.values())
    assert len(set(values.values())) == len(values)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_a_signing_key_that_exists_is_kept_when_secrets_are_created(tmp_path: Path) -> None:
    """An installation from before passwords were required keeps its links and codes."""
    shutil.copytree("ops", tmp_path / "ops")
    (tmp_path / ".env").write_text("REFERRAL_SIGNING_KEY=the key of last year")
    assert "REFERRAL_SIGNING_KEY=the key of last year\n" in _env_after_run(tmp_path)


def _env_after_run(home: Path) -> str:
    subprocess.run([home / "ops/create-secrets"], check=True, capture_output=True)
    return (home / ".env").read_text()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_container_has_the_kafka_user_of_its_service_and_a_redis_user_of_its_own(row: ProcessRow) -> None:
    """And the password of no other: whoever takes over one process has the rights of that one."""
    service = COMPOSE["services"][row.name]
    environment = service["environment"]
    assert environment["REFERRAL_KAFKA_SECURITY"] == "sasl_plaintext"
    assert environment["REFERRAL_KAFKA_USER"] == row.service
    kafka, redis = (
        password_variable(f"REFERRAL_{kind}_PASSWORD", name)
        for kind, name in (("KAFKA", row.service), ("REDIS", row.name))
    )
    assert environment["REFERRAL_REDIS"].startswith(f"redis://{row.name}:${{{redis}:?")
    given = set(re.findall(r"\$\{(\w+)", json.dumps(environment)))
    assert {name for name in given if "PASSWORD" in name} == {kafka, redis}
    mail = ["mail.env"] if row.name == "delivery" else []  # the only one that sends e-mails
    assert [one["path"] for one in service["env_file"]] == ["settings.env", *mail]  # .env holds every password


def test_kafka_redis_and_folds_are_on_a_network_that_leads_nowhere() -> None:
    """Only what people reach or what calls out is also on the other network; the broker and Redis publish no port."""
    assert COMPOSE["networks"]["back"] == {"internal": True}
    networks = {name: set(service["networks"]) for name, service in COMPOSE["services"].items()}
    back_only = {row.name for row in TABLE if not row.serves and row.name != "delivery"} | {"kafka", "redis", "topics"}
    assert {name for name, joined in networks.items() if joined == {"back"}} == back_only
    assert all("ports" not in COMPOSE["services"][name] for name in back_only)
    assert {row.name for row in TABLE if row.serves} <= {
        n for n, joined in networks.items() if joined == {"front", "back"}
    }


def test_the_broker_checks_users_and_access_rules() -> None:
    """No listener is without a password, and only `admin` is exempt from the rules."""
    kafka = COMPOSE["services"]["kafka"]["environment"]
    protocols = dict(pair.split(":") for pair in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols.values()) == {"SASL_PLAINTEXT"}
    assert kafka["KAFKA_AUTHORIZER_CLASS_NAME"].endswith("StandardAuthorizer")
    assert kafka["KAFKA_SUPER_USERS"] == "User:admin"
    assert "KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND" not in kafka


def test_the_users_of_redis_are_those_of_the_code() -> None:
    """Made by `referral redis acl > ops/redis/users.acl`."""
    assert CliRunner().invoke(main, ["redis", "acl"]).stdout == Path("ops/redis/users.acl").read_text("utf-8")


def test_every_image_has_an_exact_tag_and_a_place_for_its_digest() -> None:
    """A tag without a version, or `latest`, would be another image tomorrow; `.env` may name a digest."""
    images = {name: service["image"] for name, service in COMPOSE["services"].items() if "build" not in service}
    foreign = {name: image for name, image in images.items() if image != "referral:local"}
    for image in foreign.values():
        assert re.fullmatch(r"\$\{REFERRAL_IMAGE_[A-Z]+:-[\w./-]+:v?\d+\.\d[\w.-]*\}", image), image
    dockerfile = Path("Dockerfile").read_text("utf-8")
    [default] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert COMPOSE["services"]["topics"]["build"]["args"]["PYTHON_IMAGE"] == f"${{REFERRAL_IMAGE_PYTHON:-{default}}}"
