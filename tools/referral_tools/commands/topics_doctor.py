"""`referral topics show` and `doctor`: the topics at the broker, and what is wrong with them."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from referral.config import Settings
from referral.log.reassignment import reassignment
from referral.log.topic_admin import wanted_topics
from referral.log.topic_diagnosis import INTERNAL, TopicDiagnosis, diagnose_topics
from referral.log.topic_differences import IN_SYNC, PresentTopic
from referral_tools.commands.topics_broker import errors_as_messages, topic_settings, wait_option
from referral_tools.text_columns import table

_COLUMNS = ("topic", "partitions", "replicas", "in sync", IN_SYNC, "retention")


@click.command()
@wait_option
def show(wait: int) -> None:
    """Show the topics as they are: partitions, replicas, settings.

    `in sync` is the smallest number of replicas of a partition that have every record. Changes nothing.
    """
    settings = topic_settings()
    with errors_as_messages(settings):
        found = diagnose_topics(settings, wait * 1000)
    click.echo(f"{len(found.brokers)} brokers: {', '.join(map(str, found.brokers))}")
    click.echo(table(_COLUMNS, [_row(name, topic) for name, topic in found.topics.items()]))


@click.command()
@wait_option
@click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Also write the reassignment that gives every partition REFERRAL_REPLICATION replicas, and print the command for it.",
)
def doctor(wait: int, plan: Path | None) -> None:
    """Check brokers and topics, Kafka's own included; print what is wrong and what to do.

    Ends with 1 if something is wrong. Changes nothing.
    """
    settings = topic_settings()
    with errors_as_messages(settings):
        found = diagnose_topics(settings, wait * 1000)
    for finding in found.findings:
        click.echo(f"{finding}.")
    if plan is not None:
        _write_plan(plan, found, settings)
    if found.findings:
        raise click.exceptions.Exit(1)
    click.echo(f"{len(found.topics)} topics on {len(found.brokers)} brokers are in order")


def _row(name: str, topic: PresentTopic) -> tuple[str, ...]:
    in_sync = min((len(one.in_sync) for one in topic.partitions), default=0)
    return (
        name,
        str(len(topic.partitions)),
        str(topic.replication),
        str(in_sync),
        topic.settings[IN_SYNC],
        ", ".join(_retention(topic)),
    )


def _retention(topic: PresentTopic) -> Iterator[str]:
    if "compact" in topic.settings["cleanup.policy"]:
        yield "latest of each key"
    milliseconds, most_bytes = int(topic.settings["retention.ms"]), int(topic.settings["retention.bytes"])
    if "delete" in topic.settings["cleanup.policy"]:
        yield "forever" if milliseconds < 0 else f"{milliseconds / 86_400_000:g} days"
        if most_bytes >= 0:
            yield f"{most_bytes:,} bytes a partition"


def _write_plan(path: Path, found: TopicDiagnosis, settings: Settings) -> None:
    """Writes the file for kafka-reassign-partitions.sh. Raises ClickException if there are too few brokers."""
    names = (*wanted_topics(settings), *INTERNAL)
    topics = {name: found.topics[name] for name in names if name in found.topics}
    try:
        partitions = reassignment(topics, found.brokers, settings.replication)
    except ValueError as error:
        raise click.ClickException(f"no plan: {error}") from error
    if not partitions:
        click.echo(f"no plan is needed: every partition has {settings.replication} replicas")
        return
    path.write_bytes(msgspec.json.format(msgspec.json.encode({"version": 1, "partitions": partitions})))
    script = f"kafka-reassign-partitions.sh --bootstrap-server {settings.kafka} --reassignment-json-file {path}"
    click.echo(
        f"{path} moves {len(partitions)} partitions. Run, then wait until --verify reports that all are complete:"
    )
    click.echo(f"  {script} --execute\n  {script} --verify\n  referral topics ensure")
