"""The records of the topic `people` by id: the interface of the index, and its implementation in memory."""

from typing import Protocol, assert_never

from referral.events.people import PeopleEntity, Person, PersonErased, PersonText, Profile, WalletAccess, people_key
from referral.people.name_forms import names_of

MAX_TEXTS = 1000
"""How many texts of a person a page of them has at most."""


class PeopleIndex(Protocol):
    """What is known about people by now. None or an empty collection for what is not there.

    Every method may be called by several threads at once; none waits for Kafka.
    """

    def person(self, id: str) -> Person | None:
        """The person with this id."""

    def profile(self, id: str) -> Profile | None:
        """What the participant with this id has given about themselves."""

    def wallet_access(self, id: str) -> WalletAccess | None:
        """From when on links to the wallet of the person with this id are valid; None if none was ever revoked."""

    def erasure(self, first_id: str) -> PersonErased | None:
        """The last erasure of the person with this first id."""

    def erasure_count(self) -> int:
        """A number that grows with every erasure that is applied."""

    def first_id_of_ended(self, id: str) -> str | None:
        """The first id of the person whose last erasure ended this id; None for any other id."""

    def find_by_name(self, program: str, beginning: str, limit: int) -> list[str]:
        """The ids of the first `limit` people of a program with a name whose form (`name_form`) begins so, ordered by name."""

    def text(self, person: str, text_id: str) -> PersonText | None:
        """A text about a person."""

    def texts(self, person: str, after: str, limit: int) -> list[PersonText]:
        """The first `limit` texts about a person with an id greater than `after`, ordered by id."""


class MemoryPeople:
    """An index of dictionaries. Reading needs no lock: each changes by single assignments."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._profiles: dict[str, Profile] = {}
        self._wallets: dict[str, WalletAccess] = {}
        self._erasures: dict[str, PersonErased] = {}
        self._ended: dict[str, str] = {}
        self._texts: dict[str, dict[str, PersonText]] = {}
        self._erasure_count = 0

    def apply(self, entity: PeopleEntity) -> None:
        """Applies one record; a later one of the same key replaces an earlier one."""
        self.erase(people_key(entity))
        match entity:
            case Person():
                self._people[entity.id] = entity
            case Profile():
                self._profiles[entity.id] = entity
            case PersonErased():
                self._erasures[entity.id] = entity
                self._ended[entity.erased] = entity.id
                self._erasure_count += 1
            case WalletAccess():
                self._wallets[entity.id] = entity
            case PersonText():
                self._texts[entity.id] = {**self._texts.get(entity.id, {}), entity.text_id: entity}
            case _:
                assert_never(entity)

    def erase(self, key: str) -> None:
        """Applies a tombstone: removes the record of a key (`people_key`); nothing for an unknown one."""
        kind, _, rest = key.partition("/")
        id, _, text_id = rest.partition("/")
        match kind:
            case "person":
                self._people.pop(id, None)
            case "profile":
                self._profiles.pop(id, None)
            case "wallet_access":
                self._wallets.pop(id, None)
            case "person_erased":
                before = self._erasures.pop(id, None)
                if before is not None and self._ended.get(before.erased) == id:
                    del self._ended[before.erased]
            case "person_text":
                self._erase_text(id, text_id)

    def _erase_text(self, person: str, text_id: str) -> None:
        others = {id: text for id, text in self._texts.get(person, {}).items() if id != text_id}
        self._texts[person] = others
        if not others:
            del self._texts[person]

    def person(self, id: str) -> Person | None:
        """As in PeopleIndex."""
        return self._people.get(id)

    def profile(self, id: str) -> Profile | None:
        """As in PeopleIndex."""
        return self._profiles.get(id)

    def wallet_access(self, id: str) -> WalletAccess | None:
        """As in PeopleIndex."""
        return self._wallets.get(id)

    def erasure(self, first_id: str) -> PersonErased | None:
        """As in PeopleIndex."""
        return self._erasures.get(first_id)

    def erasure_count(self) -> int:
        """As in PeopleIndex."""
        return self._erasure_count

    def first_id_of_ended(self, id: str) -> str | None:
        """As in PeopleIndex."""
        return self._ended.get(id)

    def find_by_name(self, program: str, beginning: str, limit: int) -> list[str]:
        """As in PeopleIndex. Reads the names of everyone."""
        found = [
            (name.form.encode(), record.id)
            for record in (*self._people.values(), *self._profiles.values())
            if record.program == program
            for name in names_of(record)
            if name.form.startswith(beginning)
        ]
        return list(dict.fromkeys(id for _, id in sorted(found)))[:limit]

    def text(self, person: str, text_id: str) -> PersonText | None:
        """As in PeopleIndex."""
        return self._texts.get(person, {}).get(text_id)

    def texts(self, person: str, after: str, limit: int) -> list[PersonText]:
        """As in PeopleIndex."""
        return [text for id, text in sorted(self._texts.get(person, {}).items()) if id > after][:limit]
