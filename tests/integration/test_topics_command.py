"""`referral topics ensure`, which is run before a system's first start."""

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient

from referral.topics import TOPICS
from referral_tools.cli import main

pytestmark = pytest.mark.integration


def _ensure(environ: dict[str, str], *options: str, **changed: str) -> Result:
    return CliRunner().invoke(main, ["topics", "ensure", *options], env=environ | changed)


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
    _ensure(environ)
    refused = _ensure(environ, REFERRAL_PARTITIONS="5")
    assert refused.exit_code == 1
    assert f"{topic_prefix}events has 4 partitions, not 5" in refused.stderr
    assert _ensure(environ).exit_code == 0


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
