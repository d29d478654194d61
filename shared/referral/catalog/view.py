"""The catalog as dictionaries: what is known now, found by id, by code, by mention or by time.

A look-up that finds nothing asks `refresh` once and looks again: "unknown" is said only after reading the catalog to its end, so
whatever was acked before is found. Why the newest record of a key suffices: https://kafka.apache.org/documentation/#compaction.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import copy
from typing import TypeVar, assert_never

from referral.events.entities import (
    AdapterSecret,
    ApiKey,
    CatalogEntity,
    Link,
    LinkUsed,
    Participant,
    PoolChunk,
    ProgramVersion,
    UseReturned,
    Webhook,
)
from referral.events.timestamps import to_ms

Found = TypeVar("Found")


def _no_refresh() -> None:
    """The refresh of a view that is complete."""


class Catalog:
    """All entities, indexed. Reading is lock-free: each index changes by single assignments."""

    def __init__(self, entities: Iterable[CatalogEntity] = (), refresh: Callable[[], None] = _no_refresh) -> None:
        self._refresh = refresh
        self._participants: dict[str, Participant] = {}
        self._codes: dict[str, Participant | Link] = {}
        self._mentions: dict[tuple[str, str], Participant] = {}
        self._by_external: dict[tuple[str, str], Participant] = {}
        self._programs: dict[str, list[ProgramVersion]] = {}
        self._chunks: dict[str, PoolChunk] = {}
        self._keys: dict[str, ApiKey] = {}
        self._webhooks: dict[str, Webhook] = {}
        self._secrets: dict[tuple[str, str], AdapterSecret] = {}
        self._links: dict[str, dict[str, Link]] = defaultdict(dict)
        self._uses: dict[str, int] = {}
        self._returned: dict[str, frozenset[str]] = {}
        for entity in entities:
            self.apply(entity)

    def __len__(self) -> int:
        """How many entities there are, program versions each counted."""
        flat = len(self._participants) + len(self._chunks) + len(self._keys) + len(self._webhooks)
        flat += len(self._secrets) + len(self._uses) + sum(map(len, self._returned.values()))
        return flat + sum(map(len, self._programs.values())) + sum(map(len, self._links.values()))

    def apply(self, entity: CatalogEntity) -> None:
        """Takes in one record; a later one of the same key replaces the earlier."""
        match entity:
            case Participant():
                self._apply_participant(entity)
            case Link():
                self._links[entity.participant][entity.code] = entity
                self._claim(entity)
            case LinkUsed():
                self._uses[entity.code] = max(entity.uses, self._uses.get(entity.code, 0))
            case UseReturned():
                others = self._returned.get(entity.code, frozenset()) - {entity.click}
                self._returned[entity.code] = others | {entity.click} if entity.returned else others
            case ProgramVersion():
                versions = [v for v in self._programs.get(entity.program.id, ()) if v.version != entity.version]
                insort(versions, entity, key=_version_order)
                self._programs[entity.program.id] = versions
            case PoolChunk() | ApiKey() | Webhook() | AdapterSecret():
                self._apply_simple(entity)
            case _:
                assert_never(entity)

    def _apply_simple(self, entity: PoolChunk | ApiKey | Webhook | AdapterSecret) -> None:
        match entity:
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
        if participant.mention:
            self._mentions[participant.program, participant.mention.casefold()] = participant

    def _claim(self, owner: Participant | Link) -> None:
        """A code belongs to who said so first, in whatever order the records are read."""
        held = self._codes.get(owner.code.upper())
        if held is None or _same_owner(held, owner) or _claim_order(owner) < _claim_order(held):
            self._codes[owner.code.upper()] = owner

    def snapshot(self) -> "Catalog":
        """The same indexes for who has just read to the end, or must not wait: what is not there is said to be unknown at once."""
        twin = copy(self)
        twin._refresh = _no_refresh
        return twin

    def with_rules(self, rules: ProgramVersion) -> "Catalog":
        """The same entities as known now, but for a program that has this one version and has had no other."""
        twin = self.snapshot()
        twin._programs = {**self._programs, rules.program.id: [rules]}
        return twin

    def _find(self, look: Callable[[], Found | None]) -> Found | None:
        found = look()
        if found is None:
            self._refresh()
            found = look()
        return found

    def program(self, program: str) -> ProgramVersion | None:
        """The newest version of a program, in force or not yet."""
        versions = self.versions(program)
        return versions[-1] if versions else None

    def versions(self, program: str) -> list[ProgramVersion]:
        """All versions, oldest first; empty where there is no such program."""
        return self._programs.get(program) or self._find(lambda: self._programs.get(program)) or []

    def version(self, program: str, version: int) -> ProgramVersion | None:
        """The version of a program with this number."""
        return next((one for one in self.versions(program) if one.version == version), None)

    def program_at(self, program: str, at_ms: int) -> ProgramVersion | None:
        """The version in force at a moment; None before the first took effect."""
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
        """The participants with these ids, read to the catalog's end at most once however many are missing."""
        wanted = list(participants)
        if not all(one in self._participants for one in wanted):
            self._refresh()
        return {one: self._participants.get(one) for one in wanted}

    def participant_by_external(self, program: str, external_id: str) -> Participant | None:
        """The participant that a person of the platform is in a program."""
        return self._find(lambda: self._by_external.get((program, external_id)))

    def participants(self, program: str) -> list[Participant]:
        """Everybody who takes part in a program, in no order."""
        return [one for one in list(self._participants.values()) if one.program == program]

    def code(self, code: str) -> Participant | Link | None:
        """Who owns a code, said in any case."""
        key = code.upper()
        found: Participant | Link | None = self._codes.get(key)
        if found is None:
            return self._find(lambda: self._codes.get(key))  # type: ignore[return-value] # the union, not its base
        return found

    def mention(self, program: str, mention: str) -> Participant | None:
        """Who is mentioned, said in any case, with or without the @ it was enrolled with."""
        return self._find(lambda: self._mentions.get((program, mention.casefold())))

    def owner(self, code: Participant | Link) -> Participant | None:
        """The participant behind what `code` gave."""
        return code if isinstance(code, Participant) else self.participant(code.participant)

    def links(self, participant: str) -> list[Link]:
        """All further links of a participant, by code."""
        return [link for _, link in sorted(self._links.get(participant, {}).items())]

    def uses(self, code: str) -> int:
        """How often people have opened a link with a bound, as last written down; 0 for any other."""
        return self._uses.get(code, 0)

    def returned_uses(self, code: str) -> int:
        """How many uses of a link with a bound were given back, since they were no people's."""
        return len(self._returned.get(code, ()))

    def use_was_returned(self, code: str, click: str) -> bool:
        """Whether this click's use was given back."""
        return click in self._returned.get(code, ())

    def pool_chunk(self, chunk: str) -> PoolChunk | None:
        """A chunk of uploaded codes."""
        return self._find(lambda: self._chunks.get(chunk))

    def pool_chunks(self, program: str, pool: str) -> list[PoolChunk]:
        """All chunks of a pool, oldest first."""
        chunks = [c for c in list(self._chunks.values()) if (c.program, c.pool) == (program, pool)]
        return sorted(chunks, key=lambda chunk: (chunk.recorded_at, chunk.id))

    def api_key(self, digest: str) -> ApiKey | None:
        """The API key with this SHA-256 digest (hex), revoked or not."""
        return self._find(lambda: self._keys.get(digest))

    def has_api_key(self, digest: str) -> bool:
        """Whether a key with this digest is in view already; never asks for a refresh."""
        return digest in self._keys

    def api_keys(self) -> list[ApiKey]:
        """All API keys, revoked ones too, by when they were made."""
        return sorted(self._keys.values(), key=lambda key: (key.recorded_at, key.id))

    def webhooks(self, program: str) -> list[Webhook]:
        """A program's webhooks that are not disabled."""
        mine = [hook for hook in list(self._webhooks.values()) if hook.program == program and not hook.disabled]
        return sorted(mine, key=lambda hook: hook.id)

    def webhook(self, webhook: str) -> Webhook | None:
        """One webhook, disabled or not."""
        return self._find(lambda: self._webhooks.get(webhook))

    def adapter_secret(self, program: str, name: str) -> AdapterSecret | None:
        """A program's secret of this name, removed or not."""
        return self._find(lambda: self._secrets.get((program, name)))

    def adapter_secrets(self) -> list[AdapterSecret]:
        """All secrets of adapters, removed ones too, by program and name."""
        return [secret for _, secret in sorted(self._secrets.items())]


def _version_order(version: ProgramVersion) -> tuple[int, int]:
    return to_ms(version.effective_from), version.version


def _effective_ms(version: ProgramVersion) -> int:
    return to_ms(version.effective_from)


def _claim_order(owner: Participant | Link) -> tuple[int, str]:
    return to_ms(owner.recorded_at), owner.id


def _same_owner(one: Participant | Link, other: Participant | Link) -> bool:
    return type(one) is type(other) and one.id == other.id
