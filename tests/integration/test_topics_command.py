"""`referral topics ensure`, which is run before a system's first start, and `show` and `doctor`, which report."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from referral.log.present_topics import describe_present_topics
from referral.topics import TOPICS
from referral_tools.cli import main
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def _ensure(environ: dict[str, str], *options: str, **changed: str) -> Result:
    return _run("ensure", environ, *options, **changed)


def _create(environ: dict[str, str]) -> None:
    """Creates the topics of the test; all are in order afterwards."""
    ensured = _ensure(environ, "--wait", "60")
    assert ensured.exit_code == 0, ensured.output


def _run(command: str, environ: dict[str, str], *options: str, **changed: str) -> Result:
    return CliRunner().invoke(main, ["topics", command, *options], env=environ | changed)


def _set(environ: dict[str, str], topic: str, **settings: str) -> None:
    """Changes settings of a topic, `min_insync_replicas=…`, as an operator would with kafka-configs.sh."""
    client = KafkaAdminClient(bootstrap_servers=environ["REFERRAL_KAFKA"])
    changes = {name.replace("_", "."): value for name, value in settings.items()}
    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changes)])
    wait_until(lambda: changes.items() <= describe_present_topics(client, [topic])[topic].settings.items())
    client.close()


def test_topics_are_created_once(environ: dict[str, str], topic_prefix: str) -> None:
    """The first run creates and names all of them, the next has nothing to do; no secret is needed."""
    keyless = {name: value for name, value in environ.items() if name != "REFERRAL_SIGNING_KEY"}
    first = _ensure(keyless)
    assert (first.exit_code, first.stdout.count(" is created\n")) == (0, len(TOPICS)), first.output
    again = _ensure(keyless)
    assert (again.exit_code, again.stdout) == (0, f"{len(TOPICS)} topics are in order, 0 of them new\n")
    client = KafkaAdminClient(bootstrap_servers=environ["REFERRAL_KAFKA"])
    assert {topic_prefix + name for name in TOPICS} <= set(client.list_topics())
    client.close()


def test_a_topic_that_differs_is_refused(environ: dict[str, str], topic_prefix: str) -> None:
    """Another partition count would move state: the message names topic and remedy, and nothing is changed."""
    _create(environ)
    refused = _ensure(environ, REFERRAL_PARTITIONS="5")
    assert refused.exit_code == 1
    assert f"{topic_prefix}events has 4 partitions, not 5" in refused.stderr
    assert _ensure(environ).exit_code == 0


def test_retention_is_set_on_topics_that_exist_and_checked(environ: dict[str, str], topic_prefix: str) -> None:
    """`doctor` names what differs and changes nothing, `ensure` sets it."""
    _create(environ)
    other = environ | {"REFERRAL_RETENTION": "events=800,rejected=14", "REFERRAL_ERASE_WITHIN_S": "4"}
    found = CliRunner().invoke(main, ["topics", "doctor"], env=other)
    day = 86_400_000
    expected = {
        f"{topic_prefix}events: retention.ms was -1, is {800 * day} now",
        f"{topic_prefix}rejected: retention.ms was {30 * day}, is {14 * day} now",
        f"{topic_prefix}people: max.compaction.lag.ms was 1800000, is 2000 now",
        f"{topic_prefix}people: segment.ms was 1800000, is 2000 now",
    }
    assert (found.exit_code, found.stdout.count("retention.ms")) == (1, 2), found.output
    changed = _ensure(other)
    assert (changed.exit_code, set(changed.stdout.splitlines()[:-1])) == (0, expected), changed.output
    fine = CliRunner().invoke(main, ["topics", "doctor"], env=other)
    assert (fine.exit_code, "are in order" in fine.stdout) == (0, True), fine.output


@pytest.mark.parametrize(
    "retention", ["people=3", "catalog=3", "no=3", "events=0", "events=99999", "events=3,events=4", "events"]
)
def test_an_invalid_retention_is_refused(retention: str, environ: dict[str, str]) -> None:
    """Compacted topics have none; days are bounded; each topic is named once."""
    refused = _ensure(environ, REFERRAL_RETENTION=retention)
    assert (refused.exit_code, "REFERRAL_RETENTION" in refused.stderr) == (1, True), refused.output


def test_events_are_not_deleted_before_late_ones_arrive(environ: dict[str, str]) -> None:
    """The lateness bound decides which events still count."""
    refused = _ensure(environ, REFERRAL_RETENTION="events=35")
    assert (refused.exit_code, "write events=36 or more" in refused.stderr) == (1, True), refused.output


def test_an_invalid_setting_and_an_unavailable_broker_are_reported(environ: dict[str, str]) -> None:
    """One message each, without a traceback."""
    wrong = _ensure(environ, REFERRAL_PARTITIONS="many")
    assert (wrong.exit_code, "REFERRAL_PARTITIONS" in wrong.stderr) == (1, True)
    away = _ensure(environ, "--wait", "1", REFERRAL_KAFKA="127.0.0.1:1")
    assert (away.exit_code, "127.0.0.1:1" in away.stderr, "REFERRAL_KAFKA" in away.stderr) == (1, True, True)


def test_access_rules_need_a_broker_that_checks_them(environ: dict[str, str]) -> None:
    """Rules at a broker without an authorizer would protect nothing: the message names the broker's setting."""
    refused = _ensure(environ, "--acls")
    assert (refused.exit_code, "authorizer.class.name" in refused.stderr) == (1, True), refused.output


def test_a_setting_that_differs_is_set(environ: dict[str, str], topic_prefix: str) -> None:
    """Each change is printed; the next run has nothing to do."""
    _create(environ)
    _set(environ, f"{topic_prefix}events", min_insync_replicas="2", retention_ms="1000000")
    assert "events has retention.ms=1000000, not -1" in _run("doctor", environ).stdout
    repaired = _ensure(environ)
    assert f"{topic_prefix}events: min.insync.replicas was 2, is 1 now" in repaired.stdout
    assert f"{topic_prefix}events: retention.ms was 1000000, is -1 now" in repaired.stdout
    assert _ensure(environ).stdout == f"{len(TOPICS)} topics are in order, 0 of them new\n"


def test_a_setting_that_would_remove_records_is_not_set(environ: dict[str, str], topic_prefix: str) -> None:
    """The message has the command; nothing else is changed either."""
    _create(environ)
    _set(environ, f"{topic_prefix}events", min_insync_replicas="2")
    _set(environ, f"{topic_prefix}rejected", retention_ms="-1")
    refused = _ensure(environ)
    assert (refused.exit_code, "--add-config retention.ms=2592000000" in refused.stderr) == (1, True), refused.output
    assert "min.insync.replicas=2, not 1" in _run("doctor", environ).stdout


def test_the_topics_are_shown_and_in_order(environ: dict[str, str], topic_prefix: str) -> None:
    """A row for each topic, in the order of the table; the doctor finds nothing."""
    _create(environ)
    shown = _run("show", environ).stdout.splitlines()
    rows = {row[0]: row[1:5] for row in (line.split() for line in shown[2:])}
    assert [name for name in rows if name.startswith(topic_prefix)] == [topic_prefix + name for name in TOPICS]
    assert rows[f"{topic_prefix}events"] == ["4", "1", "1", "1"]
    assert rows[f"{topic_prefix}catalog"] == ["1", "1", "1", "1"]
    healthy = _run("doctor", environ)
    assert (healthy.exit_code, "in order" in healthy.stdout) == (0, True), healthy.output


def test_replicas_that_the_brokers_cannot_hold_are_refused_and_diagnosed(
    environ: dict[str, str], topic_prefix: str, tmp_path: Path
) -> None:
    """Before and after the topics exist: the message names the brokers, the setting and, if there is one, the plan."""
    refused = _ensure(environ, "--wait", "10", REFERRAL_REPLICATION="3")
    assert (refused.exit_code, "fewer than 3 brokers" in refused.stderr) == (1, True), refused.output
    _create(environ)
    found = _run("doctor", environ, "--plan", str(tmp_path / "plan.json"), REFERRAL_REPLICATION="3")
    assert found.exit_code == 1
    assert "1 brokers are running and REFERRAL_REPLICATION is 3" in found.stdout
    assert f"{topic_prefix}events has 1 replicas, not 3" in found.stdout
    assert "3 replicas need as many brokers" in found.stderr
    assert not (tmp_path / "plan.json").exists()
