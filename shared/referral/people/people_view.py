"""What is known about people: external ids, names, contacts and texts by person id. For answers and pages, never for a fold.

A look-up that finds nothing calls `refresh` once and looks again, as in `referral.catalog.view`, except for an erased person.
A record of an erased person is never shown: a process that had not seen the erasure may have written it after the tombstone.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from referral.events.people import PeopleEntity, Person, PersonErased, PersonText, Profile, WalletAccess, people_key
from referral.people.name_forms import name_form
from referral.people.people_index import MAX_TEXTS, MemoryPeople, PeopleIndex

Record = TypeVar("Record", Person, Profile)


def _no_refresh() -> None:
    """The refresh of a complete view."""


class People:
    """The people that are known. Thread-safe.

    A look-up returns None, or an empty collection, for what is unknown or erased; it raises what `refresh` raises
    (LogUnavailable).
    """

    def __init__(self, index: PeopleIndex, refresh: Callable[[], object] = _no_refresh) -> None:
        self._index = index
        self._refresh = refresh

    def with_refresh(self, refresh: Callable[[], object]) -> "People":
        """The same people with another refresh."""
        return People(self._index, refresh)

    def snapshot(self) -> "People":
        """The same people without refresh, for a caller that must not wait, or where a name may be missing."""
        return self.with_refresh(_no_refresh)

    def person(self, id: str) -> Person | None:
        """The person with this id."""
        found = self._index.person(id)
        if found is None and self._refresh is not _no_refresh and not self.is_erased(id):
            self._refresh()
            found = self._index.person(id)
        return None if found is None or self.is_erased(id) else found

    def profile(self, id: str) -> Profile | None:
        """What the participant with this id has given about themselves."""
        return self.profiles_by_id([id])[id]

    def people_by_id(self, ids: Iterable[str]) -> dict[str, Person | None]:
        """The people with these ids, with at most one refresh however many are missing."""
        return self._by_id(list(ids), self._index.person)

    def profiles_by_id(self, ids: Iterable[str]) -> dict[str, Profile | None]:
        """The profiles of the participants with these ids, with at most one refresh however many are missing."""
        return self._by_id(list(ids), self._index.profile)

    def _by_id(self, ids: list[str], look_up: Callable[[str], Record | None]) -> dict[str, Record | None]:
        found = {id: look_up(id) for id in ids}
        erased = {id: None for id in found if self.is_erased(id)}
        missing = [id for id, record in found.items() if record is None and id not in erased]
        if missing:
            self._refresh()
        return found | {id: look_up(id) for id in missing} | erased

    def record_keys(self, id: str) -> list[str]:
        """The keys (`people_key`) of every record of this id, erased or not: what an erasure has to remove. Never refreshes.

        Of texts at most 1,000: after those are removed, there may be more.
        """
        single = (self._index.person(id), self._index.profile(id), self._index.wallet_access(id))
        records = [*single, *self._index.texts(id, "", MAX_TEXTS)]
        return [people_key(record) for record in records if record is not None]

    def find_by_name(self, program: str, text: str, limit: int) -> list[str]:
        """The ids of people of a program with a name that begins with a text, in the order of the names; at most `limit`.

        A name is a display name, a mention or a handle that events report, in any case and width. Never refreshes.
        """
        beginning = name_form(text)
        found = self._index.find_by_name(program, beginning, limit) if beginning else []
        return [id for id in found if not self.is_erased(id)]

    def wallet_access(self, id: str) -> WalletAccess | None:
        """From when on links to the wallet of the person with this id are valid; None if none was ever revoked. Never refreshes."""
        return self._index.wallet_access(id)

    def erasure_count(self) -> int:
        """A number that grows with every erasure that is applied: what was derived from an earlier epoch is then outdated."""
        return self._index.erasure_count()

    def is_erased(self, id: str) -> bool:
        """Whether the last erasure of a person ended this id. Never refreshes."""
        return self._index.first_id_of_ended(id) is not None

    def epoch(self, first_id: str) -> int:
        """How often the person with this first id was erased. Never refreshes: most people never were."""
        erasure = self._index.erasure(first_id)
        return 0 if erasure is None else erasure.epoch

    def erasure(self, first_id: str) -> PersonErased | None:
        """The last erasure of the person with this first id. Never refreshes."""
        return self._index.erasure(first_id)

    def erasure_that_ended(self, id: str) -> PersonErased | None:
        """The erasure that ended this id, if it is the last one of the person. Never refreshes."""
        first = self._index.first_id_of_ended(id)
        return None if first is None else self._index.erasure(first)

    def text(self, person: str, text_id: str) -> PersonText | None:
        """A text about a person."""
        if self.is_erased(person):
            return None
        found = self._index.text(person, text_id)
        if found is None:
            self._refresh()
            found = self._index.text(person, text_id)
        return found

    def texts(self, person: str, after: str = "", limit: int = MAX_TEXTS) -> list[PersonText]:
        """The texts about a person whose id is greater than `after`, ordered by id; at most `limit`, which is at most 1,000.

        Read on with the id of the last one. Never refreshes.
        """
        return [] if self.is_erased(person) else self._index.texts(person, after, min(limit, MAX_TEXTS))


def people_in_memory(entities: Iterable[PeopleEntity] = ()) -> People:
    """People given as records instead of being read from the log; for tests."""
    index = MemoryPeople()
    for entity in entities:
        index.apply(entity)
    return People(index)
