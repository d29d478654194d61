"""`referral topics ensure`: creates topics, access rules and users, once before the services of a new system.

`referral topics show` and `doctor` report them (topics_doctor.py).
`referral topics acls` prints the access rules for an operator who applies them with Kafka's own command.
"""

import os
from collections.abc import Iterable

import click

from referral.log.acl_admin import AppliedRules, ensure_acls, ensure_users
from referral.log.acls import SERVICES, acl_commands
from referral.log.topic_admin import EnsuredTopics, ensure_topics
from referral.topics import TOPICS
from referral_tools.commands.passwords import passwords_from
from referral_tools.commands.topics_broker import errors_as_messages, topic_settings, wait_option
from referral_tools.commands.topics_doctor import doctor, show
from referral_tools.help_group import HelpGroup


@click.group(cls=HelpGroup)
def topics() -> None:
    """Create the topics of a system and the access rules of its services.

    Needs Kafka (REFERRAL_KAFKA, or that of var/run.json), not the services.
    """


_service_users = click.option(
    "--user",
    "renamed",
    multiple=True,
    metavar="SERVICE=USER",
    help="The Kafka user of a service, if it is not named like the service; may be repeated.",
)


@topics.command()
@wait_option
@click.option("--acls", is_flag=True, help="Also add the access rules of each service's user that are missing.")
@click.option(
    "--passwords",
    is_flag=True,
    help="Also set each service's SCRAM password to that of REFERRAL_KAFKA_PASSWORD_<SERVICE>; creates missing users.",
)
@_service_users
def ensure(wait: int, acls: bool, passwords: bool, renamed: tuple[str, ...]) -> None:
    """Create the topics that are missing; set the settings that differ at those that exist.

    A setting that would remove records is not set, and partitions and replicas are not changed: it names them with what to do, ends
    with 1, and has changed nothing. Running it again does no harm. Access rules are only added. It ends when every broker reports
    the topics.
    """
    settings, timeout_ms = topic_settings(), wait * 1000
    users = _users(renamed)
    with errors_as_messages(settings):
        _report_topics(ensure_topics(settings, timeout_ms))
        if passwords:
            by_service = passwords_from(os.environ, "REFERRAL_KAFKA_PASSWORD", SERVICES)
            ensure_users(settings, {users[service]: secret for service, secret in by_service.items()}, timeout_ms)
            click.echo(f"{len(by_service)} users have their passwords")
        if acls:
            _report(ensure_acls(settings, users, timeout_ms))


@topics.command("acls")
@click.option("--bootstrap", default="$REFERRAL_KAFKA", show_default=True, help="The broker in the printed commands.")
@click.option("--command-config", default="admin.properties", show_default=True, help="The file that they log in with.")
@_service_users
def print_acls(bootstrap: str, command_config: str, renamed: tuple[str, ...]) -> None:
    """Print the access rules of every service as `kafka-acls.sh` commands. Changes nothing and needs no broker."""
    prefix = topic_settings().topic_prefix
    for arguments in acl_commands(prefix, _users(renamed)):
        click.echo(f"kafka-acls.sh --bootstrap-server {bootstrap} --command-config {command_config} {arguments}")


def _report_topics(ensured: EnsuredTopics) -> None:
    for name in ensured.created:
        click.echo(f"{name} is created")
    for name, changes in ensured.repaired.items():
        for change in changes:
            click.echo(f"{name}: {change.name} was {change.present}, is {change.wanted} now")
    click.echo(f"{len(TOPICS)} topics are in order, {len(ensured.created)} of them new")


def _report(applied: AppliedRules) -> None:
    for rule in applied.added:
        click.echo(f"{rule}: added")
    for rule in applied.unlisted:
        click.echo(f"{rule}: not in the topic table; remove it with kafka-acls.sh if nothing else needs it", err=True)
    total = len(applied.added) + len(applied.present)
    click.echo(f"{total} access rules are in order, {len(applied.added)} of them new")


def _users(renamed: Iterable[str]) -> dict[str, str]:
    """The Kafka user of each service."""
    users = {service: service for service in SERVICES}
    for pair in renamed:
        service, _, user = pair.partition("=")
        if service not in users or not user:
            raise click.UsageError(f"--user {pair}: write SERVICE=USER with one of {', '.join(SERVICES)}")
        users[service] = user
    return users


topics.add_command(show)
topics.add_command(doctor)
