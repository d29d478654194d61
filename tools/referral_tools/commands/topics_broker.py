"""What the commands of `referral topics` share: the settings, and errors of the broker as messages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from kafka.errors import AuthorizationError, KafkaError

from referral.config import ConfigError, Settings
from referral.log.errors import AccessDenied
from referral.log.topic_admin import TopicMismatch
from referral.log.topic_visibility import TopicsNotReported
from referral_tools.run_file import running_addresses

wait_option = click.option(
    "--wait",
    default=10,
    show_default=True,
    type=click.IntRange(1, 600),
    help="Seconds to wait for the broker.",
)


def topic_settings() -> Settings:
    """The settings; no secret is needed. Raises ClickException."""
    try:
        return Settings.from_env(
            {
                "REFERRAL_SIGNING_KEY": "unused: a topic has no token" + "." * 8,
                **running_addresses(os.environ),
                **os.environ,
            }
        )
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def errors_as_messages(settings: Settings) -> Iterator[None]:
    """Ends the command with a message if the broker or a topic does not permit what is to be done."""
    try:
        yield
    except (TopicMismatch, AccessDenied) as error:
        raise click.ClickException(str(error)) from error
    except AuthorizationError as error:
        raise click.ClickException(
            f"Kafka does not permit this to the user {settings.kafka_user!r} ({type(error).__name__}): use one that may alter"
            " the cluster"
        ) from error
    except TopicsNotReported as error:
        raise click.ClickException(f"the topics are as they should be, but {error}: run the command again") from error
    except KafkaError as error:
        raise click.ClickException(
            f"the broker at {settings.kafka} failed ({type(error).__name__}): is it running, and is REFERRAL_KAFKA correct?"
        ) from error
