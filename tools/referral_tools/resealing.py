"""Sealed values of the catalog: which key sealed each, and the same value sealed with the newest key."""

from collections.abc import Iterator

from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.console.credentials import open_credentials, seal_credentials
from referral.encryption import key_id_of, seal, unseal
from referral.events.entities import AdapterSecret, Operator, Webhook
from referral.key_ring import KeyRing
from reward_dispatcher.webhook_secrets import reseal_webhook

SealingEntity = AdapterSecret | Operator | Webhook
IN_CLEAR = "(in clear)"


def sealing_entities(catalog: Catalog) -> Iterator[SealingEntity]:
    """The entities that hold a sealed value, or one in clear that should be sealed."""
    yield from (secret for secret in catalog.adapter_secrets() if secret.sealed)
    yield from (operator for operator in catalog.operators() if operator.sealed is not None)
    for program in catalog.programs():
        yield from catalog.webhooks(program)


def sealed_with(entity: SealingEntity) -> set[str]:
    """The ids of the keys that sealed an entity's values; IN_CLEAR for a value that is not sealed."""
    match entity:
        case AdapterSecret(sealed=values):
            return {key_id_of(value) for value in values}
        case Webhook(sealed=values, contact=contact):
            return {key_id_of(value) for value in (*values, *([contact] if contact else []))}
        case Operator(sealed=value):
            return {IN_CLEAR if value is None else key_id_of(value)}


def reseal(entity: SealingEntity, ring: KeyRing) -> SealingEntity:
    """The entity with its values sealed by the newest key. Raises DecryptionFailed."""
    match entity:
        case AdapterSecret(program=program, name=name, sealed=values):
            sealed = tuple(seal(ring, program, name, unseal(ring, program, name, value)) for value in values)
            return replace(entity, sealed=sealed)
        case Webhook():
            return reseal_webhook(ring, entity)
        case Operator(id=id_):
            credentials = open_credentials(ring, entity)
            return replace(entity, sealed=seal_credentials(ring, id_, credentials)) if credentials else entity


def entity_name(entity: SealingEntity) -> str:
    """How messages name it."""
    match entity:
        case AdapterSecret(program=program, name=name):
            return f"the adapter secret {name} of {program}"
        case Webhook(program=program, id=id_):
            return f"the webhook {id_} of {program}"
        case Operator(id=id_):
            return f"the credentials of the operator {id_}"
