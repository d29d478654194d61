"""The records of the topic `people` that entities are."""

from collections.abc import Mapping

import msgspec

from referral.events.people import PeopleEntity
from referral.log.publisher import KeyedRecord

_encode = msgspec.json.Encoder().encode


def people_records(entities: Mapping[str, PeopleEntity]) -> list[KeyedRecord]:
    """The records of entities by their keys (`people_key`), each on the partition of its person."""
    return [KeyedRecord(entity.id, key.encode(), _encode(entity)) for key, entity in entities.items()]
