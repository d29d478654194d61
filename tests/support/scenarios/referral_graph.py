"""The screen fold over referrals among few people, its partitions read in any order and in any batches; and the expected result."""

from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from conversion_tracker.graph.reach import QUARTER_MS
from conversion_tracker.graph.referral_edges import GraphNode
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import ScreenState
from conversion_tracker.screening.referrer_history import ReferrerHistory
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    Evidence,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferrerBanned,
    ReferrerUnbanned,
    Stage,
    attribution_key,
)
from referral.events.conversions import ConversionFact, ConversionLine
from referral.events.edges import ReachChanged
from referral.events.ids import conversion_id, referral_id
from referral.events.keys import person_key
from referral.events.line import type_tag
from referral.events.timestamps import to_datetime
from referral.log.memory_log import MemoryLog, MemorySource
from referral.log.source import Record
from referral.topics import partition_of
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM, participant
from tests.support.folds import PARTITIONS, LogFold

PEOPLE = [participant(f"p{number}") for number in range(10)]
MOST_EDGES = 8
STEP_MS = 400_000
"""Between two moments of a test: more than one in a quarter of an hour."""
Reach = Counter[tuple[int, int, int]]
"""How many people are below a person: by person, degree, and quarter of an hour since the epoch."""


class ScriptedSource(MemorySource):
    """Polls one partition at a time: `next` is its number and the most records of it."""

    next: ClassVar[tuple[int, int]]

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """Returns some records of the partition that `next` names."""
        partition, most = type(self).next
        found = self._log.records[self._topic, partition][self._positions[partition] :][:most]
        self._positions[partition] += len(found)
        return {partition: found} if found else {}


@dataclass(frozen=True)
class ReferralEdge:
    """The referrer of a person, since when (ms), and whether the referral qualified."""

    referrer: int
    since: int
    qualified: bool


@dataclass
class ReferralGraph:
    """The screen fold over referrals as attribution would publish them; `edges` are the referrals in effect."""

    fold: LogFold = field(
        default_factory=lambda: LogFold(ScreenFold(), Catalog([program_version(), *PEOPLE]), source=ScriptedSource)
    )
    edges: dict[int, ReferralEdge] = field(default_factory=dict)
    banned: set[int] = field(default_factory=set)
    line_count: int = 0

    def __post_init__(self) -> None:
        self.run_once(0, 0)

    @property
    def log(self) -> MemoryLog:
        """The log of the fold."""
        return self.fold.log

    def run_once(self, partition: int, most: int) -> int:
        """Folds up to `most` records of a partition; returns the number of lines."""
        ScriptedSource.next = partition, most
        return self.fold.run_once()

    def drain(self) -> None:
        """Folds everything on the log."""
        while sum(self.run_once(partition, 500) for partition in range(PARTITIONS)):
            pass

    def refold(self) -> None:
        """Wipes the states; a new worker folds the log again."""
        self.fold.worker.close()
        self.fold.states.wipe()
        self.fold.start_worker()
        self.run_once(0, 0)
        self.drain()

    def attribute(self, person: int, referrer: int, since: int, qualified: bool = True) -> None:
        """Attributes a person to a referrer, instead of the previous one if there is one."""
        self.unattribute(person)
        self.edges[person] = ReferralEdge(referrer, since, qualified)
        self._append(_attribution(person, referrer, since, qualified), PEOPLE[person].id)

    def unattribute(self, person: int) -> None:
        """Reverses a person's referral after an unfollow."""
        if (before := self.edges.pop(person, None)) is not None:
            self._append(_reversal(person, before, "attributed"), PEOPLE[person].id)

    def set_qualified(self, person: int, qualified: bool) -> None:
        """Qualifies a person's referral, or reverses its qualification."""
        before = self.edges.get(person)
        if before is None or before.qualified == qualified:
            return
        self.edges[person] = ReferralEdge(before.referrer, before.since, qualified)
        line = _qualification(person, before.referrer, before.since) if qualified else _reversal(person, before)
        self._append(line, PEOPLE[person].id)

    def ban(self, person: int, banned: bool) -> None:
        """Bans a person as a referrer, or lifts the ban; as attribution publishes it, possibly more than once."""
        (self.banned.add if banned else self.banned.discard)(person)
        kind = ReferrerBanned if banned else ReferrerUnbanned
        line = kind(occurred_at=to_datetime(1), program=PROGRAM, referrer=PEOPLE[person].id, by="ops")
        self._append(line, PEOPLE[person].id)

    def _append(
        self,
        line: ReferralAttributed | ReferralQualified | ReferralReversed | ReferrerBanned | ReferrerUnbanned,
        person: str,
    ) -> None:
        self.line_count += 1
        source = partition_of(person_key(PROGRAM, person), PARTITIONS)
        line = msgspec.structs.replace(line, cause=("events", source, self.line_count, 0, 0))
        self.fold.append([(attribution_key(line), line)])

    def cycle_closers(self) -> set[int]:
        """Returns the expected rejections: of each cycle of at most 8 edges, the person whose edge is the newest."""
        return {person for person in self.edges if (cycle := self._cycle(person)) and person == max(cycle)[2]}

    def _cycle(self, person: int) -> list[tuple[int, str, int]]:
        """Returns (since, referral, person) of each edge of the person's cycle; empty if there is no cycle."""
        cycle, here = [], person
        while here in self.edges and len(cycle) < MOST_EDGES:
            edge = self.edges[here]
            cycle.append((edge.since, _id(here, edge.referrer), here))
            here = edge.referrer
            if here == person:
                return cycle
        return []

    def verdicts(self) -> dict[str, str]:
        """Returns the type of the last line of each conversion; fails if one is cleared twice, or reversed without need."""
        last: dict[str, str] = {}
        for raw in self.log.lines("conversions"):
            line: ConversionFact = msgspec.json.decode(raw, type=ConversionLine)
            kind = type_tag(line)
            assert (last.get(line.id) == "conversion.cleared") == (kind == "conversion.reversed") or kind != last.get(
                line.id
            )
            last[line.id] = str(kind)
        return last

    def expected_verdicts(self) -> dict[str, str]:
        """Returns the expected last line of each qualified referral in effect."""
        rejected = self.cycle_closers()
        return {
            conversion_id(_id(person, edge.referrer)): "conversion.rejected"
            if person in rejected
            else "conversion.cleared"
            for person, edge in self.edges.items()
            if edge.qualified
        }

    def uplines(self) -> dict[int, int]:
        """Returns the referrer of each person in the fold's states."""
        numbers = {person.id: number for number, person in enumerate(PEOPLE)}
        found = {_last(key): state.referrer for key, state in self._values() if isinstance(state, GraphNode)}
        return {numbers[person]: numbers[above] for person, above in found.items() if above}

    def children(self) -> dict[tuple[int, int], bool]:
        """Returns whether each edge (referrer, person) in the fold's states counts."""
        numbers = {person.id: number for number, person in enumerate(PEOPLE)}
        scores = [item for part in self.fold.states.scores.values() for item in part.items()]
        edges = [(*key, score) for key, score in scores if key[0].startswith("children:")]
        return {(numbers[_last(board)], numbers[member]): score > 0 for board, member, score in edges}

    def rejected_referrals(self) -> set[str]:
        """Returns the referrals that the fold's states hold as closing a cycle."""
        return {one for _, state in self._values() if isinstance(state, ReferrerHistory) for one in state.in_cycle}

    def expected_reach(self) -> Reach:
        """Returns how many people are two and three degrees below each person, by the quarter of their follow.

        A refused referral adds no one, and what a banned person brought counts for no one above them.
        """
        valid = {person: edge for person, edge in self.edges.items() if person not in self.cycle_closers()}
        reach: Reach = Counter()
        for edge in valid.values():
            here = edge.referrer
            for degree in (2, 3):
                if here not in valid or here in self.banned:
                    break
                here = valid[here].referrer
                reach[here, degree, edge.since * STEP_MS // QUARTER_MS] += 1
        return reach

    def reach(self) -> Reach:
        """Returns the sums of what the lines on the log add and take back."""
        numbers = {person.id: number for number, person in enumerate(PEOPLE)}
        reach: Reach = Counter()
        for raw in self.log.lines("attributions"):
            line = msgspec.json.decode(raw, type=AttributionLine)
            if isinstance(line, ReachChanged):
                for quarter, number in line.quarters:
                    reach[numbers[line.participant], line.degree, quarter] += number
        return Counter({key: number for key, number in reach.items() if number})

    def _values(self) -> list[tuple[str, object]]:
        decode = msgspec.msgpack.Decoder(ScreenState).decode
        return [(key, decode(raw)) for part in self.fold.states.values.values() for key, raw in part.items()]

    def check(self) -> None:
        """Fails unless the log and the states are as expected from the edges."""
        rejected, expected, verdicts = self.cycle_closers(), self.expected_verdicts(), self.verdicts()
        assert not self.log.lines("rejected")
        assert {id: verdicts[id] for id in expected} == expected
        assert {id for id, kind in verdicts.items() if kind == "conversion.cleared"} <= set(expected)
        counted = {person: edge.referrer for person, edge in self.edges.items() if person not in rejected}
        assert self.uplines() == counted
        edges = {(edge.referrer, person): person not in rejected for person, edge in self.edges.items()}
        assert self.children() == edges
        assert self.reach() == self.expected_reach()
        assert self.rejected_referrals() == {_id(person, self.edges[person].referrer) for person in rejected}

    def snapshot(self) -> tuple[object, object, object]:
        """Returns a copy of all states: values, scores and fences."""
        states = self.fold.states
        return dict(states.values), dict(states.scores), dict(states.fence)


def _last(key: str) -> str:
    return key.rpartition("|")[2]


def _id(person: int, referrer: int) -> str:
    return referral_id(PROGRAM, PEOPLE[person].id, PEOPLE[referrer].id)


def _attribution(person: int, referrer: int, since: int, qualified: bool = False) -> ReferralAttributed:
    moment = to_datetime(since * STEP_MS)
    return ReferralAttributed(
        occurred_at=moment,
        program=PROGRAM,
        id=_id(person, referrer),
        person=PEOPLE[person].id,
        referrer=PEOPLE[referrer].id,
        version=1,
        evidence=Evidence(kind="code", touched_at=moment, event="evt_1"),
        qualified=qualified,
    )


def _qualification(person: int, referrer: int, since: int) -> ReferralQualified:
    one = _attribution(person, referrer, since)
    fields = {name: getattr(one, name) for name in one.__struct_fields__ if name != "qualified"}
    return ReferralQualified(**fields, followed_at=one.occurred_at)


def _reversal(person: int, edge: ReferralEdge, *stages: Stage) -> ReferralReversed:
    since = to_datetime(edge.since * STEP_MS)
    return ReferralReversed(
        occurred_at=since,
        program=PROGRAM,
        person=PEOPLE[person].id,
        undoes=(*stages, "qualified") if edge.qualified else stages,
        reason="unfollowed",
        since=since,
        referrer=PEOPLE[edge.referrer].id,
        id=_id(person, edge.referrer),
    )
