"""Configuration: refused at start by name, with a remedy, and without telling a secret."""

from dataclasses import fields
from pathlib import Path

import pytest

from referral.config import ConfigError, Settings, table_rows

GOOD = {"REFERRAL_SIGNING_KEY": "k" * 32}


def refusal(**environ: str) -> str:
    """What is said when these variables are set beside a good signing key."""
    with pytest.raises(ConfigError) as raised:
        Settings.from_env(GOOD | environ)
    return str(raised.value)


def test_only_the_signing_key_has_no_default() -> None:
    """A system starts with one setting; a key that everybody knows would sign for everybody."""
    assert Settings.from_env(GOOD).partitions == 8
    with pytest.raises(ConfigError, match="REFERRAL_SIGNING_KEY is not set"):
        Settings.from_env({})


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("REFERRAL_KAFKA", "localhost", "host:port"),
        ("REFERRAL_REDIS", "localhost:6379", "redis://host:port"),
        ("REFERRAL_REDIS", "redis://h:notaport/0", "redis://host:port"),
        ("REFERRAL_REDIS", "redis://h:6379/first", "redis://host:port"),
        ("REFERRAL_REDIS", "redis://h:6379/0?db=first", "redis://host:port"),
        ("REFERRAL_CLOCK", "sundial", "`system`"),
        ("REFERRAL_CLOCK", "file:/proc/nowhere/clock", "a file that can be written"),
        ("REFERRAL_CLOCK", "file:/dev/null/clock", "a file that can be written"),
        ("REFERRAL_HTTP_HOST", "example.com", "an IP address of this machine"),
        ("REFERRAL_HTTP_HOST", "203.0.113.9", "an IP address of this machine"),
        ("REFERRAL_HTTP_HOST", "", "0.0.0.0 for all"),
        ("REFERRAL_GUIDES", "no/such/folder", "a folder that is there"),
        ("REFERRAL_FAILPOINTS", "attribute.after_lunch=kill", "after_load"),
        ("REFERRAL_FAILPOINTS", "attribute.after_load=nap", "FOLD.POINT=ACTION:PROBABILITY"),
        ("REFERRAL_FAILPOINTS", "attribute.after_load=kill:often", "must be a number; got 'often'"),
        ("REFERRAL_TOPIC_PREFIX", "a b", "letters, digits"),
        ("REFERRAL_PARTITIONS", "0", "from 1 to 1024"),
        ("REFERRAL_PARTITIONS", "eight", "a whole number"),
        ("REFERRAL_HTTP_PORT", "65536", "from 1 to 65535"),
        ("REFERRAL_PUBLIC_URL", "go.example.com", "https://"),
        ("REFERRAL_RATE_LIMIT", "often", "600/minute"),
        ("REFERRAL_LOG_FORMAT", "xml", "json, console"),
        ("REFERRAL_WEBHOOK_LOOPBACK", "perhaps", "true or false"),
        ("REFERRAL_SIGNING_KEY", "short", "at least 32"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_a_remedy(variable: str, value: str, remedy: str) -> None:
    """Whoever starts the process knows at once what to change."""
    said = refusal(**{variable: value})
    assert variable in said
    assert remedy in said


def test_all_mistakes_are_told_at_once() -> None:
    """One start is enough to find them."""
    said = refusal(REFERRAL_KAFKA="x", REFERRAL_HTTP_PORT="y", REFERRAL_LOG_LEVEL="z").splitlines()
    assert [line.split()[0] for line in said] == ["REFERRAL_KAFKA", "REFERRAL_HTTP_PORT", "REFERRAL_LOG_LEVEL"]


def test_a_secret_is_never_shown() -> None:
    """Neither in a refusal nor when settings are printed."""
    assert "hunter2" not in refusal(REFERRAL_SIGNING_KEY="hunter2")
    assert "hunter2" not in refusal(REFERRAL_REDIS="http://:hunter2@cache")
    assert "hunter2" not in refusal(REFERRAL_REDIS="redis://user:hunter2/@cache:6379/0")
    assert "hunter2" not in repr(Settings(signing_key="hunter2" * 5, redis="redis://:hunter2@cache:6379/0"))


def test_several_brokers_and_a_redis_with_tls_are_taken(tmp_path: Path) -> None:
    """As in production."""
    taken = Settings.from_env(
        GOOD
        | {
            "REFERRAL_KAFKA": "kafka-1:9092,kafka-2:9092,[::1]:9092",
            "REFERRAL_REDIS": "rediss://user:pass@cache.example.com:6380/1",
            "REFERRAL_RATE_LIMIT": "20/second",
            "REFERRAL_CLOCK": f"file:{tmp_path}/new/clock",
            "REFERRAL_HTTP_HOST": "0.0.0.0",
            "REFERRAL_FAILPOINTS": "attribute.after_load=kill:0.5, screen.after_apply=stop",
        }
    )
    assert taken.kafka.count(":9092") == 3


def test_every_setting_has_a_variable_of_its_own_and_a_meaning() -> None:
    """The table is the documentation."""
    table = table_rows()
    assert len({variable for variable, _, _ in table}) == len(table) == len(fields(Settings))
    assert all(variable.startswith("REFERRAL_") and meaning.endswith(".") for variable, _, meaning in table)


def test_the_defaults_pass_their_own_checks() -> None:
    """Writing a default out changes nothing."""
    spelled = {variable: default for variable, default, _ in table_rows() if default != "required"}
    assert Settings.from_env(GOOD | spelled) == Settings.from_env(GOOD)
