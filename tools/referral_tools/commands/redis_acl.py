"""`referral redis acl`: the users of Redis, one for each process, as an ACL file."""

import hashlib
import os
from pathlib import Path

import click

from referral.redis_acls import OPERATOR, USERS, acl_file
from referral_tools.commands.passwords import password_variable, passwords_from
from referral_tools.help_group import HelpGroup

_VARIABLE = "REFERRAL_REDIS_PASSWORD"


@click.group(cls=HelpGroup)
def redis() -> None:
    """Print the users of Redis and what each may do. Needs neither Redis nor the services."""


@redis.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the file, with the hashes of the passwords in REFERRAL_REDIS_PASSWORD_<PROCESS> (all are required).",
)
def acl(output: Path | None) -> None:
    """Print an ACL file for Redis (its setting `aclfile`), with a placeholder for each password.

    Each process connects with its own user: REFERRAL_REDIS=rediss://PROCESS:PASSWORD@host:port/0.
    """
    names = [*(user.process for user in USERS), OPERATOR]
    if output is None:
        click.echo(acl_file({name: f">${{{password_variable(_VARIABLE, name)}}}" for name in names}), nl=False)
        return
    passwords = passwords_from(os.environ, _VARIABLE, names)
    hashes = {name: "#" + hashlib.sha256(password.encode()).hexdigest() for name, password in passwords.items()}
    beside = output.with_name(output.name + ".new")
    beside.write_text(acl_file(hashes), "utf-8")  # readable for Redis, which runs as another user: it holds only hashes
    beside.replace(output)
    click.echo(f"{output}: {len(names)} users")
