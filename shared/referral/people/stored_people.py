"""Decodes records of the topic `people`."""

from collections.abc import Callable

import msgspec

from referral.events.people import PeopleEntity

decode_people_entity: Callable[[bytes], PeopleEntity] = msgspec.json.Decoder(PeopleEntity).decode
"""The entity of a record. Raises msgspec.MsgspecError."""
