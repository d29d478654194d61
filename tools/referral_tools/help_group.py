"""A group of commands whose help shows the whole first sentence of each command, on several lines if it is long."""

import click

_WHOLE = 10_000  # letters; click cuts at the width of the terminal


class HelpGroup(click.Group):
    """A click group that cuts no sentence of its list of commands."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, found.get_short_help_str(_WHOLE)) for name, found in commands if found and not found.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
