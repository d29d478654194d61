"""The events that rows become, with ids that follow from what they say, and the lines that withdraw them. Pure.

An id is made of the person id, the kind of event and who referred them: never of the time, which the same comment may state
differently on another day ("3 hours ago"). After a withdrawal the same content has the next id of its series.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import count, islice

import msgspec

from conversion_tracker.attribution.history import MAX_WITHDRAWN
from conversion_tracker.desk.desk_knowledge import DeskKnowledge, PersonState
from conversion_tracker.desk.desk_row import DeskRow
from referral.events.audit import PasteEvent
from referral.events.facts import (
    Channel,
    EventWithdrawn,
    Fact,
    Follow,
    FriendTagged,
    PersonFollowed,
    Post,
    PostPublished,
    PostRemoved,
    Tag,
)
from referral.events.ids import derive_id

_MAX_HANDLE = 64


def event_id(row: DeskRow, known: DeskKnowledge) -> str:
    """The id of the event that a row becomes: the first of its series that was not withdrawn."""
    withdrawn = known.state(known.person_id(row.person)).history.withdrawn
    return next(id for id in _series(row, known) if id not in withdrawn)


def recorded_id(row: DeskRow, known: DeskKnowledge) -> str:
    """The id of the event that a row names as recorded, also if that was withdrawn; without one, as `event_id`.

    So a form that is sent again withdraws nothing but what it was for. An id that is not of the row's series is ignored.
    """
    return row.event if row.event in islice(_series(row, known), MAX_WITHDRAWN + 1) else event_id(row, known)


def is_recorded(row: DeskRow, state: PersonState, known: DeskKnowledge) -> bool:
    """Whether the event of a row is in the person's history."""
    return state.history.has_event(event_id(row, known))


def fact_of(row: DeskRow, program: str, channel: Channel, now: datetime, known: DeskKnowledge) -> Fact:
    """The event of a row, as a platform would send it. Raises ValueError for a row that is none."""
    at, id = row.occurred_at or now, event_id(row, known)
    match row.kind:
        case "follow":
            data = Follow(handle=row.name[:_MAX_HANDLE] or None)
            return PersonFollowed(
                id=id,
                program=program,
                person=row.person,
                occurred_at=at,
                channel=channel,
                code=row.code or None,
                mention=row.mention or None,
                data=data,
            )
        case "tag":
            return FriendTagged(
                id=id, program=program, person=row.person, occurred_at=at, channel=channel, data=Tag(by=row.by)
            )
        case "post":
            post = Post(post=row.post, hashtags=row.hashtags)
            return PostPublished(id=id, program=program, person=row.person, occurred_at=at, channel=channel, data=post)
        case "proof" | "none":
            raise ValueError(f"line {row.line} becomes no event")


def paste_event_of(row: DeskRow, known: DeskKnowledge) -> PasteEvent:
    """The event that a row becomes or has become, without names. Raises ValueError for a row that is none."""
    if row.kind == "none":
        raise ValueError(f"line {row.line} becomes no event")
    person = known.person_id(row.person)
    id = known.claim_in(person, row.proof) or "" if row.kind == "proof" else recorded_id(row, known)
    return PasteEvent(
        kind=row.kind, person=person, event=id, post=known.post_pseudonym(row.post) if row.kind == "post" else ""
    )


def removal_of(
    event: PasteEvent, external_id: str, post: str, program: str, channel: Channel, now: datetime
) -> PostRemoved:
    """The event that takes a post back, as a platform would send it."""
    id = derive_id("dsk", event.event, "removed")
    return PostRemoved(
        id=id, program=program, person=external_id, occurred_at=now, channel=channel, data=Post(post=post)
    )


def withdrawal_of(event: PasteEvent, program: str, now: datetime, by: str, api_key: str | None) -> EventWithdrawn:
    """The line that withdraws a follow or tag."""
    return EventWithdrawn(
        occurred_at=now,
        id=derive_id("wdr", event.event),
        program=program,
        person=event.person,
        event=event.event,
        was="friend.tagged" if event.kind == "tag" else "person.followed",
        by=by,
        api_key=api_key,
    )


def encode_fact(fact: Fact) -> bytes:
    """The event as the ingest reads it."""
    return msgspec.json.encode(fact)


def _series(row: DeskRow, known: DeskKnowledge) -> Iterator[str]:
    person = known.person_id(row.person)
    evidence = _evidence(row, known)
    return (derive_id("dsk", person, row.kind, evidence, str(number)) for number in count())


def _evidence(row: DeskRow, known: DeskKnowledge) -> str:
    """What identifies the evidence without naming anyone: person ids and pseudonyms."""
    if row.kind == "post":
        return known.post_pseudonym(row.post)
    if row.kind == "tag":
        return known.person_id(row.by)
    if row.kind == "proof":
        return row.proof
    owner = known.code_owner(row.code) if row.code else known.mention_owner(row.mention) if row.mention else None
    return f"{row.code}|{owner.id}" if owner else ""
