"""`referral topics ensure`: the topic administrator, run once before the services of a new system."""

import os

import click
from kafka.errors import KafkaError

from referral.config import ConfigError, Settings
from referral.log.topic_admin import TopicMismatch, ensure_topics
from referral.topics import TOPICS


@click.group()
def topics() -> None:
    """Create the topics of a system. Needs Kafka (REFERRAL_KAFKA), not the services."""


@topics.command()
@click.option(
    "--wait",
    default=10,
    show_default=True,
    type=click.IntRange(1, 600),
    help="Seconds to wait for the broker.",
)
def ensure(wait: int) -> None:
    """Create missing topics, and compare existing ones with the table of topics.

    Exits with 1 if an existing topic differs; it is not changed. The command can be repeated.
    """
    made = _ensure(wait * 1000)
    for name in made:
        click.echo(f"{name} is made")
    click.echo(f"{len(TOPICS)} topics are in order, {len(made)} of them new")


def _ensure(patience_ms: int) -> list[str]:
    """Returns the names of the topics that were created. Raises ClickException if that fails."""
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
            f"the broker at {settings.kafka} failed ({type(error).__name__}): is it running, and is REFERRAL_KAFKA correct?"
        ) from error
