"""The options of every command that records an operator's decision."""

import click

from referral_tools.service_client import Command


def decision_options(command: Command) -> Command:
    """Options for the operator's name and the reason."""
    by = click.option("--by", required=True, help="who decides: a name or e-mail address")
    note = click.option("--note", default="", help="the reason, for later readers")
    return by(note(command))
