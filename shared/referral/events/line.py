"""The fields that every line of the log has.

A line is one JSON object with a `type` and `occurred_at`, the time of the event. An output line of a fold also
carries its `cause`: the line of the source topic that led to it.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

Timestamp = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone; UTC on the log")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
ExternalId = Annotated[
    str, Meta(min_length=1, max_length=128, description="the platform's own id of a person, e.g. xhs:u42")
]
PersonId = Annotated[
    str, Meta(min_length=1, max_length=64, description="a person in a program, e.g. psn_3v8k2m9q4t6w1x7z")
]
PersonRef = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="a person: from outside the platform's own id, e.g. xhs:u42; on the log the person id, psn_…",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=512)]

# Source topic (short name), partition, offset, line in the record, output of the line.
Cause = tuple[str, int, int, int, int]


class Line(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", forbid_unknown_fields=True, gc=False
):
    """A line of any topic."""

    occurred_at: Timestamp


class Derived(Line, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An output line of a fold. The fold runner sets `cause`: readers skip duplicates by it, and explanations follow it."""

    program: Id
    cause: Cause = ("", 0, 0, 0, 0)


class RewardEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to one reward."""

    id: Id
    beneficiary: PersonId


class ClockTicked(Line, frozen=True, tag="clock.ticked"):
    """Time has reached `occurred_at`: timers due by then fire. Sent to every partition, always in a record of its own."""

    id: Id
    cause: Cause = ("", 0, 0, 0, 0)


def type_tag(line: Struct | type[Struct]) -> str:
    """The `type` that a line, or every line of a class, carries, e.g. `person.followed`."""
    return str(line.__struct_config__.tag)
