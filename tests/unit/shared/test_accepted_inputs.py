"""What the doors accept, every fold can process: any accepted program with any accepted events."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conversion_tracker.attribution.fold import AttributeFold
from conversion_tracker.ingest.program_terms import program_terms
from conversion_tracker.ingest.validation import EventValidator
from conversion_tracker.screening.fold import ScreenFold
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from leaderboard.folds.growth_fold import GrowthFold
from referral.catalog.view import Catalog
from referral.events.entities import ProgramVersion
from referral.events.facts import ClickToken, Fact
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import Position
from referral.fold.in_memory import InMemoryFold
from referral.key_ring import KeyRing
from referral.people.people_view import people_in_memory
from referral.program_file.check import check_program_file
from reward_dispatcher.folds.decide_fold import DecideFold
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.pools_fold import PoolsFold
from reward_dispatcher.folds.prizes_fold import PrizesFold
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.builders.conversion_tracker import CODE_CIPHER, TOKENS
from tests.support.builders.participants import PSEUDONYMS, participant, person_id
from tests.support.builders.program_files import program_files
from tests.support.builders.schema_values import at_bounds, structs
from tests.support.examples import examples

RECORDED = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 25, tzinfo=UTC)
TOLERANCE = timedelta(minutes=5)
PEOPLE = ["xhs:amy", "xhs:bo", "xhs:u1", "xhs:u2", "xhs:u3", "u4"]
CODES = ["AMY88", "BO88", "NOBODY"]
_MOMENTS = st.one_of(
    st.datetimes(RECORDED.replace(tzinfo=None), NOW.replace(tzinfo=None), timezones=st.just(UTC)),
    st.sampled_from([datetime(2000, 1, 1, tzinfo=UTC), RECORDED, NOW + TOLERANCE]),
)
TICKS = [NOW, NOW + timedelta(days=366), datetime(2037, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)]


def _events(program: str) -> st.SearchStrategy[list[Any]]:
    """Events of every type, as platforms send them: a few people and codes, so that the events concern each other."""
    known = {
        "program": st.just(program),
        "person": st.sampled_from(PEOPLE),
        "by": st.sampled_from(PEOPLE),
        "occurred_at": _MOMENTS,
        "code": st.one_of(st.none(), st.sampled_from(CODES), st.text(min_size=1, max_size=10)),
        "mention": st.one_of(st.none(), st.sampled_from(["@amy", "@bo", "@none"])),
        "click": st.one_of(st.none(), _MOMENTS.map(lambda at: _token(program, at))),
        "order": st.sampled_from(["o1", "o2"]),
        "currency": st.sampled_from(["CNY", "EUR"]),
    }
    follow = structs(get_args(Fact)[_position("person.followed")], known)
    of_each = [structs(kind, known) for kind in get_args(Fact)]
    return st.lists(st.one_of(follow, st.one_of(of_each)), min_size=3, max_size=14)


def _position(tag: str) -> int:
    return next(index for index, kind in enumerate(get_args(Fact)) if kind.__struct_config__.tag == tag)


def _token(program: str, at: datetime) -> str:
    return TOKENS.sign_click(
        ClickToken(
            id="clk_1",
            program=program,
            participant=person_id("xhs:amy", program),
            code="AMY88",
            clicked_at_ms=to_ms(at),
        )
    )


def _accepted(events: Sequence[Any], catalog: Catalog) -> list[Any]:
    """Those that `POST /v1/events` accepts, as it publishes them."""
    validator = EventValidator(TOKENS, PSEUDONYMS, people_in_memory(), CODE_CIPHER, TOLERANCE, 8 * 1024)
    result = validator.validate(
        [msgspec.json.encode(one) for one in events], to_ms(NOW), lambda program: program_terms(program, catalog)
    )
    return [msgspec.json.decode(line, type=Fact) for _, line in result.accepted]


class AllFolds:
    """The folds in memory; each line that one produces is folded by those that read its topic."""

    def __init__(self, catalog: Catalog) -> None:
        folds: list[Any] = [
            AttributeFold(TOKENS, 35),
            ScreenFold(),
            DecideFold(""),
            LedgerFold(lambda _, id, _form: id[-8:].upper(), CodeSealer(KeyRing.parse("", "k" * 32))),
            PoolsFold(CodeSealer(KeyRing.parse("", "k" * 32))),
            PrizesFold(""),
            BoardsFold(1),
            GrowthFold(1),
            ActivityFold(35, 1),
            ClosingsFold(),
        ]
        self.folds = {fold.name: (fold, InMemoryFold(fold, catalog, 1)) for fold in folds}
        self._offset = 0

    def fold(self, topic: str, line: Any) -> None:
        """Folds a line and all that follows from it, in the order in which it was produced."""
        waiting = deque([(topic, line)])
        while waiting:
            topic, line = waiting.popleft()
            position = self._next_position(NOW)
            for fold, memory in self.folds.values():
                if fold.source.name == topic:
                    waiting += [(one.topic, one.line) for one in memory.fold(0, [(position, line)])]

    def tick(self, at: datetime) -> None:
        """Time reaches a moment for every fold."""
        for _, memory in self.folds.values():
            position = self._next_position(at)
            tick = ClockTicked(id="clk", occurred_at=at, cause=("clock", 0, position.offset, 0, 0))
            for produced in memory.fold(0, [(position, tick)]):
                self.fold(produced.topic, produced.line)

    def _next_position(self, at: datetime) -> Position:
        self._offset += 1
        return Position(0, self._offset, 0, to_ms(at))

    @property
    def set_aside(self) -> list[str]:
        """What could not be processed: fold and error."""
        return [f"{one.fold}: {one.detail}" for _, memory in self.folds.values() for one in memory.dead_letters]


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(at_bounds(program_files), st.data())
def test_no_fold_fails_on_an_accepted_program_and_accepted_events(content: dict[str, Any], data: st.DataObject) -> None:
    """With every number, amount and time at its bounds; what one fold produces, the next can process."""
    checked = check_program_file(content)
    assume(checked.program is not None)
    program = checked.program
    assert program is not None
    people = [participant(name, program.id) for name in ("amy", "bo")]
    version = ProgramVersion(program=program, version=1, recorded_at=RECORDED, effective_from=RECORDED)
    catalog = Catalog([version, *people])
    folds = AllFolds(catalog)
    for event in _accepted(data.draw(_events(program.id)), catalog):
        folds.fold("events", event)
    for at in TICKS:
        folds.tick(at)
    assert folds.set_aside == []


def test_the_property_reaches_every_fold() -> None:
    """Otherwise it would hold for nothing: a follow by code leads to a reward, a board and growth figures."""
    content = {
        "id": "prg_x",
        "name": {"en": "X"},
        "timezone": "Asia/Shanghai",
        "target_url": "https://example.com/follow",
        "channels": ["wechat"],
        "rewards": [
            {"id": "a", "to": "referrer", "on": "conversion.cleared", "kind": "early_access", "expires_days": 3650}
        ],
        "boards": [{"metric": "referrals"}],
    }
    program = check_program_file(content).program
    assert program is not None
    amy = participant("amy", "prg_x")
    version = ProgramVersion(program=program, version=1, recorded_at=RECORDED, effective_from=RECORDED)
    folds = AllFolds(Catalog([version, amy]))
    event = get_args(Fact)[_position("person.followed")]
    folds.fold(
        "events",
        event(
            id="e",
            program="prg_x",
            person=person_id("u1", "prg_x"),
            occurred_at=RECORDED + timedelta(days=1),
            code="AMY88",
        ),
    )
    reached = {name for name, (_, memory) in folds.folds.items() if memory.states.values.get(0)}
    assert reached >= {"attribute", "screen", "decide", "ledger", "boards", "growth"}
    assert folds.set_aside == []
