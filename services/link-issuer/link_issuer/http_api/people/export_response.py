"""The archive of a person: everything that is stored about them, with an explanation of each part."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from link_issuer.privacy.person_lines import PersonLine
from referral.events.entities import Link, Participant
from referral.events.people import Person, PersonText, Profile
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp

Json = dict[str, Any]

EXPLANATIONS = {
    "person": "What platforms report: the platform's id, and the name (handle) there. Topic `people`.",
    "profile": "What was given at enrolment, changed with PATCH or corrected. Topic `people`.",
    "texts": "Operators' notes about the person, and the posts that events name. Topic `people`.",
    "participant": "Their code, and keyed hashes of mention and device, which only compare. Topic `catalog`.",
    "links": "Links created for them. Topic `catalog`.",
    "lines": "Events, verdicts, conversions and rewards, on the partitions of their person id; the person id stands for the person."
    " Lines about referrals of which they are the friend are with the referrer: `elsewhere.explanation` has them.",
    "elsewhere": "Derived figures, which other services answer: attribution, explanation, rewards, place on the boards.",
}


class ExportedLine(Struct):
    """A line of the log, and where it is."""

    topic: str
    partition: int
    offset: int
    recorded_at: Timestamp
    line: Json


class PersonExport(Struct, kw_only=True):
    """One page of the archive. The first page has everything but lines; `next_cursor` leads to further lines."""

    program: str
    id: Annotated[str, Meta(description="the person id, which the log has in place of the platform's id")]
    external_id: str | None
    exported_at: Timestamp
    person: Json | None
    profile: Json | None
    texts: list[Json]
    participant: Json | None
    links: list[Json]
    lines: list[ExportedLine]
    next_cursor: Annotated[str | None, Meta(description="send it as `cursor` for more lines; null on the last page")]
    elsewhere: Annotated[dict[str, str], Meta(description="addresses of what other services answer about the person")]
    explanations: Annotated[dict[str, str], Meta(description="what each part is")]


class CorrectedPerson(Struct):
    """What is stored about a person after a correction."""

    program: str
    id: str
    external_id: str | None
    person: Json | None
    profile: Json | None


class StoredRecords(Struct):
    """What the directory has of a person."""

    person: Person | None
    profile: Profile | None
    texts: list[PersonText]
    participant: Participant | None
    links: list[Link]

    @property
    def external_id(self) -> str | None:
        """The platform's id; None for a participant of whom nothing else is known."""
        return self.profile.external_id if self.profile else self.person.external_id if self.person else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the person."""
        return not (self.person or self.profile or self.texts or self.participant)


def export_response(
    program: str, id: str, stored: StoredRecords, lines: Iterable[PersonLine], cursor: str | None, now: datetime
) -> PersonExport:
    """The page of these records and lines."""
    return PersonExport(
        program=program,
        id=id,
        external_id=stored.external_id,
        exported_at=now,
        person=_json(stored.person),
        profile=_json(stored.profile),
        texts=[msgspec.to_builtins(text) for text in stored.texts],
        participant=_json(stored.participant),
        links=[msgspec.to_builtins(link) for link in stored.links],
        lines=[_exported(line) for line in lines],
        next_cursor=cursor,
        elsewhere=_elsewhere(program, id),
        explanations=EXPLANATIONS,
    )


def corrected_person(program: str, id: str, stored: StoredRecords) -> CorrectedPerson:
    """The answer to a correction."""
    return CorrectedPerson(program, id, stored.external_id, _json(stored.person), _json(stored.profile))


def _json(record: Person | Profile | Participant | None) -> Json | None:
    return None if record is None else msgspec.to_builtins(record)


def _exported(line: PersonLine) -> ExportedLine:
    content: Json = msgspec.json.decode(line.line)
    return ExportedLine(line.topic, line.partition, line.offset, to_datetime(line.recorded_at_ms), content)


def _elsewhere(program: str, id: str) -> dict[str, str]:
    person = f"/v1/programs/{program}/people/{id}"
    return {
        "attribution": person,
        "explanation": f"{person}/explanation",
        "rewards": f"{person}/rewards",
        "boards": f"/v1/programs/{program}/boards/referrals/people/{id}?period=all",
    }
