"""The catalog as dictionaries: the current entities by id, code, mention or effective time.

A look-up that finds nothing calls `refresh` once and looks again, so an entity is reported as unknown only after the catalog was
read to its end, and every acknowledged one is found. The newest record of a key suffices, as for log compaction:
https://kafka.apache.org/documentation/#compaction.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import datetime
from typing import TypeVar, assert_never

from referral.events.entities import (
    AdapterSecret,
    ApiKey,
    CatalogEntity,
    GuideListing,
    Link,
    LinkUsed,
    Participant,
    PoolChunk,
    ProgramVersion,
    UseReturned,
    Webhook,
)
from referral.events.normal_forms import normalize_code, normalize_mention
from referral.events.timestamps import to_ms

Entity = TypeVar("Entity")


def _no_refresh() -> None:
    """The refresh of a complete view."""


class Catalog:
    """All entities, indexed. Reading needs no lock: each index changes by single assignments.

    A look-up returns None, or an empty collection, for an unknown entity; it raises what `refresh` raises (LogUnavailable).
    """

    def __init__(self, entities: Iterable[CatalogEntity] = (), refresh: Callable[[], None] = _no_refresh) -> None:
        self._refresh = refresh
        self._participants: dict[str, Participant] = {}
        self._codes: dict[str, Participant | Link] = {}
        self._mentions: dict[tuple[str, str], tuple[Participant, ...]] = {}  # also those who had it before
        self._by_external: dict[tuple[str, str], Participant] = {}
        self._programs: dict[str, list[ProgramVersion]] = {}
        self._chunks: dict[str, PoolChunk] = {}
        self._guides: dict[str, GuideListing] = {}
        self._keys: dict[str, ApiKey] = {}
        self._webhooks: dict[str, Webhook] = {}
        self._secrets: dict[tuple[str, str], AdapterSecret] = {}
        self._links: dict[str, dict[str, Link]] = defaultdict(dict)
        self._uses: dict[str, LinkUsed] = {}
        self._returned: dict[str, frozenset[str]] = {}
        for entity in entities:
            self.apply(entity)

    def __len__(self) -> int:
        """How many entities there are, counting each program version."""
        flat = len(self._participants) + len(self._chunks) + len(self._keys) + len(self._webhooks)
        flat += len(self._guides) + len(self._secrets) + len(self._uses) + sum(map(len, self._returned.values()))
        return flat + sum(map(len, self._programs.values())) + sum(map(len, self._links.values()))

    def apply(self, entity: CatalogEntity) -> None:
        """Applies one record; a later one of the same key replaces an earlier one."""
        match entity:
            case Participant():
                self._apply_participant(entity)
            case Link():
                self._links[entity.participant][entity.code] = entity
                self._claim(entity)
            case LinkUsed():
                if entity.uses > self.uses(entity.code):
                    self._uses[entity.code] = entity
            case UseReturned():
                others = self._returned.get(entity.code, frozenset()) - {entity.click}
                self._returned[entity.code] = others | {entity.click} if entity.returned else others
            case ProgramVersion():
                versions = [v for v in self._programs.get(entity.program.id, ()) if v.version != entity.version]
                insort(versions, entity, key=_version_order)
                self._programs[entity.program.id] = versions
            case PoolChunk() | GuideListing() | ApiKey() | Webhook() | AdapterSecret():
                self._apply_simple(entity)
            case _:
                assert_never(entity)

    def _apply_simple(self, entity: PoolChunk | GuideListing | ApiKey | Webhook | AdapterSecret) -> None:
        match entity:
            case GuideListing():
                self._guides[entity.program] = entity
            case PoolChunk():
                self._chunks[entity.id] = entity
            case ApiKey():
                self._keys[entity.digest] = entity
            case Webhook():
                self._webhooks[entity.id] = entity
            case AdapterSecret():
                self._secrets[entity.program, entity.name] = entity
            case _:
                assert_never(entity)

    def _apply_participant(self, participant: Participant) -> None:
        self._participants[participant.id] = participant
        self._by_external[participant.program, participant.external_id] = participant
        self._claim(participant)
        mentions = [participant.mention, *(former.mention for former in participant.former)]
        for mention in filter(None, mentions):
            key = participant.program, normalize_mention(mention)
            others = (other for other in self._mentions.get(key, ()) if other.id != participant.id)
            self._mentions[key] = (participant, *others)

    def _claim(self, owner: Participant | Link) -> None:
        """A code belongs to the entity recorded first with it, in whatever order the records are read."""
        current = self._codes.get(owner.code.upper())
        if current is None or _same_owner(current, owner) or _claim_order(owner) < _claim_order(current):
            self._codes[owner.code.upper()] = owner

    def snapshot(self) -> "Catalog":
        """The same indexes without refresh, for a caller that has just read to the end, or that must not wait."""
        return self.with_refresh(_no_refresh)

    def with_refresh(self, refresh: Callable[[], None]) -> "Catalog":
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

    def _find(self, look_up: Callable[[], Entity | None]) -> Entity | None:
        entity = look_up()
        if entity is None:
            self._refresh()
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
        """The participant with this `par_` id."""
        return self._participants.get(participant) or self._find(lambda: self._participants.get(participant))

    def participants_by_id(self, participants: Iterable[str]) -> dict[str, Participant | None]:
        """The participants with these ids, with at most one refresh however many are missing."""
        ids = list(participants)
        if not all(id in self._participants for id in ids):
            self._refresh()
        return {id: self._participants.get(id) for id in ids}

    def participant_by_external(self, program: str, external_id: str) -> Participant | None:
        """The participant with this platform id in a program."""
        return self._find(lambda: self._by_external.get((program, external_id)))

    def participants(self, program: str) -> list[Participant]:
        """All participants of a program, unordered."""
        return [each for each in list(self._participants.values()) if each.program == program]

    def code(self, code: str) -> Participant | Link | None:
        """The participant or link with this code, in any case, also with blanks, quotes or punctuation around it."""
        owner: Participant | Link | None = self._codes.get(code.upper())
        if owner is None:
            key = normalize_code(code)
            return self._find(lambda: self._codes.get(key))  # type: ignore[return-value] # the union, not its base
        return owner

    def mention(self, program: str, mention: str, at: datetime | None = None) -> Participant | None:
        """The participant who has a mention at a time, or has it last: in any case, with or without @."""
        key = program, normalize_mention(mention)
        return self._find(lambda: _holder_of(key[1], self._mentions.get(key, ()), at))

    def owner(self, code: Participant | Link) -> Participant | None:
        """The participant that the owner of a code (as `code` returns it) is or belongs to."""
        return code if isinstance(code, Participant) else self.participant(code.participant)

    def links(self, participant: str) -> list[Link]:
        """All links of a participant, ordered by code; the link of their own code is not among them."""
        return [link for _, link in sorted(self._links.get(participant, {}).items())]

    def uses(self, code: str) -> int:
        """How often people have opened a usage-limited link, as last recorded; 0 for any other."""
        used = self._uses.get(code)
        return used.uses if used else 0

    def exhausted_since(self, link: Link) -> datetime | None:
        """When the uses of a link reached its limit, as recorded; None while a use is left or there is no limit.

        A use that was returned opens the link again, until it has been used as well.
        """
        used = self._uses.get(link.code)
        if link.max_uses is None or used is None or used.uses < link.max_uses + self.returned_uses(link.code):
            return None
        return used.recorded_at

    def returned_uses(self, code: str) -> int:
        """How many uses of a usage-limited link were returned, because the visitor was not a person."""
        return len(self._returned.get(code, ()))

    def use_was_returned(self, code: str, click: str) -> bool:
        """Whether the use of this click was returned."""
        return click in self._returned.get(code, ())

    def pool_chunk(self, chunk: str) -> PoolChunk | None:
        """The chunk of uploaded codes with this id."""
        return self._find(lambda: self._chunks.get(chunk))

    def guide_files(self, program: str) -> tuple[str, ...] | None:
        """The files in a program's folder of guides; None if it was never listed. Never refreshes."""
        listing = self._guides.get(program)
        return None if listing is None else listing.files

    def program_chunks(self, program: str) -> list[PoolChunk]:
        """All chunks of a program's pools, in the order in which the catalog first had them."""
        return [chunk for chunk in list(self._chunks.values()) if chunk.program == program]

    def api_key(self, digest: str) -> ApiKey | None:
        """The API key with this SHA-256 digest (hex) of its secret, revoked or not."""
        return self._find(lambda: self._keys.get(digest))

    def has_api_key(self, digest: str) -> bool:
        """Whether a key with this digest is in the view and not revoked; never refreshes."""
        key = self._keys.get(digest)
        return key is not None and not key.revoked

    def api_keys(self) -> list[ApiKey]:
        """All API keys, also revoked ones, in the order of their creation."""
        return sorted(self._keys.values(), key=lambda key: (key.recorded_at, key.id))

    def webhooks(self, program: str) -> list[Webhook]:
        """A program's webhooks that are not disabled, ordered by id."""
        enabled = [hook for hook in list(self._webhooks.values()) if hook.program == program and not hook.disabled]
        return sorted(enabled, key=lambda hook: hook.id)

    def webhook(self, webhook: str) -> Webhook | None:
        """The webhook with this id, disabled or not."""
        return self._find(lambda: self._webhooks.get(webhook))

    def adapter_secret(self, program: str, name: str) -> AdapterSecret | None:
        """A program's adapter secret of this name, removed or not."""
        return self._find(lambda: self._secrets.get((program, name)))

    def adapter_secrets(self) -> list[AdapterSecret]:
        """All adapter secrets, also removed ones, ordered by program and name."""
        return [secret for _, secret in sorted(self._secrets.items())]


def _holder_of(mention: str, known: Sequence[Participant], at: datetime | None) -> Participant | None:
    """The participant who has a mention (in its normal form) at a time, of all who have had it; the current holder for None."""
    if len(known) == 1 and not known[0].former:
        return known[0]
    for participant in known:
        held = (participant if at is None else participant.details_at(at)).mention
        if held is not None and normalize_mention(held) == mention:
            return participant
    return None


def _version_order(version: ProgramVersion) -> tuple[int, int]:
    return to_ms(version.effective_from), version.version


def _effective_ms(version: ProgramVersion) -> int:
    return to_ms(version.effective_from)


def _claim_order(owner: Participant | Link) -> tuple[int, str]:
    return to_ms(owner.recorded_at), owner.id


def _same_owner(one: Participant | Link, other: Participant | Link) -> bool:
    return type(one) is type(other) and one.id == other.id
