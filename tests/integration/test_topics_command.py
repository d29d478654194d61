"""`referral topics ensure`: what stands before a system's first start."""

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient

from referral.topics import TOPICS
from referral_tools.cli import main

pytestmark = pytest.mark.integration


def _ensure(environ: dict[str, str], *options: str, **changed: str) -> Result:
    return CliRunner().invoke(main, ["topics", "ensure", *options], env=environ | changed)


def test_topics_are_made_once(environ: dict[str, str], topic_prefix: str) -> None:
    """The first run makes and names them all, the next finds nothing to do; a secret is not asked for."""
    keyless = {name: value for name, value in environ.items() if name != "REFERRAL_SIGNING_KEY"}
    first = _ensure(keyless)
    assert (first.exit_code, first.stdout.count(" is created\n")) == (0, len(TOPICS)), first.output
    again = _ensure(keyless)
    assert (again.exit_code, again.stdout) == (0, f"{len(TOPICS)} topics are in order, 0 of them new\n")
    client = KafkaAdminClient(bootstrap_servers=environ["REFERRAL_KAFKA"])
    assert {topic_prefix + name for name in TOPICS} <= set(client.list_topics())
    client.close()


def test_a_topic_that_differs_is_refused(environ: dict[str, str], topic_prefix: str) -> None:
    """Another number of partitions would put state elsewhere: the message names topic and remedy, and nothing is changed."""
    _ensure(environ)
    refused = _ensure(environ, REFERRAL_PARTITIONS="5")
    assert refused.exit_code == 1
    assert f"{topic_prefix}events has 4 partitions, not 5" in refused.stderr
    assert _ensure(environ).exit_code == 0


def test_what_is_in_the_way_is_said(environ: dict[str, str]) -> None:
    """A wrong setting, and a broker that is away: one message each, no trace of ours."""
    wrong = _ensure(environ, REFERRAL_PARTITIONS="many")
    assert (wrong.exit_code, "REFERRAL_PARTITIONS" in wrong.stderr) == (1, True)
    away = _ensure(environ, "--wait", "1", REFERRAL_KAFKA="127.0.0.1:1")
    assert (away.exit_code, "127.0.0.1:1" in away.stderr, "REFERRAL_KAFKA" in away.stderr) == (1, True, True)


def test_access_rules_need_a_broker_that_checks_them(environ: dict[str, str]) -> None:
    """Rules at a broker without an authorizer would protect nothing: the message names the broker's setting."""
    refused = _ensure(environ, "--acls")
    assert (refused.exit_code, "authorizer.class.name" in refused.stderr) == (1, True), refused.output
