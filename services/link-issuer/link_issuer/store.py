"""What link-issuer remembers: entities in the catalog, which is durable; in Redis who has just taken a code or version.

Redis only bridges the moment between choosing and the catalog's ack, so that two processes never choose the same; what
it holds may be lost at any time, and expires. Whoever chooses reads the catalog to its end first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from redis import Redis

from link_issuer.domain.codes import candidate
from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.events.entities import CatalogEntity, ProgramVersion

_CATALOG_TIMEOUT_S = 1.0
_BRIDGE_S = 600
_VERSION_BRIDGE_S = 30
_MOST_ATTEMPTS = 16


class Taken(Exception):
    """Somebody else has it; says what."""


@dataclass(frozen=True, slots=True)
class CodeWish:
    """Who (a participant's or link's id) needs a code, the name it should begin with, and the code if it was chosen."""

    owner: str
    name: str = ""
    chosen: str | None = None

    def code(self, attempt: int) -> str | None:
        """What to try; None when there is nothing more to try."""
        if self.chosen is not None:
            return self.chosen if attempt == 0 else None
        return candidate(self.name, self.owner, attempt) if attempt < _MOST_ATTEMPTS else None


@dataclass(frozen=True, slots=True)
class Claim:
    """A code, and since when it is its owner's (ms since the epoch): when first asked for, so that all askers agree."""

    code: str
    since_ms: int


class Store:
    """The catalog and the claims on it, for one process."""

    def __init__(self, follower: CatalogFollower, writer: CatalogWriter, redis: "Redis") -> None:
        self._follower = follower
        self._writer = writer
        self._redis = redis

    def complete_catalog(self) -> Catalog:
        """The catalog with all that was acked before this call. Raises NotDurable when the log does not answer."""
        self._follower.read_to_end(_CATALOG_TIMEOUT_S)
        return self._follower.view.as_read()

    def keep(self, entities: Sequence[CatalogEntity]) -> None:
        """Returns when all are durable. Raises NotDurable; then they may be given again."""
        if entities:
            self._writer.put(entities)

    def take_codes(self, wishes: Sequence[CodeWish], catalog: Catalog, now_ms: int) -> list[Claim]:
        """A code for each wish that nobody else has; the same again for the same owner.

        Raises Taken for a chosen one that is another's.
        """
        claims: dict[int, Claim] = {}
        for attempt in range(_MOST_ATTEMPTS + 1):
            tries = {index: _code(wish, attempt) for index, wish in enumerate(wishes) if index not in claims}
            free = {index: code for index, code in tries.items() if _free(catalog, code, wishes[index].owner)}
            claims |= self._claim(free, wishes, now_ms)
            if len(claims) == len(wishes):
                break
        return [claims[index] for index in range(len(wishes))]

    def take_version(self, version: ProgramVersion) -> ProgramVersion:
        """The version to write under this number: the first that came, where others with the same rules come at once.

        Raises Taken while other rules are being written under it.
        """
        place = f"li:version:{version.program.id}:{version.version}"
        held = self._redis.set(place, msgspec.json.encode(version), nx=True, get=True, ex=_VERSION_BRIDGE_S)
        first = msgspec.json.decode(held, type=ProgramVersion) if isinstance(held, bytes) else version
        if first.program != version.program:
            raise Taken(f"version {version.version} of {version.program.id} is being written by somebody else")
        return first

    def _claim(self, codes: Mapping[int, str], wishes: Sequence[CodeWish], now_ms: int) -> dict[int, Claim]:
        """Those of the codes (by the wish's index) that are now their owner's; one round trip."""
        mine = {index: f"{wishes[index].owner} {now_ms}" for index in codes}
        pipeline = self._redis.pipeline(transaction=False)
        for index, code in codes.items():
            pipeline.set(f"li:code:{code}", mine[index], nx=True, get=True, ex=_BRIDGE_S)
        claims = {}
        for (index, code), held in zip(codes.items(), pipeline.execute(), strict=True):
            owner, _, since_ms = (held.decode() if held else mine[index]).partition(" ")
            if owner == wishes[index].owner:
                claims[index] = Claim(code, int(since_ms))
        return claims


def _code(wish: CodeWish, attempt: int) -> str:
    code = wish.code(attempt)
    if code is None:
        raise Taken(wish.chosen or wish.owner)
    return code


def _free(catalog: Catalog, code: str, owner: str) -> bool:
    holder = catalog.code(code)
    return holder is None or holder.id == owner
