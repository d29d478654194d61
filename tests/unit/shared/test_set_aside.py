"""Lines that one program's rules cannot process: set aside for that program alone, and retried exactly once, in order."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger

from referral.catalog.view import Catalog
from referral.events.conversions import conversion_key
from referral.events.line import ClockTicked, Derived
from referral.events.rejected import LineRejected, retry_of
from referral.events.rewards import RewardGranted
from referral.events.timestamps import to_datetime
from referral.fold import runner
from referral.fold.fold import Decision, Key, Position, Timer
from referral.fold.fold_metrics import MAX_PROGRAM_LABELS
from referral.fold.invalid_limit import InvalidLimit, TooManyInvalidLines
from referral.topics import Topic
from reward_dispatcher.folds.decide_fold import DecideFold
from tests.support.builders.participants import AMY, PROGRAM, START, person_id
from tests.support.builders.reward_dispatcher import FIRST20, friend_conversion, friend_reversal, reward_terms
from tests.support.folds import LogFold, drain


class WordNoted(Derived, frozen=True, kw_only=True, tag="noted"):
    """A word about a person, from one program."""

    person: str
    word: str


NOTES = Topic("notes", "person", WordNoted | ClockTicked, "forever", 1, (), ())  # type: ignore[arg-type]


class Words:
    """The words about each person, in order. Words in `broken` cannot be processed, as long as they are in it."""

    name, service, source, outputs, state = "words", "t", NOTES, (), list[str]
    ignored: Sequence[type[msgspec.Struct]] = ()

    def __init__(self, broken: set[str], keeps_order: bool = True) -> None:
        self.broken = broken
        self.keeps_order = keeps_order

    def keys(self, line: WordNoted) -> Sequence[Key]:
        return (f"person:{line.program}|{line.person}",)

    def decide(self, line: WordNoted, states: Mapping[Key, object], catalog: Catalog, position: Position) -> Decision:
        if line.word in self.broken:
            raise OverflowError("date value out of range")
        (key,) = self.keys(line)
        changes: dict[Key, object] = {key: [*(states[key] or ()), line.word]}
        if line.word == "bell":
            changes[Timer(str(key))] = 0.0
        return Decision(changes)

    def on_timer(self, tick: ClockTicked, key: str, state: list[str], catalog: Catalog, position: Position) -> Decision:
        if "timer" in self.broken:
            raise OverflowError("the bell cannot ring")
        return Decision({key: [*state, "rung"]})


def _fold(broken: set[str], keeps_order: bool = True) -> tuple[Words, LogFold]:
    words = Words(broken, keeps_order)
    return words, LogFold(words, Catalog(), partitions=1)


def _note(word: str, person: str = "amy", program: str = "prg_a", cause: int | None = None) -> WordNoted:
    more = {} if cause is None else {"cause": ("events", 0, cause, 0, 0)}
    return WordNoted(occurred_at=to_datetime(0), program=program, person=person, word=word, **more)


def _refold(log: LogFold) -> None:
    """Redis loses everything after an orderly stop; a new worker folds the log from its beginning."""
    log.worker.close()
    log.states.wipe()
    log.start_worker()
    log.drain()


def _letters(log: LogFold) -> list[LineRejected]:
    return [msgspec.json.decode(raw, type=LineRejected) for raw in log.log.lines("rejected")]


def _retry(log: LogFold, letter: LineRejected) -> None:
    log.append_to(letter.partition, retry_of(letter, "ret_1", to_datetime(log.clock.now_ms())))


def _words(log: LogFold, person: str = "amy", program: str = "prg_a") -> list[str]:
    raw = log.value(0, f"person:{program}|{person}")
    return msgspec.msgpack.decode(raw) if raw else []


def _waiting(log: LogFold) -> int:
    return log.worker.owned[0].fence.set_aside


def test_a_line_that_its_program_cannot_process_is_set_aside_with_program_reason_and_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other programs and people go on, and the log of the process names it once for a batch."""
    _, log = _fold({"poison"})
    logger = CapturingLogger()
    monkeypatch.setattr(runner, "log", logger)
    for line in (_note("a"), _note("poison"), _note("poison", "bo"), _note("b", program="prg_b")):
        log.append_to(0, line)
    log.drain()
    letters = [(one.program, one.fold, one.offset, one.reason, one.detail) for one in _letters(log)]
    error = "OverflowError: date value out of range"
    assert letters == [
        ("prg_a", "words", 1, "decision_failed", error),
        ("prg_a", "words", 2, "decision_failed", error),
    ]
    assert _words(log) == ["a"]
    assert _words(log, program="prg_b") == ["b"]
    [call] = logger.calls
    assert call.method_name == "warning"
    assert [call.kwargs[name] for name in ("program", "lines", "offset", "reason")] == ["prg_a", 2, 1, error]


def test_lines_of_one_program_never_stop_the_fold_and_bytes_that_cannot_be_decoded_do() -> None:
    """Ten thousand of the former count nothing; the limit is for a log that this version cannot read."""
    _, log = _fold({"poison"})
    log.worker._limit = InvalidLimit(consecutive=5)
    for _ in range(2000):
        log.append_to(0, _note("poison"))
    log.append_to(0, _note("a", "bo"))
    log.drain()
    assert _words(log, "bo") == ["a"]
    for _ in range(5):
        log.log.append("notes", 0, b"garbage")
    with pytest.raises(TooManyInvalidLines):
        drain(log.worker)


def test_a_retried_line_is_decided_once_however_often_it_is_retried() -> None:
    """Also after a new worker and after a wipe: the line was set aside once, so it is decided once."""
    words, log = _fold({"poison"})
    log.append_to(0, _note("poison", cause=1))
    log.append_to(0, _note("a", "bo", cause=2))
    log.drain()
    [letter] = _letters(log)
    _retry(log, letter)
    log.drain()
    assert (_words(log), _waiting(log)) == ([], 1), "it still cannot be processed: it keeps waiting"
    words.broken.clear()
    for _ in range(3):
        _retry(log, letter)
        log.restart_and_drain()
    assert (_words(log), _words(log, "bo"), _waiting(log)) == (["poison"], ["a"], 0)
    words.broken.add("poison")  # the first reading, as it was
    _refold(log)
    assert len(_letters(log)) == 1
    words.broken.clear()  # a release that can process it at its first position: its retries change nothing
    _refold(log)
    assert (_words(log), _waiting(log)) == (["poison"], 0)


def test_a_line_that_was_never_set_aside_is_not_retried() -> None:
    """A retry of something that has been processed changes nothing."""
    words, log = _fold({"poison"})
    log.append_to(0, _note("a"))
    log.append_to(0, _note("poison", "bo"))
    log.drain()
    [letter] = _letters(log)
    words.broken.clear()
    _retry(log, msgspec.structs.replace(letter, offset=0, payload=msgspec.json.encode(_note("a"))))
    _retry(log, msgspec.structs.replace(letter, fold="another"))
    log.drain()
    assert (_words(log), _words(log, "bo"), _waiting(log)) == (["a"], [], 1)


_lines = st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from(["a", "b", "x", "y"])), min_size=1, max_size=12)


@given(_lines, st.data())
def test_retried_in_any_order_the_states_are_those_of_no_failure(
    lines: list[tuple[str, str]], data: st.DataObject
) -> None:
    """For a fold that keeps order: lines behind one that was set aside wait for it, and each state sees its lines in order."""
    words, log = _fold({"x", "y"})
    for person, word in lines:
        log.append_to(0, _note(word, person))
        if data.draw(st.booleans()):
            log.drain()
    log.drain()
    words.broken.clear()
    for _ in lines:  # each turn decides at least the first that waits
        for letter in data.draw(st.permutations(_letters(log))):
            _retry(log, letter)
        log.drain()
    assert _waiting(log) == 0
    for person in "pq":
        assert _words(log, person) == [word for one, word in lines if one == person]
    assert not {key: score for key, score in log.states.scores[0].items() if score is not None}


def test_a_fold_that_needs_no_order_sets_aside_only_what_it_cannot_process() -> None:
    """Counters are not held up by one line that cannot be counted."""
    words, log = _fold({"x"}, keeps_order=False)
    for word in ("a", "x", "b"):
        log.append_to(0, _note(word))
    log.drain()
    assert _words(log) == ["a", "b"]
    words.broken.clear()
    _retry(log, _letters(log)[0])
    log.drain()
    assert _words(log) == ["a", "b", "x"]


def test_a_due_state_that_was_set_aside_is_due_again_after_its_retry() -> None:
    """Its dead letter names the program, and the next tick decides it."""
    words, log = _fold({"timer"})
    log.append_to(0, _note("bell"))
    log.append_tick(ClockTicked(id="clk_1", occurred_at=START))
    log.drain()
    [letter] = _letters(log)
    assert (letter.program, letter.timer) == ("prg_a", "person:prg_a|amy")
    words.broken.clear()
    _retry(log, letter)
    _retry(log, letter)
    log.append_tick(ClockTicked(id="clk_2", occurred_at=to_datetime(log.clock.now_ms()) + timedelta(hours=1)))
    log.drain()
    assert (_words(log), _waiting(log)) == (["bell", "rung"], 0)


def test_the_programs_in_the_metric_are_bounded() -> None:
    """A stranger who creates programs cannot create time series without end."""
    _, log = _fold({"poison"})
    for number in range(MAX_PROGRAM_LABELS + 20):
        log.append_to(0, _note("poison", program=f"prg_label{number}"))
    log.drain()
    found = {
        sample.labels["program"]: sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "referral_fold_set_aside_total" and sample.labels["fold"] == "words"
    }
    assert found["other"] >= 20
    assert len(found) <= MAX_PROGRAM_LABELS + 5  # and those of the other tests of this process


POISONED = reward_terms(msgspec.structs.replace(FIRST20, expires_days=3_650_000))


def _decide_fold(*versions: object) -> LogFold:
    return LogFold(DecideFold(""), Catalog([AMY, *versions]))  # type: ignore[list-item]


def _granted(log: LogFold) -> list[RewardGranted]:
    found = [msgspec.json.decode(raw) for raw in log.log.lines("rewards")]
    return [one for one in found if one["type"] == "reward.granted"]


def test_rewards_of_a_stored_program_with_an_impossible_number_are_granted_after_its_correction() -> None:
    """Set aside first, whatever follows them; after the correction retried once each, and a friend who left earns nothing."""
    log = _decide_fold(POISONED)
    log.append([(conversion_key(one), one) for one in (friend_conversion(1), friend_conversion(2), friend_reversal(1))])
    log.drain()
    letters = _letters(log)
    assert [one.program for one in letters] == [PROGRAM] * 3
    assert {one.reason for one in letters} == {"decision_failed", "earlier_line_waits"}
    assert _granted(log) == []
    corrected_at = to_datetime(log.clock.now_ms())
    corrected = msgspec.structs.replace(
        reward_terms(FIRST20, version=2, effective_from=corrected_at + timedelta(seconds=5)), recorded_at=corrected_at
    )
    log._catalog.apply(corrected)
    for letter in letters:
        _retry(log, letter)
    log.drain()
    assert _granted(log) == [], "the correction is not in force yet"
    log.clock.advance(6000)
    for letter in [*letters, *letters]:
        _retry(log, letter)
    log.drain()
    assert sorted(one["beneficiary"] for one in _granted(log)) == sorted(
        [person_id("xhs:friend1"), person_id("xhs:friend2")]
    )
    revoked = [msgspec.json.decode(raw) for raw in log.log.lines("rewards")]
    assert [one["beneficiary"] for one in revoked if one["type"] == "reward.revoked"] == [person_id("xhs:friend1")]
    before = {partition: dict(values) for partition, values in log.states.values.items()}
    produced = log.log.lines("rewards")
    _refold(log)
    assert {partition: dict(values) for partition, values in log.states.values.items()} == before
    assert log.log.lines("rewards") == produced
