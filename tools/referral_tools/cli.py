"""The `referral` command."""

import sys
from importlib import import_module

import click
import structlog

from referral_tools.help_group import HelpGroup

# The module of each command in `referral_tools.commands`. A command is imported when it is used: one needs few of their libraries.
_MODULES = {
    "adapters": "adapters",
    "audit": "audit",
    "bans": "bans",
    "board": "board",
    "clicks": "clicks",
    "demo": "demo",
    "digest": "digest",
    "docs": "docs",
    "draw": "draw",
    "explain": "explain",
    "figures": "figures_page",
    "import": "import_file",
    "keyring": "keyring",
    "keys": "keys",
    "mail": "mail",
    "messages": "messages",
    "operators": "operators",
    "people": "personal_data",
    "pools": "pools",
    "program": "program",
    "redis": "redis_acl",
    "rejected": "rejected",
    "replay": "replay",
    "review": "review",
    "rewards": "rewards",
    "run": "run",
    "schemas": "schemas",
    "screenshot": "screenshot",
    "settings": "docs",
    "topics": "topics",
}


class CommandTable(HelpGroup):
    """The group of the commands of `_MODULES`; each is the attribute of its name in its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None if there is none."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"referral_tools.commands.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, "import_" if cmd_name == "import" else cmd_name)
        return command


@click.group(cls=CommandTable)
def main() -> None:
    """Referral growth: run the system, play a campaign, apply programs."""
    if not structlog.is_configured():
        log_to_standard_error()


def log_to_standard_error() -> None:
    """Keeps log lines out of standard output, which scripts read: `KEY=$(referral keys create …)`."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
