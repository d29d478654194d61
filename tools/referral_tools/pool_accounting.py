"""The accounts of a program's pools, computed from the lines of the log alone: uploaded = free + reserved + given + void.

It does not use the pools fold: it counts what the lines say, and names what they must never say, such as a code that two rewards
have. A million codes take some 200 MB.
"""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from referral.events.line import Cause
from referral.events.pools import HASH_BYTES, CodeReturned, CodesUploaded, CodesVoided, PoolLine
from referral.events.rewards import CodeIssued, RewardFulfilled, RewardLine

CodePlace = tuple[int, int]  # segment, offset
LogPlace = tuple[int, int]  # offset of the record, line in it: both of the program's partition of `pools`
_MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class PoolAccount:
    """How many codes of a pool are in each state."""

    pool: str
    uploaded: int
    free: int
    reserved: int
    given: int
    void: int


@dataclass(slots=True)
class _PoolSums:
    """`codes`: the places with a code, by segment; `void` has the position of the line that declared a place void."""

    codes: list[frozenset[int]] = field(default_factory=list)
    void: dict[CodePlace, LogPlace] = field(default_factory=dict)
    issued: Counter[CodePlace] = field(default_factory=Counter)
    returned: Counter[CodePlace] = field(default_factory=Counter)
    rewards: dict[str, CodePlace] = field(default_factory=dict)  # by the id of the reward that it was issued to last

    def has(self, place: CodePlace) -> bool:
        segment, offset = place
        return segment < len(self.codes) and offset in self.codes[segment]


class PoolAccounting:
    """Counts the lines of one program. `problems` has what the log must not contain, the first of it."""

    def __init__(self, program: str) -> None:
        self.problems: list[str] = []
        self._program = program
        self._pools: dict[str, _PoolSums] = {}
        self._hashes: set[bytes] = set()
        self._next: dict[str, int] = {}  # the segment that a request needs next
        self._causes: set[Cause] = set()
        self._fulfilled: set[str] = set()

    def add_pool_line(self, line: PoolLine, place: LogPlace) -> None:
        """Counts a line of `pools`; lines of other programs are passed over."""
        if line.program != self._program or self._is_repeated(line.cause):
            return
        match line:
            case CodesUploaded():
                self._add_codes(line)
            case CodesVoided() if self._is_next(line):
                self._add_void(line, place)
            case CodeReturned():
                self._pool(line.pool).returned[line.segment, line.offset] += 1
            case _:
                pass

    def add_reward_line(self, line: RewardLine) -> None:
        """Counts a line of `rewards`."""
        if isinstance(line, RewardFulfilled) and line.program == self._program:
            self._fulfilled.add(line.id)
        if not isinstance(line, CodeIssued) or line.program != self._program or self._is_repeated(line.cause):
            return
        pool, place = self._pool(line.pool), (line.segment, line.offset)
        if not pool.has(place):
            self._report(f"pool {line.pool}: {line.id} was given a code that was never uploaded (place {place})")
        if place in pool.void and line.cause[2:4] > pool.void[place]:
            self._report(f"pool {line.pool}: {line.id} was given a code after it was declared void (place {place})")
        pool.issued[place] += 1
        pool.rewards[line.id] = place

    def accounts(self) -> Iterator[PoolAccount]:
        """The accounts of the pools that got codes, by name."""
        for name, pool in sorted(self._pools.items()):
            held = self._held(name, pool)
            given = sum(1 for reward, place in pool.rewards.items() if place in held and reward in self._fulfilled)
            void = sum(1 for place in pool.void if place not in held)
            uploaded = sum(map(len, pool.codes))
            free = uploaded - len(held) - void
            yield PoolAccount(name, uploaded, free, len(held) - given, given, void)

    def _held(self, name: str, pool: _PoolSums) -> set[CodePlace]:
        """The codes that rewards have. Reports those that several have."""
        held = set()
        for place, count in pool.issued.items():
            left = count - pool.returned[place]
            if left > 1:
                self._report(f"pool {name}: {left} rewards have one code (place {place})")
            if left > 0:
                held.add(place)
        return held

    def _add_codes(self, line: CodesUploaded) -> None:
        if not self._is_next(line):
            return
        raw = b64decode(line.hashes)
        hashes = [raw[start : start + HASH_BYTES] for start in range(0, len(raw), HASH_BYTES)]
        new = []
        for offset, code_hash in enumerate(hashes):
            if code_hash not in self._hashes:
                self._hashes.add(code_hash)
                new.append(offset)
        if new:
            self._pool(line.pool).codes.append(frozenset(new))

    def _add_void(self, line: CodesVoided, position: LogPlace) -> None:
        pool = self._pool(line.pool)
        for place in line.places:
            if pool.has(place):
                pool.void.setdefault(place, position)

    def _is_next(self, line: CodesUploaded | CodesVoided) -> bool:
        if line.index != self._next.get(line.request, 0):
            return False
        self._next[line.request] = line.index + 1
        return True

    def _is_repeated(self, cause: Cause) -> bool:
        """Whether a fold wrote this line before; a line without a cause is no output of a fold."""
        if not cause[0]:
            return False
        if cause in self._causes:
            return True
        self._causes.add(cause)
        return False

    def _pool(self, name: str) -> _PoolSums:
        return self._pools.setdefault(name, _PoolSums())

    def _report(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)
