"""What a setting's form does not tell: whether its value works here. Each check raises ValueError or OSError where it does not."""

import ipaddress
import re
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from redis.connection import parse_url

from referral.clock import clock_from
from referral.fold.failpoints import create_failpoint

_DATABASE = re.compile(r"/?\d*")


def check_redis_url(value: str) -> None:
    """The client takes it, and takes its path for a database: of one that is no number it would use database 0."""
    parse_url(value)  # type: ignore[no-untyped-call] # the client leaves it untyped
    url = urlsplit(value)
    if url.scheme != "unix" and not _DATABASE.fullmatch(url.path):
        raise ValueError("the database is no number")


def check_clock(value: str) -> None:
    """Its file can be read and written; it is made where it is not there yet."""
    clock_from(value)


def check_local_address(value: str) -> None:
    """It is an IP address that this machine can listen on."""
    address = ipaddress.ip_address(value)
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as probe:
        probe.bind((value, 0))


def check_folder(value: str) -> None:
    """It is there."""
    if not Path(value).is_dir():
        raise NotADirectoryError(f"no folder at {Path(value).resolve()}")


def check_certificates(value: str) -> None:
    """An empty value, or a PEM file with at least one certificate."""
    if value:
        ssl.create_default_context(cafile=value)


def check_failpoints(value: str) -> None:
    """Every entry names a place and an action."""
    create_failpoint(value, fold="")
