"""What is known about people from both of their records: what events reported, and what they gave at enrolment."""

from collections.abc import Iterable
from dataclasses import dataclass

from referral.events.people import Person, Profile
from referral.events.visible_text import has_visible_character
from referral.people.people_view import People


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person who is not erased. Only participants have a display name; `public` false: pages that anyone can open hide it."""

    external_id: str
    display_name: str | None = None
    public: bool = False

    @property
    def public_name(self) -> str | None:
        """The name for pages that anyone can open; None if it is hidden, or a reader would see nothing of it."""
        name = self.display_name if self.public else None
        return name if name and has_visible_character(name) else None


def known_people(ids: Iterable[str], people: People) -> dict[str, KnownPerson | None]:
    """Returns for each person id who it is; None for a person who is erased or unknown.

    `people` refreshes at most once. A caller that must not wait passes a snapshot.
    """
    wanted, snapshot = list(ids), people.snapshot()
    found = _find(wanted, snapshot)
    missing = [id for id, known in found.items() if known is None]
    if missing:
        people.people_by_id(missing)
        found |= _find(missing, snapshot)
    return found


def _find(ids: list[str], people: People) -> dict[str, KnownPerson | None]:
    profiles = people.profiles_by_id(ids)
    persons = people.people_by_id(id for id, profile in profiles.items() if profile is None)
    return {id: _known(profiles[id], persons.get(id)) for id in ids}


def _known(profile: Profile | None, person: Person | None) -> KnownPerson | None:
    if profile is not None:
        return KnownPerson(profile.external_id, profile.display_name, profile.public)
    return None if person is None else KnownPerson(person.external_id)
