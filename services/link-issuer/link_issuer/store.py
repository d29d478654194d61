"""What link-issuer remembers: entities in the catalog, which is durable; and who has just taken a code or version.

Claims only bridge the moment between choosing and the catalog's ack, so that two processes never choose the same.
Whoever chooses reads the catalog to its end first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from redis import Redis

from link_issuer.domain.blocklist import blocked
from link_issuer.domain.codes import candidate
from link_issuer.reservations import Claim, Claims
from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.events.entities import CatalogEntity, Participant, ProgramVersion
from referral.events.ids import derive_id
from referral.events.timestamps import to_ms

_CATALOG_TIMEOUT_S = 1.0
_BRIDGE_S = 600
_VERSION_BRIDGE_S = 30
_MOST_ATTEMPTS = 16


class Taken(Exception):
    """Somebody else has it; says what."""


@dataclass(frozen=True, slots=True)
class CodeWish:
    """Who (a participant's or link's id) needs a code, the name it should begin with, and the code if it was chosen.

    `blocklist` holds words that no code drawn for it may hold.
    """

    owner: str
    name: str = ""
    chosen: str | None = None
    blocklist: tuple[str, ...] = ()

    def code(self, attempt: int) -> str | None:
        """What to try; None when there is nothing more to try."""
        if self.chosen is not None:
            return self.chosen if attempt == 0 else None
        return self._drawn(attempt) if attempt < _MOST_ATTEMPTS else None

    def shuns(self, code: str) -> bool:
        """Whether a code was drawn that the program lets nobody have. A chosen one has been looked at before."""
        return self.chosen is None and blocked(code, self.blocklist) is not None

    def _drawn(self, attempt: int) -> str:
        """With the name where it can: not where that makes a blocked word."""
        named = candidate(self.name, self.owner, attempt)
        return candidate("", self.owner, attempt) if self.shuns(named) else named


@dataclass(frozen=True, slots=True)
class TakenCode:
    """A code, and since when it is its owner's, milliseconds since the epoch; the same for all who ask at once."""

    code: str
    since_ms: int


class Store:
    """The catalog and the claims on it, for one process."""

    def __init__(self, follower: CatalogFollower, writer: CatalogWriter, redis: "Redis") -> None:
        self._follower = follower
        self._writer = writer
        self._claims = Claims(redis)

    def complete_catalog(self) -> Catalog:
        """The catalog with all that was acked before this call. Raises LogUnavailable if Kafka does not answer."""
        self._follower.read_to_end(_CATALOG_TIMEOUT_S)
        return self._follower.view.snapshot()

    def keep(self, entities: Sequence[CatalogEntity]) -> None:
        """Returns when all are durable. Raises NotDurable; then they may be given again."""
        if entities:
            self._writer.write(entities)

    def take_codes(self, wishes: Sequence[CodeWish], catalog: Catalog, now_ms: int) -> list[TakenCode]:
        """A code for each wish that nobody else has; the same again for the same owner.

        Raises Taken for a chosen one that is another's.
        """
        taken: dict[int, TakenCode] = {}
        for attempt in range(_MOST_ATTEMPTS + 1):
            tries = {index: _code(wish, attempt) for index, wish in enumerate(wishes) if index not in taken}
            free = {index: code for index, code in tries.items() if _free(catalog, code, wishes[index])}
            taken |= self._claim(free, wishes, now_ms)
            if len(taken) == len(wishes):
                break
        return [taken[index] for index in range(len(wishes))]

    def agree(self, participants: Sequence[Participant]) -> list[Participant]:
        """What to write of each: what the first says, where the same people are enrolled at once, with other names or as others."""
        wanted = [
            (f"li:participant:{one.id}", Claim(one.id, to_ms(one.recorded_at), msgspec.json.encode(one)))
            for one in participants
        ]
        held = self._claims.take(wanted, _BRIDGE_S)
        return [msgspec.json.decode(one.content, type=Participant) for one in held]

    def take_version(self, version: ProgramVersion) -> ProgramVersion:
        """The version to write under this number: the first that came, where others with the same rules come at once.

        Raises Taken while other rules are being written under it.
        """
        rules = derive_id("rules", msgspec.json.encode(version.program).decode())
        claim = Claim(rules, to_ms(version.recorded_at), msgspec.json.encode(version))
        place = f"li:version:{version.program.id}:{version.version}"
        [held] = self._claims.take([(place, claim)], _VERSION_BRIDGE_S)
        if held.owner != rules:
            raise Taken(f"version {version.version} of {version.program.id} is being written by somebody else")
        return msgspec.json.decode(held.content, type=ProgramVersion)

    def _claim(self, codes: Mapping[int, str], wishes: Sequence[CodeWish], now_ms: int) -> dict[int, TakenCode]:
        """Those of the codes (by the wish's index) that are now their owner's."""
        wanted = [(f"li:code:{code}", Claim(wishes[index].owner, now_ms)) for index, code in codes.items()]
        found = zip(codes.items(), self._claims.take(wanted, _BRIDGE_S), strict=True)
        return {
            index: TakenCode(code, held.since_ms) for (index, code), held in found if held.owner == wishes[index].owner
        }


def _code(wish: CodeWish, attempt: int) -> str:
    code = wish.code(attempt)
    if code is None:
        raise Taken(wish.chosen or wish.owner)
    return code


def _free(catalog: Catalog, code: str, wish: CodeWish) -> bool:
    holder = catalog.code(code)
    return not wish.shuns(code) and (holder is None or holder.id == wish.owner)
