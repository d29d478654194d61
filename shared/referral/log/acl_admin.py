"""Applies access rules and passwords at the broker. Needs a user that may alter the cluster."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import SecurityDisabledError

from referral.config import Settings
from referral.log.acls import access_rules
from referral.log.connection import create_admin_client
from referral.log.errors import AccessDenied

_ITERATIONS = 8192


class AppliedRules(NamedTuple):
    """The rules that were added, those that were there, and those of the same users that the topic table does not give."""

    added: list[str]
    present: list[str]
    unlisted: list[str]


def ensure_acls(settings: Settings, users: Mapping[str, str], timeout_ms: int = 10_000) -> AppliedRules:
    """Adds the access rules that are missing; removes none. `users` has the Kafka user of each service.

    Raises AccessDenied if the broker has no authorizer or this user may not add rules, KafkaTimeoutError without a broker.
    """
    client = create_admin_client(settings, timeout_ms)
    try:
        wanted = [
            _acl(rule.resource, settings.topic_prefix + rule.name, rule.operation, users[rule.service])
            for rule in access_rules()
        ]
        present = _present(client, users.values())
        missing = [acl for acl in wanted if acl not in present]
        _add(client, missing, settings)
        return AppliedRules(
            [_text(acl) for acl in missing],
            [_text(acl) for acl in wanted if acl in present],
            sorted(_text(acl) for acl in present - set(wanted)),
        )
    finally:
        client.close()


def ensure_users(settings: Settings, passwords: Mapping[str, str], timeout_ms: int = 10_000) -> None:
    """Sets the password of each Kafka user, for the mechanism of the settings; users that do not exist are created.

    Raises AccessDenied if the broker does not accept one, KafkaTimeoutError without a broker.
    """
    client = create_admin_client(settings, timeout_ms)
    try:
        results = client.alter_user_scram_credentials(
            [
                UserScramCredentialUpsertion(user, settings.kafka_mechanism, password, iterations=_ITERATIONS)
                for user, password in passwords.items()
            ]
        )
    finally:
        client.close()
    refused = [f"{user}: {reason}" for user, reason in results.items() if reason]
    if refused:
        raise AccessDenied(f"Kafka does not set the password of {'; '.join(refused)}")


def _present(client: KafkaAdminClient, users: Iterable[str]) -> set[ACL]:
    """The rules of these users on any resource."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    found: set[ACL] = set()
    try:
        for user in set(users):
            wanted = ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ANY, anything)
            found.update(client.describe_acls(wanted)[0])
    except SecurityDisabledError as error:
        raise AccessDenied(
            "Kafka has no authorizer, so it checks no access rules: set authorizer.class.name to"
            " org.apache.kafka.metadata.authorizer.StandardAuthorizer in the broker's configuration"
        ) from error
    return found


def _add(client: KafkaAdminClient, missing: list[ACL], settings: Settings) -> None:
    if not missing:
        return
    failed = client.create_acls(missing)["failed"]
    if failed:
        reasons = ", ".join(sorted({error.__name__ for error in failed}))
        user = settings.kafka_user or "this process"
        raise AccessDenied(
            f"Kafka refuses {len(failed)} of {len(missing)} access rules ({reasons}): may {user} alter the cluster?"
        )


def _acl(resource: str, name: str, operation: str, user: str) -> ACL:
    pattern = ResourcePattern(ResourceType[resource.upper()], name, ACLResourcePatternType.LITERAL)
    return ACL(f"User:{user}", "*", ACLOperation[operation], ACLPermissionType.ALLOW, pattern)


def _text(acl: ACL) -> str:
    pattern = acl.resource_pattern
    verb = "may" if acl.permission_type == ACLPermissionType.ALLOW else "may not"
    kind = "" if pattern.pattern_type == ACLResourcePatternType.LITERAL else f" ({pattern.pattern_type.name.lower()})"
    return f"{acl.principal} {verb} {acl.operation.name} {pattern.resource_type.name.lower()} {pattern.resource_name}{kind}"
