"""Applies records of `catalog` and `people` to the tables, inside one transaction: all of them are there, or none.

What the tables hold is a function of the newest record of each key, in the order of the log, as in the implementations in memory.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

import msgspec

from referral.catalog.participant_index import has_code, mentions_of
from referral.catalog.stored_entities import decode_entity
from referral.directory.replica import ERASURE_COUNT, REMOVED_AT
from referral.directory.tables import Handles, Table, key_of, seal, unseal, version_key
from referral.events.entities import CatalogEntity, Link, LinkUsed, Participant, UseReturned, entity_key
from referral.events.people import PeopleEntity, Person, PersonErased, PersonText, Profile, WalletAccess
from referral.people.name_forms import names_of
from referral.people.stored_people import decode_people_entity

if TYPE_CHECKING:
    import lmdb

_decode_participant: Callable[[bytes], Participant] = msgspec.json.Decoder(Participant).decode
_decode_link: Callable[[bytes], Link] = msgspec.json.Decoder(Link).decode
_decode_use: Callable[[bytes], LinkUsed] = msgspec.json.Decoder(LinkUsed).decode
_decode_erasure: Callable[[bytes], PersonErased] = msgspec.json.Decoder(PersonErased).decode
_SEQUENCE = b"sequence"
SEQUENCE_BYTES = 8


class TableWriter:
    """The tables in one write transaction."""

    def __init__(self, txn: "lmdb.Transaction[bytes]", tables: Handles) -> None:
        self._txn = txn
        self._tables = tables
        self._changed: set[Table] = set()

    def get(self, table: Table, key: bytes) -> bytes | None:
        """A value. Raises DamagedValue."""
        sealed = self._txn.get(key, db=self._tables[table])
        return None if sealed is None else unseal(key, sealed)

    def put(self, table: Table, key: bytes, value: bytes = b"") -> None:
        """Sets a value."""
        self._changed.add(table)
        self._txn.put(key, seal(key, value), db=self._tables[table])

    def delete(self, table: Table, key: bytes) -> bool:
        """Whether there was a value; it is removed."""
        self._changed.add(table)
        return bool(self._txn.delete(key, db=self._tables[table]))

    def count_versions(self) -> None:
        """Gives each table that was changed its next version (`ReadBlock.version`). Call it last."""
        for table in self._changed - {Table.META}:
            key = version_key(table)
            self.put(Table.META, key, str(int(self.get(Table.META, key) or 0) + 1).encode())


class CatalogRecordWriter:
    """Applies records of the catalog."""

    def __init__(self, tables: TableWriter) -> None:
        self._tables = tables

    def apply(self, raw: bytes) -> None:
        """Applies a record. Raises one of INVALID_RECORD if it is no entity, and then changes nothing."""
        entity = decode_entity(raw)
        match entity:
            case Participant():
                self._apply_participant(raw, entity)
            case Link():
                self._tables.put(Table.LINKS, key_of(entity.code), raw)
                self._tables.put(Table.LINKS_OF, key_of(entity.participant, entity.code))
                self._claim(entity)
            case LinkUsed():
                self._apply_use(raw, entity)
            case UseReturned():
                self._apply_returned(entity)
            case _:
                self._apply_in_memory(raw, entity)

    def _apply_participant(self, raw: bytes, participant: Participant) -> None:
        key = key_of(participant.id)
        before = self._tables.get(Table.PARTICIPANTS, key)
        self._tables.put(Table.PARTICIPANTS, key, raw)
        self._tables.put(Table.MEMBERS, key_of(participant.program, participant.id))
        self._claim(participant)
        mentions = mentions_of(participant)
        if before is not None:
            for mention in mentions_of(_decode_participant(before)) - mentions:
                self._set_holders(participant, mention, holds=False)
        for mention in mentions:
            self._set_holders(participant, mention, holds=True)

    def _set_holders(self, participant: Participant, mention: str, *, holds: bool) -> None:
        key, own = key_of(participant.program, mention), participant.id.encode()
        others = [id for id in (self._tables.get(Table.MENTIONS, key) or b"").split() if id != own]
        holders = [own, *others] if holds else others
        if holders:
            self._tables.put(Table.MENTIONS, key, b" ".join(holders))
        else:
            self._tables.delete(Table.MENTIONS, key)

    def _claim(self, owner: Participant | Link) -> None:
        key = key_of(owner.code.upper())
        if has_code(owner, self._owner(self._tables.get(Table.CODES, key))):
            self._tables.put(
                Table.CODES,
                key,
                b"p" + owner.id.encode() if isinstance(owner, Participant) else b"l" + owner.code.encode(),
            )

    def _owner(self, reference: bytes | None) -> Participant | Link | None:
        if reference is None:
            return None
        kind, key = reference[:1], key_of(reference[1:].decode())
        raw = self._tables.get(Table.PARTICIPANTS if kind == b"p" else Table.LINKS, key)
        if raw is None:
            return None
        return _decode_participant(raw) if kind == b"p" else _decode_link(raw)

    def _apply_use(self, raw: bytes, use: LinkUsed) -> None:
        before = self._tables.get(Table.USES, key_of(use.code))
        if before is None or use.uses > _decode_use(before).uses:
            self._tables.put(Table.USES, key_of(use.code), raw)

    def _apply_returned(self, returned: UseReturned) -> None:
        key, counted = key_of(returned.code, returned.click), key_of(returned.code)
        before = self._tables.delete(Table.RETURNED, key)
        if returned.returned:
            self._tables.put(Table.RETURNED, key)
        count = int(self._tables.get(Table.RETURNED_COUNTS, counted) or 0) + returned.returned - before
        self._tables.put(Table.RETURNED_COUNTS, counted, str(count).encode())

    def _apply_in_memory(self, raw: bytes, entity: CatalogEntity) -> None:
        """Keeps an entity that every process has in memory, and puts it at the end of the list of changes."""
        key = key_of(entity_key(entity))
        before = self._tables.get(Table.ENTITIES, key)
        if before is not None:
            self._tables.delete(Table.CHANGES, before[:SEQUENCE_BYTES])
        number = int(self._tables.get(Table.META, _SEQUENCE) or 0) + 1
        self._tables.put(Table.META, _SEQUENCE, str(number).encode())
        change = number.to_bytes(SEQUENCE_BYTES, "big")
        self._tables.put(Table.CHANGES, change, key)
        self._tables.put(Table.ENTITIES, key, change + raw)


class PeopleRecordWriter:
    """Applies records and tombstones of `people`."""

    def __init__(self, tables: TableWriter) -> None:
        self._tables = tables

    def apply(self, raw: bytes) -> None:
        """Applies a record. Raises one of INVALID_RECORD if it is no entity, and then changes nothing."""
        entity = decode_people_entity(raw)
        table, key = _place(entity)
        before = self._tables.get(table, key)
        if before is not None and before != raw:
            self._note_removal()
        if isinstance(entity, (Person, Profile)):  # a union takes three times as long
            self._set_names(before, entity)
        if isinstance(entity, PersonErased):
            self._forget_ended(key)
            self._tables.put(Table.ENDED, key_of(entity.erased), entity.id.encode())
            count = int(self._tables.get(Table.META, ERASURE_COUNT) or 0) + 1
            self._tables.put(Table.META, ERASURE_COUNT, str(count).encode())
        self._tables.put(table, key, raw)

    def erase(self, record_key: str) -> None:
        """Applies a tombstone: removes the record of a key (`people_key`); nothing for an unknown one."""
        kind, _, rest = record_key.partition("/")
        self._note_removal()
        match kind:
            case "person":
                self._remove_named(Table.PEOPLE, key_of(rest))
            case "profile":
                self._remove_named(Table.PROFILES, key_of(rest))
            case "person_erased":
                self._forget_ended(key_of(rest))
                self._tables.delete(Table.ERASURES, key_of(rest))
            case "wallet_access":
                self._tables.delete(Table.WALLETS, key_of(rest))
            case "person_text":
                self._tables.delete(Table.TEXTS, key_of(*rest.split("/", 1)))

    def _remove_named(self, table: Table, key: bytes) -> None:
        """Removes a record and its names."""
        self._set_names(self._tables.get(table, key), None)
        self._tables.delete(table, key)

    def _set_names(self, before: bytes | None, after: Person | Profile | None) -> None:
        """Replaces the names of a record by those of the one that follows it."""
        former = _name_keys(decode_people_entity(before)) if before is not None else set()
        names = _name_keys(after) if after is not None else set()
        for key in former - names:
            self._tables.delete(Table.NAMES, key)
        for key in names - former:
            self._tables.put(Table.NAMES, key)

    def _note_removal(self) -> None:
        """Notes that the file has to be rewritten: a freed page may have what was replaced or erased."""
        if self._tables.get(Table.META, REMOVED_AT) is None:
            self._tables.put(Table.META, REMOVED_AT, str(time.time_ns() // 1_000_000).encode())

    def _forget_ended(self, key: bytes) -> None:
        """Removes the id that an erasure ended, unless a later one of another person has ended it."""
        before = self._tables.get(Table.ERASURES, key)
        if before is not None:
            ended = key_of(_decode_erasure(before).erased)
            if self._tables.get(Table.ENDED, ended) == key:
                self._tables.delete(Table.ENDED, ended)


def _name_keys(entity: PeopleEntity) -> set[bytes]:
    return {key_of(entity.program, name.form, entity.id, name.kind) for name in names_of(entity)}


def _place(entity: PeopleEntity) -> tuple[Table, bytes]:
    """The table and key of a record of people."""
    match entity:
        case Person():
            return Table.PEOPLE, key_of(entity.id)
        case Profile():
            return Table.PROFILES, key_of(entity.id)
        case PersonErased():
            return Table.ERASURES, key_of(entity.id)
        case WalletAccess():
            return Table.WALLETS, key_of(entity.id)
        case PersonText():
            return Table.TEXTS, key_of(entity.id, entity.text_id)
        case _:
            assert_never(entity)
