"""Checks of settings that need more than a pattern: does the value work on this machine?

Each raises ValueError or OSError if it does not.
"""

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from redis.connection import parse_url

from referral.clock import clock_from
from referral.fold.failpoints import create_failpoint
from referral.key_ring import InvalidKeys
from referral.log.retention import parse_retention
from referral.redis_cluster.cluster_url import is_cluster_url, parse_cluster_url
from referral.return_addresses import MAX_LOCAL_PART
from referral.setting import InvalidSecret

if TYPE_CHECKING:
    from referral.config import Settings

_DATABASE = re.compile(r"/?\d*")


def check_redis_url(value: str) -> None:
    """It names a server or a cluster. Its path is a database number: for any other path redis-py would silently use database 0."""
    if is_cluster_url(value):
        _check_cluster_url(value)
        return
    parse_url(value)  # type: ignore[no-untyped-call] # redis-py has no type for it
    url = urlsplit(value)
    if url.scheme != "unix" and not _DATABASE.fullmatch(url.path):
        raise ValueError("the database must be a number")


def _check_cluster_url(value: str) -> None:
    try:
        parse_cluster_url(value)
    except ValueError as error:
        raise InvalidSecret(str(error)) from error


def check_clock(value: str) -> None:
    """Its file can be read and written; a missing one is created."""
    clock_from(value)


def check_local_address(value: str) -> None:
    """It is an IP address that this machine can listen on."""
    address = ipaddress.ip_address(value)
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as probe:
        probe.bind((value, 0))


def check_folder(value: str) -> None:
    """It is an existing folder."""
    if not Path(value).is_dir():
        raise NotADirectoryError(f"no folder at {Path(value).resolve()}")


def check_certificates(value: str) -> None:
    """An empty value, or a PEM file with at least one certificate."""
    if value:
        ssl.create_default_context(cafile=value)


def check_secret_file(value: str) -> None:
    """A value that names a file names one that can be read and is not empty."""
    if not read_secret(value) and value:
        raise InvalidSecret("the file is empty")


def read_secret(value: str) -> str:
    """Returns a secret, from its file if the value names one (`file:` and a path). Raises OSError."""
    return Path(value.removeprefix("file:")).read_text("utf-8").strip() if value.startswith("file:") else value


def check_optional_https_url(value: str) -> None:
    """An empty value, or an https:// URL with a host, and without credentials, query or fragment."""
    url = urlsplit(value)
    if value and not (url.scheme == "https" and url.hostname and not (url.query or url.fragment or url.username)):
        raise ValueError("it must begin with https:// and have a host, and neither credentials, query nor fragment")


def check_wechat_api(value: str) -> None:
    """An https:// URL, or one of this machine: app secrets and tokens are sent there."""
    url = urlsplit(value)
    is_local = url.scheme == "http" and url.hostname in ("127.0.0.1", "localhost", "::1")
    if not is_local:
        check_optional_https_url(value)


def check_failpoints(value: str) -> None:
    """Every entry names a failpoint and an action."""
    create_failpoint(value, fold="")


def check_retention(value: str) -> None:
    """Every pair names a topic that is not compacted, and a number of days."""
    parse_retention(value)


def check_signing_key(value: str) -> None:
    """It is long enough, or empty: then REFERRAL_KEYS must have every key."""
    if value and len(value) < 32:
        raise ValueError("too short")


def retention_contradictions(settings: "Settings") -> list[str]:
    """Where `events` would be deleted while late events still need it."""
    days = parse_retention(settings.retention).get("events")
    if days is None or days > settings.lateness_days:
        return []
    least = settings.lateness_days + 1
    return [
        f"REFERRAL_RETENTION deletes events after {days} days, before they may arrive: write events={least} or more."
    ]


def key_mistakes(settings: "Settings") -> list[str]:
    """What is wrong with the key ring, without showing a key."""
    if not settings.keys and not settings.signing_key:
        remedy = "write at least 32 characters (`openssl rand -base64 48` generates them), or set REFERRAL_KEYS"
        return [f"REFERRAL_SIGNING_KEY is required but not set: {remedy}."]
    try:
        settings.key_ring()
    except InvalidKeys as error:
        return [f"REFERRAL_KEYS (a secret, not shown) is invalid: {error}."]
    return []


def mail_contradictions(settings: "Settings") -> list[str]:
    """Where settings of e-mail contradict each other."""
    mistakes = []
    if settings.smtp_host and not settings.smtp_sender:
        mistakes.append("REFERRAL_SMTP_HOST needs REFERRAL_SMTP_SENDER: write the address that e-mails are from.")
    if settings.smtp_contact and not settings.smtp_host:
        mistakes.append("REFERRAL_SMTP_CONTACT needs REFERRAL_SMTP_HOST: set the mail server, or remove the address.")
    if settings.smtp_bounces and not settings.smtp_host:
        mistakes.append("REFERRAL_SMTP_BOUNCES needs REFERRAL_SMTP_HOST: set the mail server, or remove the address.")
    if len(settings.smtp_bounces.rpartition("@")[0]) > MAX_LOCAL_PART:
        mistakes.append(
            f"REFERRAL_SMTP_BOUNCES must have at most {MAX_LOCAL_PART} characters before the @: the token needs the others."
        )
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        mistakes.append("REFERRAL_SMTP_USER and REFERRAL_SMTP_PASSWORD belong together: set both, or neither.")
    if settings.smtp_password and settings.smtp_tls == "none":
        mistakes.append(
            "REFERRAL_SMTP_TLS is none, which would send REFERRAL_SMTP_PASSWORD in clear: write starttls or tls."
        )
    return mistakes


def transport_contradictions(settings: "Settings") -> list[str]:
    """Where settings of encryption and authentication contradict each other, each with the remedy.

    A password or a certificate that would silently not be used is a mistake: an operator relies on it.
    """
    return [*_kafka_contradictions(settings), *_redis_contradictions(settings)]


def _kafka_contradictions(settings: "Settings") -> Iterator[str]:
    security = settings.kafka_security
    given = f"REFERRAL_KAFKA_SECURITY is {security}"
    if security.startswith("sasl_"):
        if not (settings.kafka_user and settings.kafka_password):
            yield f"{given}, which needs REFERRAL_KAFKA_USER and REFERRAL_KAFKA_PASSWORD: set both."
    elif settings.kafka_user or settings.kafka_password:
        unused = "REFERRAL_KAFKA_USER" if settings.kafka_user else "REFERRAL_KAFKA_PASSWORD"
        yield f"{unused} is set, but {given}, which does not authenticate: write sasl_ssl or sasl_plaintext."
    if settings.kafka_ca and not security.endswith("ssl"):
        yield f"REFERRAL_KAFKA_CA is set, but {given}, which does not encrypt: write ssl or sasl_ssl."


def _redis_contradictions(settings: "Settings") -> Iterator[str]:
    if settings.redis_ca and not settings.redis.startswith(("rediss://", "rediss-cluster://")):
        remedy = "write rediss:// (rediss-cluster:// for a cluster) for TLS"
        yield f"REFERRAL_REDIS_CA is set, but REFERRAL_REDIS does not begin with rediss://: {remedy}."
    if is_cluster_url(settings.redis) and parse_cluster_url(settings.redis).database:
        yield "REFERRAL_REDIS names a database, but a Redis Cluster has only one: leave out the number and the slash before it."
