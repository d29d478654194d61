"""The people whose events this process has accepted lately: what ingest needs of each, by the text that platforms send.

It spares most events the hashes of pseudonyms and a look-up in the directory. It is bounded, and empty again after each erasure,
since that gives an external id another person id.
"""

from dataclasses import dataclass, field

from referral.events.keys import person_key
from referral.events.normal_forms import is_normal_person_id, normalize_person_id
from referral.people.people_view import People
from referral.people.pseudonyms import Pseudonyms

MAX_ENTRIES = 16_384
"""Entries of one generation; there are two. An entry has about 500 bytes."""


@dataclass(slots=True)
class RecentPerson:
    """A person: their id, the key of their lines, and the external id in its normal form; `bare_id` is that without its prefix.

    `is_recorded`: the topic `people` has who they are. The last device and network are remembered with their pseudonyms.
    """

    id: str
    key: str
    external_id: str
    is_recorded: bool
    bare_id: str = ""
    look_alike: str | None = None
    device: str | None = None
    device_pseudonym: str | None = None
    network: str | None = None
    network_pseudonym: str | None = None


@dataclass(slots=True)
class Generation:
    """The people since a time; valid while the number of erasures is the same. A request uses one to its end.

    So a request that has begun before an erasure cannot add an outdated id to what later requests find.
    """

    pseudonyms: Pseudonyms
    people: People
    erasures: int
    older: "Generation | None" = None
    size: int = 0
    _by_program: dict[str, dict[str, RecentPerson]] = field(default_factory=dict)

    def of_program(self, program: str) -> dict[str, RecentPerson]:
        """The people of a program by the external id as it was sent; read it, and let `add` add to it."""
        return self._by_program.setdefault(program, {})

    def add(self, program: str, text: str) -> RecentPerson:
        """The person whom an external id in any form means, from now on known. Raises InvalidValue for an invalid id."""
        known = self.of_program(program)
        older = self.older.of_program(program).get(text) if self.older else None
        found = older or self._person(program, text, known)
        known[text] = found
        self.size += 1
        return found

    def _person(self, program: str, text: str, known: dict[str, RecentPerson]) -> RecentPerson:
        external_id = text if is_normal_person_id(text) else normalize_person_id(text)
        if external_id in known:
            return known[external_id]
        id = self.pseudonyms.person_id(program, external_id)
        bare_id = external_id.partition(":")[2] or external_id
        return RecentPerson(id, person_key(program, id), external_id, self.people.person(id) is not None, bare_id)


class RecentPeople:
    """The current generation of known people. Thread-safe: entries are added and replaced by single assignments."""

    def __init__(self, pseudonyms: Pseudonyms, people: People) -> None:
        self._pseudonyms, self._people = pseudonyms, people.snapshot()
        self._current = Generation(pseudonyms, self._people, -1)

    def generation(self) -> Generation:
        """The generation for a request that begins now."""
        erasures, current = self._people.erasure_count(), self._current
        if current.erasures != erasures:
            current = self._current = Generation(self._pseudonyms, self._people, erasures)
        elif current.size >= MAX_ENTRIES:
            current.older = None
            current = self._current = Generation(self._pseudonyms, self._people, erasures, older=current)
        return current
