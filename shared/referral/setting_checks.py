"""Checks of settings that need more than a pattern: does the value work on this machine?

Each raises ValueError or OSError if it does not.
"""

import ipaddress
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

from redis.connection import parse_url

from referral.clock import clock_from
from referral.fold.failpoints import create_failpoint

_DATABASE = re.compile(r"/?\d*")


def check_redis_url(value: str) -> None:
    """redis-py accepts it, and its path is a database number; for any other path redis-py would silently use database 0."""
    parse_url(value)  # type: ignore[no-untyped-call] # redis-py has no type for it
    url = urlsplit(value)
    if url.scheme != "unix" and not _DATABASE.fullmatch(url.path):
        raise ValueError("the database must be a number")


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


def check_failpoints(value: str) -> None:
    """Every entry names a failpoint and an action."""
    create_failpoint(value, fold="")
