"""The process of a local Redis server: its options, with TLS and users where a stack requires them."""

from collections.abc import Mapping
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from referral.redis_acls import OPERATOR, acl_file
from referral_tools.private_files import write_private
from referral_tools.stack.jars import require
from referral_tools.stack.process import Process
from referral_tools.stack.security import StackSecurity


def redis_process(
    name: str, home: Path, port: int, security: StackSecurity | None, options: Mapping[str, str]
) -> Process:
    """A server on a port of 127.0.0.1 that keeps its data in `home`/`name`; `options` are added to its own."""
    data = home / name
    data.mkdir(parents=True, exist_ok=True)
    settings = {
        "bind": "127.0.0.1",
        **_listener(data, port, security),
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        # Each time the file has doubled, Redis rewrites it: rarely, and without compressing values of 200 bytes.
        "auto-aof-rewrite-min-size": "256mb",
        "rdbcompression": "no",
        "maxmemory-policy": "noeviction",
        **options,
    }
    arguments = [part for option, value in settings.items() for part in (f"--{option}", value)]
    return Process(name, [require("redis-server", "redis-server"), *arguments], home / "logs" / f"{name}.log")


def operator_client(port: int, security: StackSecurity | None) -> Redis:
    """A client of one server, as the user who may do everything. Replies are text."""
    if security is None:
        return Redis(port=port, socket_timeout=5, decode_responses=True)
    return Redis(
        port=port,
        socket_timeout=5,
        decode_responses=True,
        username=OPERATOR,
        password=security.redis_users[OPERATOR],
        ssl=True,
        ssl_ca_certs=str(security.ca),
    )


def redis_answers(client: Redis) -> bool:
    """Whether a server responds."""
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def _listener(data: Path, port: int, security: StackSecurity | None) -> dict[str, str]:
    """The settings of port, TLS and users."""
    if security is None:
        return {"port": str(port)}
    users = data.with_name(f"{data.name}.acl")
    write_private(users, acl_file({user: f">{secret}" for user, secret in security.redis_users.items()}))
    return {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(security.certificate),
        "tls-key-file": str(security.key),
        "tls-ca-cert-file": str(security.ca),
        "tls-auth-clients": "no",
        "aclfile": str(users),
    }
