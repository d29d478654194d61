"""`referral topics ensure`: the topic administrator, run once before the services of a new system."""

import os

import click
from kafka.errors import KafkaError

from referral.config import ConfigError, Settings
from referral.log.topic_admin import TopicMismatch, ensure_topics
from referral.topics import TOPICS


@click.group()
def topics() -> None:
    """Make the topics of a system. Needs the log (REFERRAL_KAFKA), not the services."""


@topics.command()
@click.option(
    "--wait",
    default=10,
    show_default=True,
    type=click.IntRange(1, 600),
    help="Seconds that the broker may take to answer.",
)
def ensure(wait: int) -> None:
    """Make the topics that are missing; those that exist are held against the table.

    Ends with 1 where one differs: nothing of it is changed then. Running it again does no harm.
    """
    made = _ensure(wait * 1000)
    for name in made:
        click.echo(f"{name} is made")
    click.echo(f"{len(TOPICS)} topics are in order, {len(made)} of them new")


def _ensure(patience_ms: int) -> list[str]:
    """The names of the topics that were made. Ends the command with a message where that cannot be done."""
    try:
        settings = Settings.from_env({"REFERRAL_SIGNING_KEY": "unused: a topic has no token" + "." * 8, **os.environ})
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    try:
        return ensure_topics(settings, patience_ms)
    except TopicMismatch as error:
        raise click.ClickException(str(error)) from error
    except KafkaError as error:
        raise click.ClickException(
            f"the broker at {settings.kafka} does not do it ({type(error).__name__}): does it run, and is REFERRAL_KAFKA right?"
        ) from error
