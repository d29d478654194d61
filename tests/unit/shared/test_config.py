"""Configuration: invalid settings are reported by name, with a remedy, and without revealing a secret."""

from dataclasses import fields
from pathlib import Path

import pytest

from referral.config import ConfigError, Settings, table_rows
from referral.key_ring import PURPOSES
from referral_tools.stack.security import create_authority

GOOD = {"REFERRAL_SIGNING_KEY": "k" * 32}


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The certificate of an authority."""
    create_authority(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


def error_for(**environ: str) -> str:
    """The error message if these variables are set in addition to a valid signing key."""
    with pytest.raises(ConfigError) as raised:
        Settings.from_env(GOOD | environ)
    return str(raised.value)


def test_only_the_signing_key_is_required() -> None:
    """One setting is enough to start; a default signing key would be known to everyone. A complete key ring replaces it."""
    assert Settings.from_env(GOOD).partitions == 8
    with pytest.raises(ConfigError, match="REFERRAL_SIGNING_KEY is required but not set"):
        Settings.from_env({})
    ring = ",".join(f"{purpose}:2026a:{purpose * 8}" for purpose in PURPOSES)
    assert Settings.from_env({"REFERRAL_KEYS": ring}).key_ring().newest("codes").value == "codes" * 8


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("REFERRAL_KAFKA", "localhost", "host:port"),
        ("REFERRAL_REDIS", "localhost:6379", "redis://host:port"),
        ("REFERRAL_REDIS", "redis://h:notaport/0", "redis://host:port"),
        ("REFERRAL_REDIS", "redis://h:6379/first", "redis://host:port"),
        ("REFERRAL_REDIS", "redis://h:6379/0?db=first", "redis://host:port"),
        ("REFERRAL_CLOCK", "sundial", "`system`"),
        ("REFERRAL_CLOCK", "file:/proc/nowhere/clock", "name a writable file"),
        ("REFERRAL_CLOCK", "file:/dev/null/clock", "name a writable file"),
        ("REFERRAL_HTTP_HOST", "example.com", "an IP address of this machine"),
        ("REFERRAL_HTTP_HOST", "203.0.113.9", "an IP address of this machine"),
        ("REFERRAL_HTTP_HOST", "", "0.0.0.0 for all"),
        ("REFERRAL_GUIDES", "no/such/folder", "name an existing folder"),
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
        ("REFERRAL_KEYS", "tokens:2026b", "entry 1 must be PURPOSE:ID:VALUE"),
        ("REFERRAL_KEYS", f"tokens:a:{'x' * 32} {'y' * 32}", "entry 2 must be PURPOSE:ID:VALUE"),
        ("REFERRAL_KEYS", f"token:2026b:{'x' * 32}", "begin with one of tokens, codes, sealing"),
        ("REFERRAL_KEYS", f"tokens:2026.b:{'x' * 32}", "the id of entry 1 (tokens) must be 1 to 16"),
        ("REFERRAL_KEYS", f"tokens::{'x' * 32}", "the id of entry 1 (tokens) must be 1 to 16"),
        ("REFERRAL_KEYS", "tokens:2026b:short", "the value of tokens:2026b must have 32 to 1024 characters"),
        ("REFERRAL_KEYS", f"tokens:a:{'x' * 32},tokens:a:{'y' * 32}", "two keys tokens:a"),
        ("REFERRAL_KEYS", f"tokens:a:{'x' * 32},codes:a:{'x' * 32}", "codes:a has the value of tokens:a"),
        ("REFERRAL_KEYS", " ".join(f"tokens:k{n}:{n:032}" for n in range(65)), "at most 64"),
        ("REFERRAL_KEYS", "file:/no/such/file", "the file /no/such/file cannot be read"),
    ],
)
def test_an_invalid_value_is_reported_with_its_name_and_a_remedy(variable: str, value: str, remedy: str) -> None:
    """The message names the variable and what to write."""
    message = error_for(**{variable: value})
    assert variable in message
    assert remedy in message


def test_all_invalid_settings_are_reported_together() -> None:
    """One line for each, in the order of the table."""
    lines = error_for(REFERRAL_KAFKA="x", REFERRAL_HTTP_PORT="y", REFERRAL_LOG_LEVEL="z").splitlines()
    assert [line.split(" is invalid: ")[0] for line in lines] == [
        "REFERRAL_KAFKA='x'",
        "REFERRAL_HTTP_PORT='y'",
        "REFERRAL_LOG_LEVEL='z'",
    ]


def test_a_secret_is_never_shown() -> None:
    """Neither in an error message nor when settings are printed."""
    assert "hunter2" not in error_for(REFERRAL_SIGNING_KEY="hunter2")
    for ring in ("hunter2", "tokens:hunter2", "tokens:a:hunter2", f"x:a:{'hunter2' * 6}", f"tokens:A:{'hunter2' * 6}"):
        assert "hunter2" not in error_for(REFERRAL_KEYS=ring).replace("id of entry", "")
    assert "hunter2" not in repr(Settings(keys="tokens:a:hunter2"))
    assert "hunter2" not in error_for(REFERRAL_REDIS="http://:hunter2@cache")
    assert "hunter2" not in error_for(REFERRAL_REDIS="redis://user:hunter2/@cache:6379/0")
    assert "hunter2" not in repr(Settings(signing_key="hunter2" * 5, redis="redis://:hunter2@cache:6379/0"))


def test_several_brokers_and_redis_with_tls_are_accepted(tmp_path: Path) -> None:
    """As in production."""
    accepted = Settings.from_env(
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
    assert accepted.kafka.count(":9092") == 3


def test_every_setting_has_its_own_variable_and_a_meaning() -> None:
    """The table is the documentation."""
    table = table_rows()
    assert len({variable for variable, _, _ in table}) == len(table) == len(fields(Settings))
    assert all(variable.startswith("REFERRAL_") and meaning.endswith(".") for variable, _, meaning in table)


def test_the_defaults_pass_their_own_checks() -> None:
    """Setting a variable to its default changes nothing."""
    defaults = {variable: default for variable, default, _ in table_rows() if default != "required"}
    assert Settings.from_env(defaults | GOOD) == Settings.from_env(GOOD)


SASL = {"REFERRAL_KAFKA_SECURITY": "sasl_ssl", "REFERRAL_KAFKA_USER": "attribute", "REFERRAL_KAFKA_PASSWORD": "hunter2"}


@pytest.mark.parametrize(
    ("environ", "named", "remedy"),
    [
        ({"REFERRAL_KAFKA_SECURITY": "sasl_ssl"}, "REFERRAL_KAFKA_PASSWORD", "set both"),
        (SASL | {"REFERRAL_KAFKA_USER": ""}, "REFERRAL_KAFKA_USER", "set both"),
        (SASL | {"REFERRAL_KAFKA_SECURITY": "plaintext"}, "REFERRAL_KAFKA_USER", "sasl_ssl"),
        (SASL | {"REFERRAL_KAFKA_SECURITY": "ssl"}, "REFERRAL_KAFKA_USER", "sasl_plaintext"),
        ({"REFERRAL_KAFKA_PASSWORD": "hunter2"}, "REFERRAL_KAFKA_PASSWORD", "sasl_ssl"),
        ({"REFERRAL_KAFKA_CA": "CA"}, "REFERRAL_KAFKA_CA", "ssl or sasl_ssl"),
        (
            SASL | {"REFERRAL_KAFKA_SECURITY": "sasl_plaintext", "REFERRAL_KAFKA_CA": "CA"},
            "REFERRAL_KAFKA_CA",
            "sasl_ssl",
        ),
        ({"REFERRAL_REDIS_CA": "CA"}, "REFERRAL_REDIS_CA", "rediss://"),
        (
            {"REFERRAL_REDIS_CA": "CA", "REFERRAL_REDIS": "redis-cluster://a:1"},
            "REFERRAL_REDIS_CA",
            "rediss-cluster://",
        ),
        (
            {"REFERRAL_REDIS": "redis-cluster://user:hunter2@a:1,b:2/1"},
            "REFERRAL_REDIS",
            "only one: leave out the number",
        ),
        (
            {"REFERRAL_REDIS": "redis-cluster://user:hunter2@a:1,b"},
            "REFERRAL_REDIS",
            "redis-cluster://host:port,host:port, with rediss for TLS (node 2 is not host:port)",
        ),
        (
            {"REFERRAL_REDIS": "redis-cluster://user:hunter2@a:1,user:hunter2@b:1"},
            "REFERRAL_REDIS",
            "write user:password@ once, before the first host",
        ),
        ({"REFERRAL_KAFKA_SECURITY": "tls"}, "REFERRAL_KAFKA_SECURITY", "sasl_ssl"),
        (SASL | {"REFERRAL_KAFKA_MECHANISM": "PLAIN"}, "REFERRAL_KAFKA_MECHANISM", "SCRAM-SHA-512"),
        (SASL | {"REFERRAL_KAFKA_USER": "a,r=b"}, "REFERRAL_KAFKA_USER", "letters, digits"),
    ],
)
def test_a_password_or_certificate_that_would_not_be_used_is_refused(
    environ: dict[str, str], named: str, remedy: str, authority: Path
) -> None:
    """An operator who sets one relies on it."""
    message = error_for(**{name: str(authority) if value == "CA" else value for name, value in environ.items()})
    assert named in message
    assert remedy in message
    assert "hunter2" not in message


@pytest.mark.parametrize("variable", ["REFERRAL_KAFKA_CA", "REFERRAL_REDIS_CA"])
def test_a_file_without_certificates_is_refused(variable: str, tmp_path: Path) -> None:
    """A missing file, a folder, an empty file and one that is no PEM file."""
    (tmp_path / "empty.pem").touch()
    (tmp_path / "key.pem").write_text("-----BEGIN NOTHING-----")
    for path in (tmp_path / "missing.pem", tmp_path, tmp_path / "empty.pem", tmp_path / "key.pem"):
        assert "PEM file" in error_for(**{variable: str(path)})


def test_credentials_and_authorities_that_belong_together_are_accepted(authority: Path) -> None:
    """As in production; the password appears nowhere."""
    environ = SASL | {
        "REFERRAL_KAFKA_CA": str(authority),
        "REFERRAL_REDIS": "rediss://attribute:hunter2@cache:6380/0",
        "REFERRAL_REDIS_CA": str(authority),
    }
    cluster = {"REFERRAL_REDIS": "rediss-cluster://attribute:hunter2@cache-1:6380,cache-2:6380"}
    assert "hunter2" not in repr(Settings.from_env(GOOD | environ | cluster))
    accepted = Settings.from_env(GOOD | environ)
    assert accepted.kafka_password == "hunter2"
    assert "hunter2" not in repr(accepted)
