"""Configuration: one table of settings, each with its environment variable, default and meaning.

`docs/configuration.md` is made from it. Wrong values are refused at start, all at once and each by its name.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from referral import setting_checks
from referral.setting import ConfigError, read_setting, setting

__all__ = ["ConfigError", "Settings", "table_rows"]

_SERVERS = re.compile(r"[^\s,/]+:\d+(,[^\s,/]+:\d+)*"), "write host:port, several with commas between them"
_REDIS = re.compile(r"(rediss?|unix)://\S+"), "write redis://host:port/number, or rediss:// for TLS"
_ADDRESS = re.compile(r"https?://[^\s/]+\S*"), "write a complete address, e.g. https://go.example.com"
_CLOCK = re.compile(r"system|file:.+"), "write `system`, or `file:` and a path"
_RATE = re.compile(r"[1-9]\d*/(\d+ )?(second|minute|hour|day)s?"), "write a number and a unit, e.g. 600/minute"
_NAME = re.compile(r"[A-Za-z0-9._-]{0,100}"), "use letters, digits, `.`, `_` and `-`, at most 100"
_CERTIFICATES = setting_checks.check_certificates, "name a readable PEM file with certificates, or leave it empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that can be set. Made by `Settings.from_env`; a test may make one directly."""

    signing_key: str = setting(
        "REFERRAL_SIGNING_KEY",
        "Signs click, wallet and guide tokens, derives pattern codes and seals adapters' secrets; the same in every process, at"
        " least 32 characters (`openssl rand -base64 48` makes one).",
        secret=True,
        least_length=32,
    )
    kafka: str = setting(
        "REFERRAL_KAFKA",
        "Bootstrap servers of the broker, host:port, comma-separated.",
        "127.0.0.1:9092",
        form=_SERVERS,
    )
    kafka_security: str = setting(
        "REFERRAL_KAFKA_SECURITY",
        "How to connect to the broker: `ssl` and `sasl_ssl` encrypt, `sasl_plaintext` and `sasl_ssl` authenticate with user and"
        " password.",
        "plaintext",
        choices=("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
    )
    kafka_mechanism: str = setting(
        "REFERRAL_KAFKA_MECHANISM",
        "SASL mechanism of the broker.",
        "SCRAM-SHA-512",
        choices=("SCRAM-SHA-512", "SCRAM-SHA-256"),
    )
    kafka_user: str = setting("REFERRAL_KAFKA_USER", "User of this process at the broker.", "", form=_NAME)
    kafka_password: str = setting("REFERRAL_KAFKA_PASSWORD", "That user's password.", "", secret=True)
    kafka_ca: str = setting(
        "REFERRAL_KAFKA_CA",
        "PEM file of the certificate authorities that the broker's certificate is checked with; the system's where empty.",
        "",
        works=_CERTIFICATES,
    )
    redis: str = setting(
        "REFERRAL_REDIS",
        "URL of Redis, which must run with `noeviction`: rediss:// for TLS, with `user:password@` before the host for an ACL user.",
        "redis://127.0.0.1:6379/0",
        form=_REDIS,
        works=(setting_checks.check_redis_url, _REDIS[1]),
        secret=True,
    )
    redis_ca: str = setting(
        "REFERRAL_REDIS_CA",
        "PEM file of the certificate authorities that Redis' certificate is checked with; the system's where empty.",
        "",
        works=_CERTIFICATES,
    )
    topic_prefix: str = setting(
        "REFERRAL_TOPIC_PREFIX", "What the topics' and consumer groups' names begin with.", "referral.", form=_NAME
    )
    partitions: int = setting(
        "REFERRAL_PARTITIONS", "Partitions of each keyed topic; fixed once the topics exist.", 8, least=1, most=1024
    )
    replication: int = setting("REFERRAL_REPLICATION", "Replicas of each topic; 3 in production.", 1, least=1, most=9)
    clock: str = setting(
        "REFERRAL_CLOCK",
        "`system`, or `file:PATH` for a simulated time that several processes share.",
        "system",
        form=_CLOCK,
        works=(setting_checks.check_clock, "name a file that can be written"),
    )
    public_url: str = setting(
        "REFERRAL_PUBLIC_URL",
        "Where people reach link-issuer: links begin with it.",
        "http://127.0.0.1:8001",
        form=_ADDRESS,
    )
    wallet_url: str = setting(
        "REFERRAL_WALLET_URL",
        "Where people reach reward-dispatcher: guide downloads begin with it.",
        "http://127.0.0.1:8003",
        form=_ADDRESS,
    )
    board_url: str = setting(
        "REFERRAL_BOARD_URL",
        "Where people reach leaderboard: board pages begin with it.",
        "http://127.0.0.1:8004",
        form=_ADDRESS,
    )
    leaderboard: str = setting(
        "REFERRAL_LEADERBOARD",
        "Where conversion-tracker reaches leaderboard, to tell a referrer's rank in an explanation.",
        "http://127.0.0.1:8004",
        form=_ADDRESS,
    )
    http_host: str = setting(
        "REFERRAL_HTTP_HOST",
        "IP address an HTTP service listens on, and a fold or worker with its metrics.",
        "127.0.0.1",
        works=(setting_checks.check_local_address, "write an IP address of this machine, or 0.0.0.0 for all it has"),
    )
    http_port: int = setting("REFERRAL_HTTP_PORT", "Port an HTTP service listens on.", 8000, least=1, most=65535)
    http_threads: int = setting(
        "REFERRAL_HTTP_THREADS",
        "Requests served at once by an HTTP process; a durable write waits in one.",
        64,
        least=1,
        most=1024,
    )
    http_workers: int = setting("REFERRAL_HTTP_WORKERS", "Processes of an HTTP service.", 1, least=1, most=64)
    proxies: int = setting(
        "REFERRAL_PROXIES",
        "Reverse proxies in front of an HTTP service: so many of the last entries of X-Forwarded-For are believed.",
        0,
        least=0,
        most=9,
    )
    metrics_port: int = setting(
        "REFERRAL_METRICS_PORT",
        "Port for /metrics, /healthz and /readyz of a fold or worker; 0 for none.",
        0,
        least=0,
        most=65535,
    )
    worker: str = setting(
        "REFERRAL_WORKER",
        "Name of this worker's slot; one that comes back under it takes its partitions at once.",
        "",
        form=_NAME,
    )
    collect_ms: int = setting(
        "REFERRAL_COLLECT_MS", "How long a single event waits for company, milliseconds.", 5, least=0, most=100
    )
    ack_timeout_ms: int = setting(
        "REFERRAL_ACK_TIMEOUT_MS",
        "How long a write waits for the log before it is answered 503, milliseconds.",
        1800,
        least=50,
        most=60_000,
    )
    max_in_flight: int = setting(
        "REFERRAL_MAX_IN_FLIGHT",
        "Lines of a process that may wait for the log; more are answered 503.",
        20_000,
        least=1,
        most=1_000_000,
    )
    max_body: int = setting(
        "REFERRAL_MAX_BODY", "Largest request body, bytes.", 1024 * 1024, least=1024, most=64 * 1024 * 1024
    )
    max_event: int = setting("REFERRAL_MAX_EVENT", "Largest event, bytes.", 8 * 1024, least=256, most=1024 * 1024)
    future_tolerance_s: int = setting(
        "REFERRAL_FUTURE_TOLERANCE_S",
        "How far ahead of our clock an event may say it happened, seconds.",
        300,
        least=0,
        most=86_400,
    )
    lateness_days: int = setting(
        "REFERRAL_LATENESS_DAYS",
        "Events that reach the log more than so many days after they happened are kept, but change no verdict and no count.",
        35,
        least=1,
        most=400,
    )
    invalid_run: int = setting(
        "REFERRAL_INVALID_RUN",
        "Lines in a row that a fold may find invalid before it stops (or half of the last 2,000); 0 sets every one aside.",
        500,
        least=0,
        most=1_000_000,
    )
    tick_seconds: int = setting(
        "REFERRAL_TICK_SECONDS", "How often the clock ticks on the log, seconds.", 60, least=1, most=86_400
    )
    rate_limit: str = setting(
        "REFERRAL_RATE_LIMIT",
        "Requests allowed per key (or address) on management routes; ingest and redirect are bounded in flight.",
        "6000/minute",
        form=_RATE,
    )
    guides: str = setting(
        "REFERRAL_GUIDES",
        "Folder of the guides that rewards of kind `guide` give.",
        "examples/guides",
        works=(setting_checks.check_folder, "name a folder that is there"),
    )
    webhook_loopback: bool = setting(
        "REFERRAL_WEBHOOK_LOOPBACK",
        "Whether webhooks may go to loopback addresses; for development only.",
        default=False,
    )
    dev_key: str = setting(
        "REFERRAL_DEV_KEY", "The API key that `referral run` makes; a fresh one where empty.", "", secret=True
    )
    log_level: str = setting(
        "REFERRAL_LOG_LEVEL", "Least level that is logged.", "info", choices=("debug", "info", "warning", "error")
    )
    log_format: str = setting(
        "REFERRAL_LOG_FORMAT", "`json`, or `console` for people.", "json", choices=("json", "console")
    )
    failpoints: str = setting(
        "REFERRAL_FAILPOINTS",
        "Where a test ends or stops a fold; empty in production.",
        "",
        works=(setting_checks.check_failpoints, "correct it, or leave it empty"),
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that the environment gives. Raises ConfigError naming all that are missing or wrong."""
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for row in fields(cls):
            try:
                values[row.name] = read_setting(row, environ)
            except ConfigError as error:
                mistakes.append(str(error))
        settings = None if mistakes else cls(**values)
        mistakes += setting_checks.transport_contradictions(settings) if settings is not None else []
        if settings is None or mistakes:
            raise ConfigError("\n".join(mistakes))
        return settings


def table_rows() -> list[tuple[str, str, str]]:
    """The table for people: environment variable, default, meaning."""
    return [(row.metadata["env"], _default_text(row), row.metadata["meaning"]) for row in fields(Settings)]


def _default_text(row: "Field[Any]") -> str:
    if row.default is MISSING:
        return "required"
    return str(row.default).lower() if isinstance(row.default, bool) else str(row.default)
