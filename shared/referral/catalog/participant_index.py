"""Participants with their codes, mentions and links: the interface of the index, and its implementation in memory."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, assert_never

from referral.events.entities import Link, LinkUsed, Participant, UseReturned
from referral.events.timestamps import to_ms

MAX_PARTICIPANTS = 1000
"""How many participants a page of them has at most."""
IndexedEntity = Participant | Link | LinkUsed | UseReturned


class ParticipantIndex(Protocol):
    """What a catalog reads about participants. None, zero or an empty collection for what is not there.

    Every method may be called by several threads at once; none waits for Kafka.
    """

    def __len__(self) -> int:
        """How many participants, links, uses of links and returned uses there are."""

    def participant(self, id: str) -> Participant | None:
        """The participant with this id."""

    def participants_with(self, ids: Iterable[str]) -> dict[str, Participant]:
        """Those of the participants with these ids that there are, by id; cheaper than one after another."""

    def participants(self, program: str, after: str, limit: int) -> list[Participant]:
        """The first `limit` participants of a program with an id greater than `after`, ordered by id."""

    def reading(self) -> AbstractContextManager[None]:
        """A block in which look-ups of this thread may be cheaper, and see one state. Nothing in it may wait."""

    def code_owner(self, code: str) -> Participant | Link | None:
        """The participant or link with this code, given in upper case."""

    def code_owner_ids(self, codes: Iterable[str]) -> dict[str, str]:
        """The ids of the participants and links with these codes, given in upper case, by code; cheaper than all of the owners."""

    def mention_holders(self, program: str, mention: str) -> tuple[Participant, ...]:
        """All who have or had a mention (mnt_…), the one recorded last first."""

    def held_mentions(self, program: str, mentions: Iterable[str]) -> set[str]:
        """Those of these mentions (mnt_…) that anyone has or had."""

    def links(self, participant: str) -> list[Link]:
        """All links of a participant, ordered by code."""

    def use(self, code: str) -> LinkUsed | None:
        """The highest recorded number of uses of a link."""

    def returned_uses(self, code: str) -> int:
        """How many uses of a link were returned."""

    def use_was_returned(self, code: str, click: str) -> bool:
        """Whether the use of this click was returned."""


class MemoryParticipants:
    """A participant index of dictionaries. Reading needs no lock: each changes by single assignments."""

    def __init__(self) -> None:
        self._participants: dict[str, Participant] = {}
        self._codes: dict[str, Participant | Link] = {}
        self._mentions: dict[tuple[str, str], tuple[Participant, ...]] = {}
        self._links: dict[str, dict[str, Link]] = defaultdict(dict)
        self._uses: dict[str, LinkUsed] = {}
        self._returned: dict[str, frozenset[str]] = {}

    def __len__(self) -> int:
        """As in ParticipantIndex."""
        links, returned = sum(map(len, self._links.values())), sum(map(len, self._returned.values()))
        return len(self._participants) + len(self._uses) + links + returned

    def apply(self, entity: IndexedEntity) -> None:
        """Applies one record; a later one of the same key replaces an earlier one."""
        match entity:
            case Participant():
                self._apply_participant(entity)
            case Link():
                self._links[entity.participant][entity.code] = entity
                self._claim(entity)
            case LinkUsed(code=code):
                if code not in self._uses or entity.uses > self._uses[code].uses:
                    self._uses[code] = entity
            case UseReturned():
                others = self._returned.get(entity.code, frozenset()) - {entity.click}
                self._returned[entity.code] = others | {entity.click} if entity.returned else others
            case _:
                assert_never(entity)

    def _apply_participant(self, participant: Participant) -> None:
        before = self._participants.get(participant.id)
        self._participants[participant.id] = participant
        self._claim(participant)
        mentions = mentions_of(participant)
        for mention in mentions_of(before) - mentions if before else ():
            self._mentions[participant.program, mention] = self._others(participant, mention)
        for mention in mentions:
            self._mentions[participant.program, mention] = (participant, *self._others(participant, mention))

    def _others(self, participant: Participant, mention: str) -> tuple[Participant, ...]:
        holders = self._mentions.get((participant.program, mention), ())
        return tuple(other for other in holders if other.id != participant.id)

    def _claim(self, owner: Participant | Link) -> None:
        code = owner.code.upper()
        if has_code(owner, self._codes.get(code)):
            self._codes[code] = owner

    def participant(self, id: str) -> Participant | None:
        """As in ParticipantIndex."""
        return self._participants.get(id)

    def participants_with(self, ids: Iterable[str]) -> dict[str, Participant]:
        """As in ParticipantIndex."""
        return {id: known for id in ids if (known := self._participants.get(id)) is not None}

    def participants(self, program: str, after: str, limit: int) -> list[Participant]:
        """As in ParticipantIndex."""
        known = [one for one in list(self._participants.values()) if one.program == program and one.id > after]
        return sorted(known, key=lambda one: one.id)[:limit]

    def code_owner(self, code: str) -> Participant | Link | None:
        """As in ParticipantIndex."""
        return self._codes.get(code)

    def reading(self) -> AbstractContextManager[None]:
        """As in ParticipantIndex."""
        return nullcontext()

    def code_owner_ids(self, codes: Iterable[str]) -> dict[str, str]:
        """As in ParticipantIndex."""
        return {code: owner.id for code in codes if (owner := self._codes.get(code)) is not None}

    def mention_holders(self, program: str, mention: str) -> tuple[Participant, ...]:
        """As in ParticipantIndex."""
        return self._mentions.get((program, mention), ())

    def held_mentions(self, program: str, mentions: Iterable[str]) -> set[str]:
        """As in ParticipantIndex."""
        return {mention for mention in mentions if self._mentions.get((program, mention))}

    def links(self, participant: str) -> list[Link]:
        """As in ParticipantIndex."""
        return [link for _, link in sorted(self._links.get(participant, {}).items())]

    def use(self, code: str) -> LinkUsed | None:
        """As in ParticipantIndex."""
        return self._uses.get(code)

    def returned_uses(self, code: str) -> int:
        """As in ParticipantIndex."""
        return len(self._returned.get(code, ()))

    def use_was_returned(self, code: str, click: str) -> bool:
        """As in ParticipantIndex."""
        return click in self._returned.get(code, ())


def mentions_of(participant: Participant) -> frozenset[str]:
    """The mentions that a participant has or had."""
    mentions = [participant.mention, *(former.mention for former in participant.former)]
    return frozenset(mention for mention in mentions if mention)


def has_code(owner: Participant | Link, current: Participant | Link | None) -> bool:
    """Whether a code belongs to `owner` rather than to `current`: to the one recorded first, in whatever order they are read."""
    return current is None or _same_owner(current, owner) or _claim_order(owner) < _claim_order(current)


def _claim_order(owner: Participant | Link) -> tuple[int, str]:
    return to_ms(owner.recorded_at), owner.id


def _same_owner(one: Participant | Link, other: Participant | Link) -> bool:
    return type(one) is type(other) and one.id == other.id
