"""Referrals among few people over a log in memory: partitions read in any order and in any batches; and what must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from conversion_tracker.graph.referral_edges import GraphNode
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import ScreenState
from conversion_tracker.screening.referrer_history import ReferrerHistory
from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.attributions import (
    Evidence,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    Stage,
    attribution_key,
)
from referral.events.conversions import ConversionFact, ConversionLine
from referral.events.ids import conversion_id, referral_id
from referral.events.keys import person_key
from referral.events.line import type_tag
from referral.events.timestamps import to_datetime
from referral.fold.decider import Decider
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource
from referral.log.source import Record
from referral.topics import partition_of
from tests.support.builders.conversion_tracker import PROGRAM, participant, version

PARTITIONS = 3
PEOPLE = [participant(f"p{number}") for number in range(10)]
MOST_EDGES = 8


class ChosenSource(MemorySource):
    """Gives records of one partition at a time: `next` says which, and how many at most."""

    next: ClassVar[tuple[int, int]]

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """Some records of the partition whose turn it is."""
        partition, most = type(self).next
        found = self._log.records[self._topic, partition][self._positions[partition] :][:most]
        self._positions[partition] += len(found)
        return {partition: found} if found else {}


@dataclass(frozen=True)
class Brought:
    """Who brought a person, since when (ms), and whether it qualified."""

    referrer: int
    since: int
    qualified: bool


@dataclass
class World:
    """The screen fold over referrals as attribution would tell them; `standing` is how they are in truth."""

    catalog: Catalog = field(default_factory=lambda: Catalog([version(), *PEOPLE]))
    log: MemoryLog = field(default_factory=lambda: MemoryLog(ManualClock()))
    states: MemoryStateStore = field(default_factory=MemoryStateStore)
    markers: dict[int, int] = field(default_factory=dict)
    standing: dict[int, Brought] = field(default_factory=dict)
    told: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new worker."""
        source = ChosenSource(self.log, "attributions", PARTITIONS, self.markers)
        decider = Decider(ScreenFold(), self.catalog, lambda topic: PARTITIONS)
        speaker = MemoryFoldProducer(self.log)
        self.runner = FoldRunner(ScreenFold(), source, self.states, speaker, decider, FoldMetrics("screen"))
        self.turn(0, 0)

    def turn(self, partition: int, most: int) -> int:
        """The worker takes up to so many records of a partition."""
        ChosenSource.next = partition, most
        return self.runner.run_once(0)

    def drain(self) -> None:
        """Everything is folded."""
        while sum(self.turn(partition, 500) for partition in range(PARTITIONS)):
            pass

    def refold(self) -> None:
        """The states are lost, and made anew from the log."""
        self.runner.close()
        self.states.wipe()
        self.begin()
        self.drain()

    def brings(self, person: int, referrer: int, since: int, qualified: bool = True) -> None:
        """Attribution gives the person to a referrer, whoever had them before."""
        self.leaves(person)
        self.standing[person] = Brought(referrer, since, qualified)
        self._tell(_attributed(person, referrer, since))
        if qualified:
            self._tell(_qualified(person, referrer, since))

    def leaves(self, person: int) -> None:
        """The person follows no more."""
        if (before := self.standing.pop(person, None)) is not None:
            self._tell(_reversed(person, before, "attributed"))

    def pays(self, person: int, qualified: bool) -> None:
        """The referral qualifies after all, or no more."""
        before = self.standing.get(person)
        if before is None or before.qualified == qualified:
            return
        self.standing[person] = Brought(before.referrer, before.since, qualified)
        line = _qualified(person, before.referrer, before.since) if qualified else _reversed(person, before)
        self._tell(line)

    def _tell(self, line: ReferralAttributed | ReferralQualified | ReferralReversed) -> None:
        self.told += 1
        source = partition_of(person_key(PROGRAM, line.person), PARTITIONS)
        line = msgspec.structs.replace(line, cause=("events", source, self.told, 0, 0))
        place = partition_of(attribution_key(line), PARTITIONS)
        self.log.append("attributions", place, msgspec.json.encode(line))

    def refused(self) -> set[int]:
        """The oracle: of each circle of at most 8 edges the one whose edge is the newest."""
        return {person for person in self.standing if (circle := self._circle(person)) and person == max(circle)[2]}

    def _circle(self, person: int) -> list[tuple[int, str, int]]:
        """(since, referral, person) of each edge of the circle that a person is on; empty where they are on none."""
        circle, here = [], person
        while here in self.standing and len(circle) < MOST_EDGES:
            edge = self.standing[here]
            circle.append((edge.since, _id(here, edge.referrer), here))
            here = edge.referrer
            if here == person:
                return circle
        return []

    def verdicts(self) -> dict[str, str]:
        """The last word on each conversion. Fails where what is cleared is cleared again, or what is not is reversed."""
        last: dict[str, str] = {}
        for raw in self.log.lines("conversions"):
            line: ConversionFact = msgspec.json.decode(raw, type=ConversionLine)
            kind = type_tag(line)
            assert (last.get(line.id) == "conversion.cleared") == (kind == "conversion.reversed") or kind != last.get(
                line.id
            )
            last[line.id] = str(kind)
        return last

    def must(self) -> dict[str, str]:
        """What is last said of the conversions that stand."""
        refused = self.refused()
        return {
            conversion_id(_id(person, edge.referrer)): "conversion.rejected"
            if person in refused
            else "conversion.cleared"
            for person, edge in self.standing.items()
            if edge.qualified
        }

    def above(self) -> dict[int, int]:
        """Who is above whom, as the places have it."""
        places = {person.id: number for number, person in enumerate(PEOPLE)}
        found = {_last(key): state.referrer for key, state in self._values() if isinstance(state, GraphNode)}
        return {places[person]: places[above] for person, above in found.items() if above}

    def children(self) -> dict[tuple[int, int], bool]:
        """(referrer, person): whether the edge counts."""
        places = {person.id: number for number, person in enumerate(PEOPLE)}
        scores = [item for part in self.states.scores.values() for item in part.items()]
        edges = [(*place, score) for place, score in scores if place[0].startswith("children:")]
        return {(places[_last(board)], places[member]): score > 0 for board, member, score in edges}

    def circled(self) -> set[str]:
        """The referrals that are remembered as closing a circle."""
        return {one for _, state in self._values() if isinstance(state, ReferrerHistory) for one in state.in_cycle}

    def _values(self) -> list[tuple[str, object]]:
        decode = msgspec.msgpack.Decoder(ScreenState).decode
        return [(key, decode(raw)) for part in self.states.values.values() for key, raw in part.items()]

    def check(self) -> None:
        """Everything is as the oracle has it."""
        refused, must, verdicts = self.refused(), self.must(), self.verdicts()
        assert not self.log.lines("rejected")
        assert {id: verdicts[id] for id in must} == must
        assert {id for id, kind in verdicts.items() if kind == "conversion.cleared"} <= set(must)
        sound = {person: edge.referrer for person, edge in self.standing.items() if person not in refused}
        assert self.above() == sound
        edges = {(edge.referrer, person): person not in refused for person, edge in self.standing.items()}
        assert self.children() == edges
        assert self.circled() == {_id(person, self.standing[person].referrer) for person in refused}

    def kept(self) -> Mapping[int, object]:
        """All states, to be compared."""
        return {0: self.states.values, 1: self.states.scores, 2: self.states.fence}


def _last(key: str) -> str:
    return key.rpartition("|")[2]


def _id(person: int, referrer: int) -> str:
    return referral_id(PROGRAM, PEOPLE[person].external_id, PEOPLE[referrer].id)


def _attributed(person: int, referrer: int, since: int) -> ReferralAttributed:
    moment = to_datetime(since)
    return ReferralAttributed(
        occurred_at=moment,
        program=PROGRAM,
        id=_id(person, referrer),
        person=PEOPLE[person].external_id,
        referrer=PEOPLE[referrer].id,
        version=1,
        evidence=Evidence(kind="code", touched_at=moment, event="evt_1"),
    )


def _qualified(person: int, referrer: int, since: int) -> ReferralQualified:
    one = _attributed(person, referrer, since)
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return ReferralQualified(**fields, followed_at=one.occurred_at)


def _reversed(person: int, edge: Brought, *stages: Stage) -> ReferralReversed:
    since = to_datetime(edge.since)
    return ReferralReversed(
        occurred_at=since,
        program=PROGRAM,
        person=PEOPLE[person].external_id,
        undoes=(*stages, "qualified") if edge.qualified else stages,
        reason="unfollowed",
        since=since,
        referrer=PEOPLE[edge.referrer].id,
        id=_id(person, edge.referrer),
    )
