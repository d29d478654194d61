"""The index of participants in the directory."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

import msgspec

from referral.directory.decoded_records import DecodedRecords
from referral.directory.replica import Replica
from referral.directory.tables import Table, key_of
from referral.events.entities import Link, LinkUsed, Participant

_MAX_LINKS = 100_000  # of a participant


class StoredParticipants:
    """What a catalog reads about participants, from the directory. Its methods raise DirectoryUnavailable."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._references = DecodedRecords(replica, Table.CODES, bytes.decode)
        self._participants = DecodedRecords(replica, Table.PARTICIPANTS, msgspec.json.Decoder(Participant).decode)
        self._links = DecodedRecords(replica, Table.LINKS, msgspec.json.Decoder(Link).decode)
        self._uses = DecodedRecords(replica, Table.USES, msgspec.json.Decoder(LinkUsed).decode)

    def __len__(self) -> int:
        """As in ParticipantIndex."""
        return self._replica.count(Table.PARTICIPANTS, Table.LINKS, Table.USES, Table.RETURNED)

    def reading(self) -> AbstractContextManager[None]:
        """As in ParticipantIndex; people of the same directory are read in it, too."""
        return self._replica.reading()

    def participant(self, id: str) -> Participant | None:
        """As in ParticipantIndex."""
        return self._participants.get(id)

    def participants_with(self, ids: Iterable[str]) -> dict[str, Participant]:
        """As in ParticipantIndex."""
        return self._participants.get_many(ids)

    def participants(self, program: str, after: str, limit: int) -> list[Participant]:
        """As in ParticipantIndex."""
        ids = self._replica.keys(Table.MEMBERS, (program,), after, limit)
        return [found for id in ids if (found := self.participant(id)) is not None]

    def code_owner(self, code: str) -> Participant | Link | None:
        """As in ParticipantIndex."""
        reference = self._references.get(code)
        if reference is None:
            return None
        return self._participants.get(reference[1:]) if reference[0] == "p" else self._links.get(reference[1:])

    def code_owner_ids(self, codes: Iterable[str]) -> dict[str, str]:
        """As in ParticipantIndex."""
        keys = {key_of(code): code for code in codes}
        found = self._replica.get_many(Table.CODES, keys)
        owners = {keys[key]: self._owner_id(reference) for key, reference in found.items()}
        return {code: owner for code, owner in owners.items() if owner is not None}

    def _owner_id(self, reference: bytes) -> str | None:
        owner = reference[1:].decode()
        if reference[:1] == b"p":
            return owner
        link = self._links.get(owner)
        return None if link is None else link.id

    def mention_holders(self, program: str, mention: str) -> tuple[Participant, ...]:
        """As in ParticipantIndex."""
        ids = (self._replica.get(Table.MENTIONS, key_of(program, mention)) or b"").decode().split()
        return tuple(found for id in ids if (found := self.participant(id)) is not None)

    def held_mentions(self, program: str, mentions: Iterable[str]) -> set[str]:
        """As in ParticipantIndex."""
        keys = {key_of(program, mention): mention for mention in mentions}
        return {keys[key] for key, holders in self._replica.get_many(Table.MENTIONS, keys).items() if holders}

    def links(self, participant: str) -> list[Link]:
        """As in ParticipantIndex."""
        codes = self._replica.keys(Table.LINKS_OF, (participant,), "", _MAX_LINKS)
        return [found for code in codes if (found := self._links.get(code)) is not None]

    def use(self, code: str) -> LinkUsed | None:
        """As in ParticipantIndex."""
        return self._uses.get(code)

    def returned_uses(self, code: str) -> int:
        """As in ParticipantIndex."""
        return int(self._replica.get(Table.RETURNED_COUNTS, key_of(code)) or 0)

    def use_was_returned(self, code: str, click: str) -> bool:
        """As in ParticipantIndex."""
        return self._replica.get(Table.RETURNED, key_of(code, click)) is not None
