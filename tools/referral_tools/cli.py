"""The `referral` command."""

import click

from referral_tools.commands.adapters import adapters
from referral_tools.commands.bans import bans
from referral_tools.commands.clicks import clicks
from referral_tools.commands.demo import demo
from referral_tools.commands.docs import docs, settings
from referral_tools.commands.explain import explain
from referral_tools.commands.keyring import keyring
from referral_tools.commands.keys import keys
from referral_tools.commands.program import program
from referral_tools.commands.redis_acl import redis
from referral_tools.commands.rejected import rejected
from referral_tools.commands.replay import replay
from referral_tools.commands.review import review
from referral_tools.commands.run import run
from referral_tools.commands.schemas import schemas
from referral_tools.commands.screenshot import screenshot
from referral_tools.commands.topics import topics
from referral_tools.help_group import HelpGroup


@click.group(cls=HelpGroup)
def main() -> None:
    """Referral growth: run the system, play a campaign, apply programs."""


main.add_command(adapters)
main.add_command(bans)
main.add_command(clicks)
main.add_command(demo)
main.add_command(docs)
main.add_command(explain)
main.add_command(keyring)
main.add_command(keys)
main.add_command(program)
main.add_command(redis)
main.add_command(review)
main.add_command(rejected)
main.add_command(replay)
main.add_command(run)
main.add_command(schemas)
main.add_command(screenshot)
main.add_command(settings)
main.add_command(topics)
