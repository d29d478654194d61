"""The catalog: the current entities by id, code, mention or effective time.

Programs, keys, webhooks, secrets and pools are dictionaries; participants, links and what belongs to them come from a
`ParticipantIndex`, in memory or on disk.

A look-up that finds nothing calls `refresh` once, and looks again if that has read on. So an entity is reported as unknown only
after the catalog was read to its end, and every acknowledged one is found. The newest record of a key suffices, as for log
compaction: https://kafka.apache.org/documentation/#compaction.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Sequence, Sized
from contextlib import AbstractContextManager
from copy import copy
from datetime import datetime
from typing import TypeVar, assert_never

from referral.catalog.participant_index import MAX_PARTICIPANTS, MemoryParticipants, ParticipantIndex
from referral.events.entities import (
    RULE_CHANGE_DELAY,
    AdapterSecret,
    ApiKey,
    CatalogEntity,
    CodePool,
    DashboardLink,
    GuideListing,
    Link,
    LinkUsed,
    Operator,
    Participant,
    ProgramVersion,
    PseudonymKey,
    UseReturned,
    Webhook,
    entity_key,
)
from referral.events.normal_forms import normalize_code
from referral.events.timestamps import to_ms

Entity = TypeVar("Entity")


def no_refresh() -> bool:
    """The refresh of a complete view."""
    return False


class Catalog:
    """All entities, indexed. Reading needs no lock: each index changes by single assignments.

    A look-up returns None, or an empty collection, for an unknown entity; it raises what `refresh` raises (LogUnavailable).
    `refresh` reads to the end, and returns whether it has: False if it did so before for the same request or batch.
    """

    def __init__(
        self,
        entities: Iterable[CatalogEntity] = (),
        refresh: Callable[[], bool] = no_refresh,
        index: ParticipantIndex | None = None,
    ) -> None:
        self._refresh = refresh
        self._index = MemoryParticipants() if index is None else index
        self._programs: dict[str, list[ProgramVersion]] = {}
        self._pools: dict[str, tuple[str, ...]] = {}  # the names of the pools with codes, by program
        self._guides: dict[str, GuideListing] = {}
        self._pseudonym_keys: dict[str, PseudonymKey] = {}  # at most one, under its key; the first record counts
        self._keys: dict[str, ApiKey] = {}
        self._webhooks: dict[str, Webhook] = {}
        self._webhooks_of: dict[str, dict[str, Webhook]] = {}  # by program
        self._secrets: dict[tuple[str, str], AdapterSecret] = {}
        self._operators: dict[str, Operator] = {}
        self._dashboard_links: dict[str, DashboardLink] = {}
        for entity in entities:
            self.apply(entity)

    def __len__(self) -> int:
        """How many entities there are, counting each program version."""
        small: tuple[Sized, ...] = (
            self._keys,
            self._webhooks,
            self._guides,
            self._secrets,
            self._operators,
            self._dashboard_links,
        )
        by_program = (*self._pools.values(), *self._programs.values())
        return sum(len(one) for one in (*small, *by_program)) + len(self._index)

    def apply(self, entity: CatalogEntity) -> None:
        """Applies one record; a later one of the same key replaces an earlier one.

        Records of participants and links change an index in memory only: one on disk has a writer of its own.
        """
        match entity:
            case Participant() | Link() | LinkUsed() | UseReturned():
                if isinstance(self._index, MemoryParticipants):
                    self._index.apply(entity)
            case ProgramVersion():
                versions = [v for v in self._programs.get(entity.program.id, ()) if v.version != entity.version]
                insort(versions, entity, key=_version_order)
                self._programs[entity.program.id] = versions
            case PseudonymKey():
                self._pseudonym_keys.setdefault(entity_key(entity), entity)
            case DashboardLink():
                self._dashboard_links[entity.id] = entity
            case CodePool() | GuideListing() | ApiKey() | Webhook() | AdapterSecret() | Operator():
                self._apply_simple(entity)
            case _:
                assert_never(entity)

    def _apply_simple(self, entity: CodePool | GuideListing | ApiKey | Webhook | AdapterSecret | Operator) -> None:
        match entity:
            case GuideListing():
                self._guides[entity.program] = entity
            case CodePool():
                known = self._pools.get(entity.program, ())
                self._pools[entity.program] = tuple(sorted({*known, entity.pool}))
            case ApiKey():
                self._keys[entity.digest] = entity
            case Webhook():
                self._webhooks[entity.id] = entity
                self._webhooks_of.setdefault(entity.program, {})[entity.id] = entity
            case AdapterSecret():
                self._secrets[entity.program, entity.name] = entity
            case Operator():
                self._operators[entity.id] = entity
            case _:
                assert_never(entity)

    def reading(self) -> AbstractContextManager[None]:
        """A block for many look-ups of one thread in a snapshot: they see one state of participants and people, and cost less.

        Nothing in it may wait but a refresh of the same thread; what one of another thread brings meanwhile is not seen.
        """
        return self._index.reading()

    def snapshot(self) -> "Catalog":
        """The same indexes without refresh, for a caller that has just read to the end, or that must not wait."""
        return self.with_refresh(no_refresh)

    def with_refresh(self, refresh: Callable[[], bool]) -> "Catalog":
        """The same indexes with another refresh."""
        other = copy(self)
        other._refresh = refresh
        return other

    def with_rules(self, rules: ProgramVersion) -> "Catalog":
        """The same entities, except that the program has this version alone, from its beginning."""
        return self.snapshot().with_versions(rules.program.id, [rules])

    def with_versions(self, program: str, versions: list[ProgramVersion]) -> "Catalog":
        """The same entities as now, except that the program has these versions, the oldest first."""
        other = copy(self)
        other._programs = {**self._programs, program: versions}
        return other

    def read_on(self) -> None:
        """Reads what was written until now, as a look-up that finds nothing does: for what one entity of several should contain."""
        self._refresh()

    def _find(self, look_up: Callable[[], Entity | None]) -> Entity | None:
        entity = look_up()
        if entity is None and self._refresh():
            entity = look_up()
        return entity

    def program(self, program: str) -> ProgramVersion | None:
        """The newest version of a program, whether effective yet or not."""
        versions = self.versions(program)
        return versions[-1] if versions else None

    def versions(self, program: str) -> list[ProgramVersion]:
        """All versions of a program, oldest first."""
        return self._programs.get(program) or self._find(lambda: self._programs.get(program)) or []

    def version(self, program: str, version: int) -> ProgramVersion | None:
        """The version of a program with this number."""
        return next((each for each in self.versions(program) if each.version == version), None)

    def program_at(self, program: str, at_ms: int) -> ProgramVersion | None:
        """The version effective at a time (ms); None before the first one."""
        versions = self.versions(program)
        index = bisect_right(versions, at_ms, key=_effective_ms)
        return versions[index - 1] if index else None

    def programs(self) -> list[str]:
        """The ids of all programs."""
        return sorted(self._programs)

    def participant(self, participant: str) -> Participant | None:
        """The participant with this person id."""
        return self._find(lambda: self._index.participant(participant))

    def participants_by_id(self, participants: Iterable[str]) -> dict[str, Participant | None]:
        """The participants with these ids, with at most one refresh however many are missing."""
        ids = list(participants)
        found = self._index.participants_with(ids)
        if any(id not in found for id in ids) and self._refresh():
            found |= self._index.participants_with(id for id in ids if id not in found)
        return {id: found.get(id) for id in ids}

    def participants(self, program: str, after: str = "", limit: int = MAX_PARTICIPANTS) -> list[Participant]:
        """The participants of a program whose id is greater than `after`, ordered by id; at most `limit`, which is at most 1,000.

        Read on with the id of the last one. Never refreshes.
        """
        return self._index.participants(program, after, min(limit, MAX_PARTICIPANTS))

    def code(self, code: str) -> Participant | Link | None:
        """The participant or link with this code, in any case, also with blanks, quotes or punctuation around it."""
        owner = self._index.code_owner(code.upper())
        if owner is None:
            key = normalize_code(code)
            if key == code and self._refresh is no_refresh:
                return None
            return self._find(lambda: self._index.code_owner(key))  # type: ignore[return-value] # the union, not its base
        return owner

    def code_owner_ids(self, codes: Iterable[str]) -> dict[str, str]:
        """The ids of the participants and links with these codes, given in their normal form, by code. Never refreshes."""
        return self._index.code_owner_ids(codes)

    def held_mentions(self, program: str, mentions: Iterable[str]) -> set[str]:
        """Those of these mentions (pseudonyms, mnt_…) that any participant has or had. Never refreshes."""
        return self._index.held_mentions(program, mentions)

    def mention(self, program: str, mention: str, at: datetime | None = None) -> Participant | None:
        """The participant who has a mention (its pseudonym, mnt_…) at a time, or has it last."""
        return self._find(lambda: _holder_of(mention, self._index.mention_holders(program, mention), at))

    def owner(self, code: Participant | Link) -> Participant | None:
        """The participant that the owner of a code (as `code` returns it) is or belongs to."""
        return code if isinstance(code, Participant) else self.participant(code.participant)

    def links(self, participant: str) -> list[Link]:
        """All links of a participant, ordered by code; the link of their own code is not among them."""
        return self._index.links(participant)

    def uses(self, code: str) -> int:
        """How often people have opened a usage-limited link, as last recorded; 0 for any other."""
        used = self._index.use(code)
        return used.uses if used else 0

    def exhausted_since(self, link: Link) -> datetime | None:
        """When the uses of a link reached its limit, as recorded; None while a use is left or there is no limit.

        A use that was returned opens the link again, until it has been used as well.
        """
        used = self._index.use(link.code)
        if link.max_uses is None or used is None or used.uses < link.max_uses + self.returned_uses(link.code):
            return None
        return used.recorded_at

    def returned_uses(self, code: str) -> int:
        """How many uses of a usage-limited link were returned, because the visitor was not a person."""
        return self._index.returned_uses(code)

    def use_was_returned(self, code: str, click: str) -> bool:
        """Whether the use of this click was returned."""
        return self._index.use_was_returned(code, click)

    def guide_listing(self, program: str) -> GuideListing | None:
        """The listing of a program's folder of guides; None if it was never listed. Never refreshes."""
        return self._guides.get(program)

    def guide_files(self, program: str) -> tuple[str, ...] | None:
        """The files in a program's folder of guides; None if it was never listed. Never refreshes."""
        listing = self._guides.get(program)
        return None if listing is None else listing.files

    def code_pools(self, program: str) -> tuple[str, ...]:
        """The names of the program's pools that were given codes. Never refreshes."""
        return self._pools.get(program, ())

    def api_key(self, digest: str) -> ApiKey | None:
        """The API key with this SHA-256 digest (hex) of its secret, revoked or not."""
        return self._find(lambda: self._keys.get(digest))

    def pseudonym_key(self) -> str | None:
        """The fingerprint of the key of this log's pseudonyms; None before the first program. Never refreshes."""
        return next((key.fingerprint for key in self._pseudonym_keys.values()), None)

    def has_api_key(self, digest: str) -> bool:
        """Whether a key with this digest is in the view and not revoked; never refreshes."""
        key = self._keys.get(digest)
        return key is not None and not key.revoked

    def api_keys(self) -> list[ApiKey]:
        """All API keys, also revoked ones, in the order of their creation."""
        return sorted(self._keys.values(), key=lambda key: (key.recorded_at, key.id))

    def webhooks(self, program: str) -> list[Webhook]:
        """A program's webhooks that are not removed, ordered by id."""
        present = [hook for hook in list(self._webhooks_of.get(program, {}).values()) if not hook.removed]
        return sorted(present, key=lambda hook: hook.id)

    def webhook(self, webhook: str) -> Webhook | None:
        """The webhook with this id, removed or not."""
        return self._find(lambda: self._webhooks.get(webhook))

    def adapter_secret(self, program: str, name: str) -> AdapterSecret | None:
        """A program's adapter secret of this name, removed or not."""
        return self._find(lambda: self._secrets.get((program, name)))

    def adapter_secrets(self) -> list[AdapterSecret]:
        """All adapter secrets, also removed ones, ordered by program and name."""
        return [secret for _, secret in sorted(self._secrets.items())]

    def operator(self, operator: str) -> Operator | None:
        """The operator with this id, also one who is disabled or was removed. Never refreshes."""
        return self._operators.get(operator)

    def dashboard_link(self, link: str) -> DashboardLink | None:
        """The link to a growth dashboard with this id, also one that has expired or was revoked. Never refreshes."""
        return self._dashboard_links.get(link)

    def dashboard_links(self, program: str) -> list[DashboardLink]:
        """A program's links to its growth dashboard, the newest first."""
        found = [link for link in list(self._dashboard_links.values()) if link.program == program]
        return sorted(found, key=lambda link: (link.recorded_at, link.id), reverse=True)

    def operators(self) -> list[Operator]:
        """All operators, also disabled and removed ones, in the order in which they were added."""
        return sorted(self._operators.values(), key=lambda operator: (operator.recorded_at, operator.id))


def _holder_of(mention: str, known: Sequence[Participant], at: datetime | None) -> Participant | None:
    """The participant who has a mention at a time, of all who have had it; the current holder for None.

    A handle may pass on after a change or an erasure. It depends on the time alone who has it, not on the order of the records: of
    two, the one enrolled first; one who was erased only if there is no other.
    """
    if len(known) == 1 and not known[0].former:
        return known[0]
    holders = [one for one in known if _holds(one, mention, at)]
    present = [one for one in holders if not _is_erased(one, at)]
    return min(present or holders, key=lambda one: (one.recorded_at, one.id), default=None)


def _holds(participant: Participant, mention: str, at: datetime | None) -> bool:
    if at is None:
        return participant.mention == mention
    enrolled = participant.since or participant.recorded_at
    return enrolled <= at and participant.details_at(at).mention == mention


def _is_erased(participant: Participant, at: datetime | None) -> bool:
    """Whether an erasure has taken effect."""
    erased = participant.erased_at
    return erased is not None and (at is None or at >= erased + RULE_CHANGE_DELAY)


def _version_order(version: ProgramVersion) -> tuple[int, int]:
    return to_ms(version.effective_from), version.version


def _effective_ms(version: ProgramVersion) -> int:
    return to_ms(version.effective_from)
