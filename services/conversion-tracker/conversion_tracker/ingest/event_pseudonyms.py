"""Replaces what identifies people in a validated event by pseudonyms, and collects what `people` has to know about them.

Person, mention and code are checked before (event_checks); what is left are the fields that most events do not have.
"""

from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import force_setattr, replace

from conversion_tracker.ingest.event_errors import EventRejected, unknown_field
from conversion_tracker.ingest.event_warnings import EventWarning, field_left_out
from conversion_tracker.ingest.handle_patterns import handle_matches
from conversion_tracker.ingest.program_terms import ProgramTerms
from conversion_tracker.ingest.recent_people import RecentPerson
from referral.events.facts import (
    ContentShared,
    ContentShown,
    Fact,
    FriendTagged,
    PersonFollowed,
    PostEngaged,
    PostPublished,
    PostRemoved,
    PostSubmitted,
    PostVerified,
    PostVoted,
    RightsGiven,
    RightsWithdrawn,
    SubmissionAppealed,
)
from referral.events.people import PeopleEntity, Person, PersonText, people_key
from referral.people.people_view import People
from referral.people.pseudonyms import Pseudonyms
from referral.people.raw_identifiers import raw_identifier

_OWN_POST = (
    PostPublished,
    PostEngaged,
    PostRemoved,
    PostVerified,
    PostSubmitted,
    SubmissionAppealed,
    RightsGiven,
    RightsWithdrawn,
)
WITH_PERSONAL_DATA: frozenset[type[Fact]] = frozenset(
    {PersonFollowed, FriendTagged, ContentShown, ContentShared, PostVoted, *_OWN_POST}
)
"""The types whose `data` may identify someone, or that carry a look-alike form."""


def names_person(event_id: str, bare_id: str) -> bool:
    """Whether an event's id, in which a person's id occurs, has it as a word: follow-u42 names u42, and not u4."""
    start = event_id.find(bare_id)
    while start >= 0:
        around = event_id[max(0, start - 1) : start], event_id[start + len(bare_id) :][:1]
        if not any(character.isalnum() for character in around):
            return True
        start = event_id.find(bare_id, start + 1)
    return False


@dataclass(slots=True)
class PeopleChanges:
    """What `people` has to know with the events of a request, by key; `new` are the people who are recorded with it."""

    records: dict[str, PeopleEntity] = field(default_factory=dict)
    new: dict[str, RecentPerson] = field(default_factory=dict)

    def add(self, entity: PeopleEntity) -> None:
        """Adds a record; of one key the last one counts."""
        self.records[people_key(entity)] = entity

    def confirm(self) -> None:
        """Called once the records are durable: the people need not be recorded again."""
        for person in self.new.values():
            person.is_recorded = True


@dataclass(frozen=True, slots=True)
class EventPseudonymizer:
    """The pseudonyms of the events of a request, at one time. `changes` collects what `people` has to know."""

    pseudonyms: Pseudonyms
    people: People
    now: datetime
    changes: PeopleChanges = field(default_factory=PeopleChanges)

    def record_new(self, person: RecentPerson, program: str) -> None:
        """Records a person whom `people` does not know, once in a request."""
        if person.id not in self.changes.new:
            self._record(person, program)

    def replace(self, index: int, fact: Fact, person: RecentPerson, terms: ProgramTerms) -> list[EventWarning]:
        """Replaces the fields of a decoded event of `person` in place; returns warnings about what was left out."""
        warnings = self._replace_device(index, fact, person) if fact.device is not None else []
        if fact.network is not None:
            warnings += self._replace_network(index, fact, person)
        if isinstance(fact, PersonFollowed):
            self._replace_handle(fact, person, terms)
        post = getattr(getattr(fact, "data", None), "post", None)
        if post is not None:
            self._replace_post(fact, post, person)
        return warnings

    def _replace_device(self, index: int, fact: Fact, person: RecentPerson) -> list[EventWarning]:
        if fact.device != person.device:
            device = fact.device or ""
            if kind := raw_identifier(device):
                return _left_out(index, fact, "device", kind)
            person.device_pseudonym = self.pseudonyms.device(fact.program, device)
            person.device = device
        force_setattr(fact, "device", person.device_pseudonym)
        return []

    def _replace_network(self, index: int, fact: Fact, person: RecentPerson) -> list[EventWarning]:
        if fact.network != person.network:
            network = fact.network or ""
            if kind := raw_identifier(network):
                return _left_out(index, fact, "network", kind)
            person.network_pseudonym = self.pseudonyms.network(fact.program, network)
            person.network = network
        force_setattr(fact, "network", person.network_pseudonym)
        return []

    def _replace_handle(self, fact: PersonFollowed, person: RecentPerson, terms: ProgramTerms) -> None:
        """Sets the look-alike form of the external id; replaces the handle by the patterns that it matches.

        Raises EventRejected if the sender has set the matches.
        """
        if fact.data.handle_matches:
            raise unknown_field("/data", "handle_matches")
        if person.look_alike is None:
            person.look_alike = self.pseudonyms.look_alike(fact.program, person.external_id)
        force_setattr(fact, "look_alike", person.look_alike)
        handle = fact.data.handle
        if handle is None:
            return
        matches = handle_matches(handle, terms.handle_patterns(min(fact.occurred_at, self.now)))
        force_setattr(fact, "data", replace(fact.data, handle=None, handle_matches=matches))
        known = self.people.person(person.id) if person.is_recorded else None
        if known is None or known.handle != handle:
            self._record(person, fact.program, handle)

    def _replace_post(self, fact: Fact, post: str, person: RecentPerson) -> None:
        """Replaces a post; the text of a person's own post is kept, that of another person's is not."""
        pseudonym = self.pseudonyms.post(fact.program, post)
        force_setattr(fact, "data", replace(fact.data, post=pseudonym))  # type: ignore[union-attr] # it has a post
        if isinstance(fact, _OWN_POST) and self.people.text(person.id, pseudonym) is None:
            text = PersonText(
                id=person.id,
                program=fact.program,
                recorded_at=self.now,
                text_id=pseudonym,
                kind="post",
                text=post,
            )
            self.changes.add(text)

    def _record(self, person: RecentPerson, program: str, handle: str | None = None) -> None:
        self.changes.new[person.id] = person
        self.changes.add(
            Person(id=person.id, program=program, recorded_at=self.now, external_id=person.external_id, handle=handle)
        )


def _left_out(index: int, fact: Fact, name: str, kind: str) -> list[EventWarning]:
    """Removes a field that has an identifier in clear."""
    force_setattr(fact, name, None)
    problem = (
        f"`{name}` is {kind}, which identifies a person: send a keyed hash of it, such as the hexadecimal HMAC-SHA-256 under a"
        " key that only you have."
    )
    return [field_left_out(index, EventRejected("invalid_value", f"/{name}", problem))]
