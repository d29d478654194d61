"""Configuration: one table of settings, each with its environment variable, default and meaning.

`docs/configuration.md` is generated from it. Invalid values end the process at start, all reported together by name.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from referral import setting_checks
from referral.key_ring import KeyRing
from referral.setting import ConfigError, read_setting, setting

__all__ = ["ConfigError", "Settings", "table_rows"]

_SERVERS = re.compile(r"[^\s,/]+:\d+(,[^\s,/]+:\d+)*"), "write host:port, several separated by commas"
_REDIS = (
    re.compile(r"(rediss?(-cluster)?|unix)://\S+"),
    "write redis://host:port/number or redis-cluster://host:port,host:port, with rediss for TLS",
)
_ADDRESS = re.compile(r"https?://[^\s/]+\S*"), "write a complete URL, e.g. https://go.example.com"
_CLOCK = re.compile(r"system|file:.+"), "write `system`, or `file:` and a path"
_RATE = re.compile(r"[1-9]\d*/(\d+ )?(second|minute|hour|day)s?"), "write a number and a unit, e.g. 600/minute"
_NAME = re.compile(r"[A-Za-z0-9._-]{0,100}"), "use letters, digits, `.`, `_` and `-`, at most 100"
_HOST = re.compile(r"[A-Za-z0-9._:-]{0,253}"), "write a host name or an IP address"
_MAIL_ADDRESS = (  # of RFC 5321, without quotes: every mail server takes it
    re.compile(r"((?=.{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9.-]{1,189})?", re.ASCII),
    "write one address of ASCII characters, e.g. rewards@example.com",
)
_CERTIFICATES = setting_checks.check_certificates, "name a readable PEM file with certificates, or leave it empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All settings, read by `Settings.from_env`; a test may create them directly."""

    signing_key: str = setting(
        "REFERRAL_SIGNING_KEY",
        "Key that signs tokens, derives discount codes and seals secrets, as long as REFERRAL_KEYS has no newer key for it. The"
        " same in every process, at least 32 characters (`openssl rand -base64 48` generates one). Required without REFERRAL_KEYS.",
        "",
        secret=True,
        check=(
            setting_checks.check_signing_key,
            "write at least 32 characters, or leave it empty if REFERRAL_KEYS is set",
        ),
    )
    keys: str = setting(
        "REFERRAL_KEYS",
        "Key ring: `PURPOSE:ID:VALUE`, separated by commas, the newest of each purpose first, or `file:` and the path of a file"
        " with one in each line. Purposes: tokens, codes, sealing, sessions. The newest signs, older ones only read"
        " ([rotating keys](runbooks/rotate-keys.md)).",
        "",
        secret=True,
    )
    kafka: str = setting(
        "REFERRAL_KAFKA",
        "Kafka bootstrap servers, host:port, comma-separated.",
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
        check=_CERTIFICATES,
    )
    redis: str = setting(
        "REFERRAL_REDIS",
        "URL of Redis, which must run with the eviction policy `noeviction`: rediss:// for TLS, `user:password@` before the host."
        " Of a [Redis Cluster](running-with-docker.md#redis-cluster): `redis-cluster://host:port,host:port` (rediss-cluster:// for"
        " TLS) with some of its nodes.",
        "redis://127.0.0.1:6379/0",
        form=_REDIS,
        check=(setting_checks.check_redis_url, _REDIS[1]),
        secret=True,
    )
    redis_ca: str = setting(
        "REFERRAL_REDIS_CA",
        "PEM file of the certificate authorities that Redis' certificate is checked with; the system's where empty.",
        "",
        check=_CERTIFICATES,
    )
    topic_prefix: str = setting(
        "REFERRAL_TOPIC_PREFIX", "Prefix of the names of topics and consumer groups.", "referral.", form=_NAME
    )
    partitions: int = setting(
        "REFERRAL_PARTITIONS",
        "Partitions of each keyed topic; cannot change once the topics exist.",
        8,
        least=1,
        most=1024,
    )
    retention: str = setting(
        "REFERRAL_RETENTION",
        "Days after which topics delete lines, as TOPIC=DAYS pairs, e.g. `events=800,rejected=14`; a topic that is not named keeps"
        " them as [events](events.md) states. What is lost then: [privacy](privacy.md#how-long).",
        "",
        check=(setting_checks.check_retention, "write pairs TOPIC=DAYS, e.g. events=800,rejected=14"),
    )
    erase_within_s: int = setting(
        "REFERRAL_ERASE_WITHIN_S",
        "Time within which the bytes of an erased person are gone from `people`, seconds: how often that topic is compacted.",
        3600,
        least=2,
        most=7 * 86_400,
    )
    replication: int = setting(
        "REFERRAL_REPLICATION",
        "Replicas of each topic; 3 in production. With 2 or more, a record is acknowledged once two brokers have it.",
        1,
        least=1,
        most=9,
    )
    directory: str = setting(
        "REFERRAL_DIRECTORY",
        "Folder of the [directory](directory.md), shared by all processes of this host: participants, links and people, read from"
        " the log. Empty: in the system's folder for temporary files. `memory`: each process has a copy in its own memory.",
        "",
    )
    directory_mb: int = setting(
        "REFERRAL_DIRECTORY_MB",
        "Largest size of the directory's file, MB: about 1 MB for 1,000 participants. The same in every process of a host.",
        16_384,
        least=16,
        most=1_048_576,
    )
    clock: str = setting(
        "REFERRAL_CLOCK",
        "`system`, or `file:PATH` for a simulated time shared by several processes.",
        "system",
        form=_CLOCK,
        check=(setting_checks.check_clock, "name a writable file"),
    )
    public_url: str = setting(
        "REFERRAL_PUBLIC_URL",
        "Public URL of link-issuer; referral links begin with it.",
        "http://127.0.0.1:8000",
        form=_ADDRESS,
    )
    wallet_url: str = setting(
        "REFERRAL_WALLET_URL",
        "Public URL of reward-dispatcher; wallets and guide downloads begin with it. With https, cookies of wallets are secure.",
        "http://127.0.0.1:8000",
        form=_ADDRESS,
    )
    board_url: str = setting(
        "REFERRAL_BOARD_URL",
        "Public URL of leaderboard; board pages begin with it.",
        "http://127.0.0.1:8000",
        form=_ADDRESS,
    )
    drand: str = setting(
        "REFERRAL_DRAND",
        "URL of a drand API, e.g. https://api.drand.sh: leaderboard fetches the rounds there that committed [draws](draws.md) wait"
        " for. Empty: someone gives them (`referral draw hold`).",
        "",
        check=(setting_checks.check_optional_https_url, "write an https:// address, or nothing"),
    )
    link_issuer: str = setting(
        "REFERRAL_LINK_ISSUER",
        "URL at which other services reach link-issuer, for the codes and posters of people who write to a WeChat account.",
        "http://127.0.0.1:8001",
        form=_ADDRESS,
    )
    wechat_api: str = setting(
        "REFERRAL_WECHAT_API",
        "URL of the API of WeChat official accounts; for tests a stand-in on this machine.",
        "https://api.weixin.qq.com",
        check=(setting_checks.check_wechat_api, "write an https:// address, or http://127.0.0.1 for a stand-in"),
    )
    leaderboard: str = setting(
        "REFERRAL_LEADERBOARD",
        "URL at which other services reach leaderboard, for the rank in an explanation and in a wallet, and for digests.",
        "http://127.0.0.1:8004",
        form=_ADDRESS,
    )
    conversion_tracker: str = setting(
        "REFERRAL_CONVERSION_TRACKER",
        "URL at which other services reach conversion-tracker, for the home page of the console and the friends in a wallet.",
        "http://127.0.0.1:8002",
        form=_ADDRESS,
    )
    reward_dispatcher: str = setting(
        "REFERRAL_REWARD_DISPATCHER",
        "URL at which other services reach reward-dispatcher, for the home page of the console and the liability of rewards.",
        "http://127.0.0.1:8003",
        form=_ADDRESS,
    )
    http_host: str = setting(
        "REFERRAL_HTTP_HOST",
        "IP address on which an HTTP service listens, and on which a fold or worker serves its metrics.",
        "127.0.0.1",
        check=(setting_checks.check_local_address, "write an IP address of this machine, or 0.0.0.0 for all of them"),
    )
    http_port: int = setting("REFERRAL_HTTP_PORT", "Port on which an HTTP service listens.", 8000, least=1, most=65535)
    http_threads: int = setting(
        "REFERRAL_HTTP_THREADS",
        "Threads of an HTTP process; a request that writes occupies one until Kafka has acknowledged.",
        64,
        least=1,
        most=1024,
    )
    http_workers: int = setting("REFERRAL_HTTP_WORKERS", "Worker processes of an HTTP service.", 1, least=1, most=64)
    proxies: int = setting(
        "REFERRAL_PROXIES",
        "Number of reverse proxies in front of an HTTP service: how many of the last X-Forwarded-For entries are trusted.",
        0,
        least=0,
        most=9,
    )
    metrics_port: int = setting(
        "REFERRAL_METRICS_PORT",
        "Port for /metrics, /healthz and /readyz of a fold or worker; 0 disables it.",
        0,
        least=0,
        most=65535,
    )
    live_port: int = setting(
        "REFERRAL_LIVE_PORT",
        "Port on which leaderboard serves live streams; 0: none, then a stream is one message and its reader asks again.",
        0,
        least=0,
        most=65535,
    )
    live_streams: int = setting(
        "REFERRAL_LIVE_STREAMS",
        "Live streams that may be open in a process of leaderboard.",
        6000,
        least=1,
        most=100_000,
    )
    live_streams_per_client: int = setting(
        "REFERRAL_LIVE_STREAMS_PER_CLIENT",
        "Live streams that may be open for an API key, an operator, a link, or an address without any (IPv6: a /64).",
        100,
        least=1,
        most=100_000,
    )
    worker: str = setting(
        "REFERRAL_WORKER",
        "Name of this worker's slot; a worker that restarts with the same name gets its partitions back at once.",
        "",
        form=_NAME,
    )
    collect_ms: int = setting(
        "REFERRAL_COLLECT_MS", "Batching delay for single events, milliseconds.", 5, least=0, most=100
    )
    ack_timeout_ms: int = setting(
        "REFERRAL_ACK_TIMEOUT_MS",
        "How long a write waits for Kafka's acknowledgement before the answer is 503, milliseconds; a read of the catalog: 0.8"
        " of it.",
        1800,
        least=50,
        most=60_000,
    )
    max_in_flight: int = setting(
        "REFERRAL_MAX_IN_FLIGHT",
        "Lines of a process that may await acknowledgement; beyond that the answer is 503.",
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
        "How far in the future an event's `occurred_at` may be, seconds.",
        300,
        least=0,
        most=86_400,
    )
    lateness_days: int = setting(
        "REFERRAL_LATENESS_DAYS",
        "Events that reach the log more than this many days after `occurred_at` are stored, but change no verdict and no count.",
        35,
        least=1,
        most=400,
    )
    invalid_run: int = setting(
        "REFERRAL_INVALID_RUN",
        "Consecutive lines that cannot be decoded at which a fold stops (it also stops at half of the last 2,000); 0: every one"
        " becomes a dead letter and the fold never stops.",
        500,
        least=0,
        most=1_000_000,
    )
    tick_seconds: int = setting(
        "REFERRAL_TICK_SECONDS", "Interval of the clock ticks on the log, seconds.", 60, least=1, most=86_400
    )
    stall_seconds: int = setting(
        "REFERRAL_STALL_SECONDS",
        "For how long a fold or the delivery worker may process nothing of what waits for it, while Kafka answers; then it exits"
        " with status 75, to be started again. At half of it `/readyz` fails.",
        120,
        least=3,
        most=86_400,
    )
    rate_limit: str = setting(
        "REFERRAL_RATE_LIMIT",
        "Requests allowed per API key (or address) on management routes; ingest and redirects are limited by requests in flight.",
        "6000/minute",
        form=_RATE,
    )
    miss_limit: str = setting(
        "REFERRAL_MISS_LIMIT",
        "Look-ups of unknown codes, programs, people and keys allowed per address (IPv6: per /64) without a valid API key.",
        "120/minute",
        form=_RATE,
    )
    wrong_code_limit: str = setting(
        "REFERRAL_WRONG_CODE_LIMIT",
        "Wrong discount codes allowed per API key and shopper (`client` of a request); a key as a whole has ten times as many.",
        "30/minute",
        form=_RATE,
    )
    picture_limit: str = setting(
        "REFERRAL_PICTURE_LIMIT",
        "QR codes and posters that are drawn per API key or address; pictures drawn before do not count.",
        "240/minute",
        form=_RATE,
    )
    explanation_limit: str = setting(
        "REFERRAL_EXPLANATION_LIMIT",
        "Explanations per API key: each reads the log.",
        "240/minute",
        form=_RATE,
    )
    sign_in_limit: str = setting(
        "REFERRAL_SIGN_IN_LIMIT",
        "Attempts to sign in to the console per address (IPv6: per /64), and per name; those of a browser in which the operator has"
        " signed in before are counted separately.",
        "20/5 minutes",
        form=_RATE,
    )
    clicks_per_minute: int = setting(
        "REFERRAL_CLICKS_PER_MINUTE",
        "Clicks of one address (IPv6: of one /64) on one code that a process records per minute; further visitors are redirected"
        " without a record.",
        60,
        least=1,
        most=1_000_000,
    )
    guides: str = setting(
        "REFERRAL_GUIDES",
        "Folder with the files of guides: in it one folder for each program, named by its id, e.g. prg_glow/skincare-secrets.pdf.",
        "examples/guides",
        check=(setting_checks.check_folder, "name an existing folder"),
    )
    webhook_loopback: bool = setting(
        "REFERRAL_WEBHOOK_LOOPBACK",
        "Whether webhooks may be sent to loopback addresses; for development only.",
        default=False,
    )
    smtp_host: str = setting(
        "REFERRAL_SMTP_HOST",
        "Host of the SMTP server that e-mails are sent through, such as warnings about webhooks; empty: none are sent.",
        "",
        form=_HOST,
    )
    smtp_port: int = setting("REFERRAL_SMTP_PORT", "Port of the SMTP server.", 587, least=1, most=65535)
    smtp_tls: str = setting(
        "REFERRAL_SMTP_TLS",
        "Encryption of the connection to the SMTP server: `starttls` (port 587), `tls` from its beginning (port 465), or `none`.",
        "starttls",
        choices=("starttls", "tls", "none"),
    )
    smtp_ca: str = setting(
        "REFERRAL_SMTP_CA",
        "PEM file of the certificate authorities that the SMTP server's certificate is checked with; the system's where empty.",
        "",
        check=_CERTIFICATES,
    )
    smtp_user: str = setting("REFERRAL_SMTP_USER", "User of this system at the SMTP server; empty: no sign-in.", "")
    smtp_password: str = setting(
        "REFERRAL_SMTP_PASSWORD",
        "That user's password, or `file:` and the path of a file with it.",
        "",
        secret=True,
        check=(setting_checks.check_secret_file, "name a readable file with the password, or write the password"),
    )
    smtp_sender: str = setting(
        "REFERRAL_SMTP_SENDER",
        "Address that e-mails are from, e.g. rewards@example.com. Required with REFERRAL_SMTP_HOST.",
        "",
        form=_MAIL_ADDRESS,
    )
    smtp_bounces: str = setting(
        "REFERRAL_SMTP_BOUNCES",
        "Address of the mailbox that takes back e-mails to people, e.g. bounce@mail.example.com; they have a token behind a +"
        " (docs/messages.md). Empty: they come back to REFERRAL_SMTP_SENDER, and no one reads them here.",
        "",
        form=_MAIL_ADDRESS,
    )
    smtp_contact: str = setting(
        "REFERRAL_SMTP_CONTACT",
        "Address that warnings about webhooks without a `contact` are sent to; empty: to none.",
        "",
        form=_MAIL_ADDRESS,
    )
    dev_key: str = setting(
        "REFERRAL_DEV_KEY", "The API key that `referral run` creates; a random one if empty.", "", secret=True
    )
    log_level: str = setting(
        "REFERRAL_LOG_LEVEL", "Lowest level that is logged.", "info", choices=("debug", "info", "warning", "error")
    )
    log_format: str = setting(
        "REFERRAL_LOG_FORMAT", "`json`, or `console` for terminals.", "json", choices=("json", "console")
    )
    failpoints: str = setting(
        "REFERRAL_FAILPOINTS",
        "Failpoints at which a test kills or stops a fold; empty in production.",
        "",
        check=(setting_checks.check_failpoints, "correct it, or leave it empty"),
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings from the environment. Raises ConfigError naming all that are missing or invalid."""
        values: dict[str, Any] = {}
        errors: list[str] = []
        for row in fields(cls):
            try:
                values[row.name] = read_setting(row, environ)
            except ConfigError as error:
                errors.append(str(error))
        settings = None if errors else cls(**values)
        if settings is not None:
            errors += setting_checks.transport_contradictions(settings) + setting_checks.key_mistakes(settings)
            errors += setting_checks.retention_contradictions(settings) + setting_checks.mail_contradictions(settings)
        if settings is None or errors:
            raise ConfigError("\n".join(errors))
        return settings

    @property
    def directory_bytes(self) -> int:
        """Largest size of the directory's file."""
        return self.directory_mb * 1024 * 1024

    def key_ring(self) -> KeyRing:
        """The keys of this installation. Raises InvalidKeys, which `from_env` has reported before."""
        return KeyRing.parse(self.keys, self.signing_key)


def table_rows() -> list[tuple[str, str, str]]:
    """The rows of docs/configuration.md: environment variable, default, meaning."""
    return [(row.metadata["env"], _default_text(row), row.metadata["meaning"]) for row in fields(Settings)]


def _default_text(row: "Field[Any]") -> str:
    if row.default is MISSING:
        return "required"
    return str(row.default).lower() if isinstance(row.default, bool) else str(row.default)
