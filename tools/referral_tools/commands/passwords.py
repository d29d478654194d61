"""Passwords of several users in environment variables, one for each: the variable ends with the user's name."""

from collections.abc import Iterable, Mapping

import click

_LEAST_LENGTH = 16


def password_variable(prefix: str, name: str) -> str:
    """The variable of a user's password, e.g. REFERRAL_REDIS_PASSWORD_LINK_ISSUER."""
    return f"{prefix}_{name.upper().replace('-', '_')}"


def passwords_from(environ: Mapping[str, str], prefix: str, names: Iterable[str]) -> dict[str, str]:
    """The password of each user. Ends the command, naming all variables that are missing or too short."""
    passwords = {name: environ.get(password_variable(prefix, name), "") for name in names}
    wrong = [password_variable(prefix, name) for name, password in passwords.items() if len(password) < _LEAST_LENGTH]
    if wrong:
        raise click.ClickException(f"set {', '.join(wrong)}, each to at least {_LEAST_LENGTH} characters")
    return passwords
