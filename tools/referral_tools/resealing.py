"""Sealed values of the catalog: which key sealed each, and the same value sealed with the newest key."""

from collections.abc import Iterator

from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.encryption import key_id_of, seal, unseal
from referral.events.entities import AdapterSecret, PoolChunk, Webhook
from referral.key_ring import KeyPurpose, KeyRing
from reward_dispatcher.sealed_codes import CodeSealer
from reward_dispatcher.webhook_secret import seal_webhook_secret, webhook_secret

SealingEntity = AdapterSecret | Webhook | PoolChunk
IN_CLEAR = "(in clear)"


def sealing_entities(catalog: Catalog) -> Iterator[SealingEntity]:
    """The entities that hold a sealed value, or one in clear that should be sealed."""
    yield from (secret for secret in catalog.adapter_secrets() if secret.sealed)
    for program in catalog.programs():
        yield from catalog.webhooks(program)
        yield from catalog.program_chunks(program)


def sealing_purpose(entity: SealingEntity) -> KeyPurpose:
    """The purpose of the keys that seal it."""
    return "codes" if isinstance(entity, PoolChunk) else "sealing"


def sealed_with(entity: SealingEntity) -> set[str]:
    """The ids of the keys that sealed an entity's values; IN_CLEAR for a value that is not sealed."""
    match entity:
        case AdapterSecret(sealed=values):
            return {key_id_of(value) for value in values}
        case Webhook(sealed=value) | PoolChunk(sealed=value):
            return {IN_CLEAR if value is None else key_id_of(value)}


def reseal(entity: SealingEntity, ring: KeyRing) -> SealingEntity:
    """The entity with its values sealed by the newest key. Raises DecryptionFailed."""
    match entity:
        case AdapterSecret(program=program, name=name, sealed=values):
            sealed = tuple(seal(ring, program, name, unseal(ring, program, name, value)) for value in values)
            return replace(entity, sealed=sealed)
        case Webhook(program=program, id=id_):
            secret = webhook_secret(ring, entity)
            return replace(entity, secret=None, sealed=seal_webhook_secret(ring, program, id_, secret))
        case PoolChunk():
            codes = CodeSealer(ring)
            return codes.seal_chunk(codes.open_chunk(entity))


def entity_name(entity: SealingEntity) -> str:
    """How messages name it."""
    match entity:
        case AdapterSecret(program=program, name=name):
            return f"the adapter secret {name} of {program}"
        case Webhook(program=program, id=id_):
            return f"the webhook {id_} of {program}"
        case PoolChunk(program=program, pool=pool, id=id_):
            return f"the codes {id_} of pool {pool} of {program}"
