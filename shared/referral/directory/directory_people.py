"""The index of people in the directory."""

import msgspec

from referral.directory.decoded_records import DecodedRecords
from referral.directory.replica import Replica
from referral.directory.tables import SEPARATOR, Table, key_of
from referral.events.people import Person, PersonErased, PersonText, Profile, WalletAccess
from referral.people.name_forms import NAMES_OF_A_PERSON


class StoredPeople:
    """What is known about people, from the directory. Its methods raise DirectoryUnavailable.

    Only profiles, which pages show again and again, are kept decoded.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._profiles = DecodedRecords(replica, Table.PROFILES, msgspec.json.Decoder(Profile).decode)

    def person(self, id: str) -> Person | None:
        """As in PeopleIndex."""
        raw = self._replica.get(Table.PEOPLE, key_of(id))
        return None if raw is None else msgspec.json.decode(raw, type=Person)

    def profile(self, id: str) -> Profile | None:
        """As in PeopleIndex."""
        return self._profiles.get(id)

    def wallet_access(self, id: str) -> WalletAccess | None:
        """As in PeopleIndex."""
        raw = self._replica.get(Table.WALLETS, key_of(id))
        return None if raw is None else msgspec.json.decode(raw, type=WalletAccess)

    def erasure(self, first_id: str) -> PersonErased | None:
        """As in PeopleIndex. Raises DirectoryUnavailable while the file is being rebuilt."""
        self._replica.require_complete()
        raw = self._replica.get(Table.ERASURES, key_of(first_id))
        return None if raw is None else msgspec.json.decode(raw, type=PersonErased)

    def erasure_count(self) -> int:
        """As in PeopleIndex."""
        return self._replica.erasure_count()

    def first_id_of_ended(self, id: str) -> str | None:
        """As in PeopleIndex."""
        raw = self._replica.get(Table.ENDED, key_of(id))
        return None if raw is None else raw.decode()

    def find_by_name(self, program: str, beginning: str, limit: int) -> list[str]:
        """As in PeopleIndex."""
        found = self._replica.keys_beginning(Table.NAMES, (program,), beginning, limit * NAMES_OF_A_PERSON)
        return list(dict.fromkeys(rest.split(SEPARATOR)[1] for rest in found))[:limit]

    def text(self, person: str, text_id: str) -> PersonText | None:
        """As in PeopleIndex."""
        raw = self._replica.get(Table.TEXTS, key_of(person, text_id))
        return None if raw is None else msgspec.json.decode(raw, type=PersonText)

    def texts(self, person: str, after: str, limit: int) -> list[PersonText]:
        """As in PeopleIndex."""
        ids = self._replica.keys(Table.TEXTS, (person,), after, limit)
        return [found for id in ids if (found := self.text(person, id)) is not None]
