"""What every decision of a person says."""

import click

from referral_tools.service_client import Command


def decision_options(command: Command) -> Command:
    """Options that say who decides, and why."""
    by = click.option("--by", required=True, help="who decides: a name or an address that others know")
    note = click.option("--note", default="", help="why, for whoever looks at it later")
    return by(note(command))
