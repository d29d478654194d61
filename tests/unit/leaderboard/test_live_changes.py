"""Live changes: whoever goes on from a position gets what changed since, exactly, or is told that it is not known."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.live_changes import (
    LiveChange,
    LiveChanges,
    Position,
    read_position,
    resume,
    total,
    write_position,
)
from leaderboard.live.line_changes import changes_of

SOURCES = 3
PROGRAMS = ("prg_a", "prg_b", "prg_c")
_Record = tuple[int, dict[str, LiveChange]]  # source and changes; offsets count up

changes = st.builds(LiveChange, st.integers(-2, 2), st.integers(-2, 2), st.integers(-2, 2), st.integers(-2, 2))
records = st.lists(
    st.tuples(st.integers(0, SOURCES - 1), st.dictionaries(st.sampled_from(PROGRAMS), changes, max_size=3)), max_size=30
)


def _add(kept: LiveChanges, log: Sequence[_Record]) -> list[Position]:
    """The positions before each record, and at the end."""
    positions = [kept.position]
    for source, changed in log:
        kept.add(source, kept.position[source] + 1, changed)
        positions.append(kept.position)
    return positions


@given(records, st.data())
def test_changes_since_a_position_are_the_sum_of_the_later_records(log: list[_Record], data: st.DataObject) -> None:
    """From any earlier position, whatever lies between."""
    kept = LiveChanges([9] * SOURCES)
    positions = _add(kept, log)
    index = data.draw(st.integers(0, len(log)))
    for program in PROGRAMS:
        later = total(changed.get(program, LiveChange()) for _, changed in log[index:])
        assert kept.since(program, positions[index]) == later


@given(records, st.permutations(range(SOURCES)), st.data())
def test_a_position_is_valid_at_a_process_that_read_the_sources_in_another_order(
    log: list[_Record], order: Sequence[int], data: st.DataObject
) -> None:
    """The changes until then and the changes since then add up to all, at both."""
    here, there = LiveChanges([-1] * SOURCES), LiveChanges([-1] * SOURCES)
    positions = _add(here, log)
    _add(there, sorted(log, key=lambda record: order[record[0]]))
    index = data.draw(st.integers(0, len(log)))
    for program in PROGRAMS:
        assert there.since(program, positions[index]) == here.since(program, positions[index])


@given(records, st.integers(1, 3), st.integers(1, 4), st.data())
def test_with_little_memory_a_change_is_exact_or_unknown(
    log: list[_Record], max_programs: int, max_records: int, data: st.DataObject
) -> None:
    """What was forgotten is never taken for nothing."""
    small, whole = LiveChanges([-1] * SOURCES, max_programs, max_records), LiveChanges([-1] * SOURCES)
    positions = _add(whole, log)
    _add(small, log)
    index = data.draw(st.integers(0, len(log)))
    for program in PROGRAMS:
        assert small.since(program, positions[index]) in (None, whole.since(program, positions[index]))
        assert small.since(program, positions[-1]) == LiveChange()


def test_the_newest_records_are_kept() -> None:
    """Two of three: from the position after the first the change is known, from before it is not."""
    kept = LiveChanges([-1], max_records=2)
    positions = _add(kept, [(0, {"prg_a": LiveChange(referred=number)}) for number in (1, 2, 3)])
    assert kept.since("prg_a", positions[0]) is None
    assert kept.since("prg_a", positions[1]) == LiveChange(referred=5)


@pytest.mark.parametrize("position", [(), (3,), (3, 3, 3), (2, 5), (9, 9)], ids=str)
def test_positions_of_another_log_are_unknown(position: Position) -> None:
    """Too few or too many sources, before the beginning, or after the end."""
    assert LiveChanges([3, 4]).since("prg_a", position) is None


def test_a_record_that_is_read_again_changes_nothing() -> None:
    """After a reconnection the consumer may begin with records that it has returned before."""
    kept = LiveChanges([-1])
    for _ in range(2):
        kept.add(0, 0, {"prg_a": LiveChange(referred=1)})
    assert kept.since("prg_a", (-1,)) == LiveChange(referred=1)


@pytest.mark.parametrize(
    ("position", "beginnings", "ends", "starts"),
    [
        ((4, 9), (0, 0), (7, 10), [5, 10]),
        ((4, 9), (5, 0), (7, 10), [5, 10]),
        ((4, 9), (6, 0), (7, 10), None),  # the next record was deleted
        ((4, 9), (0, 0), (4, 10), None),  # another log, shorter than what was read
        ((4, 9), (0, 0), (9, 11), None),  # five records are too many
    ],
    ids=["goes on", "at the beginning", "deleted", "another log", "too much"],
)
def test_reading_goes_on_where_it_stopped_if_the_log_has_it(
    position: Position, beginnings: Position, ends: Position, starts: list[int] | None
) -> None:
    """Otherwise at the end of the log, and every reader is told to read the figures again."""
    assert resume(position, beginnings, ends, 4) == starts


@given(st.lists(st.integers(-1, 2**63 - 1), min_size=1, max_size=8).map(tuple))
def test_a_position_survives_being_an_id(position: Position) -> None:
    """Except that of a single source without records, whose text is empty."""
    assert read_position(write_position(position)) == (position if position != (-1,) else None)


@pytest.mark.parametrize("text", ["", "ü", "a b", "-2", "1.-5", "z" * 14, "." * 4096], ids=lambda text: text[:9])
def test_other_texts_are_no_position(text: str) -> None:
    """Whoever sends one begins with what happens from now on."""
    assert read_position(text) is None


@pytest.mark.parametrize(
    ("line", "change"),
    [
        (b'{"type":"referral.attributed","program":"prg_a","qualified":true}', LiveChange(referred=1, qualified=1)),
        (b'{"type":"referral.attributed","program":"prg_a"}', LiveChange(referred=1)),
        (b'{"type":"referral.qualified","program":"prg_a"}', LiveChange(qualified=1)),
        (b'{"type":"referral.unattributed","program":"prg_a","reason":"no_evidence"}', LiveChange(discovered=1)),
        (b'{"type":"referral.reversed","program":"prg_a","undoes":["attributed","qualified"]}', LiveChange(-1, 0, -1)),
        (b'{"type":"referral.reversed","program":"prg_a","undoes":["unattributed"]}', LiveChange(0, -1)),
        (b'{"type":"conversion.cleared","program":"prg_a"}', LiveChange(counted=1)),
        (b'{"type":"conversion.reversed","program":"prg_a"}', LiveChange(counted=-1)),
        (b'{"type":"conversion.held","program":"prg_a"}', None),
        (b'{"type":"clock.ticked"}', None),
        (b"no JSON", None),
        (b'{"type":7}', None),
    ],
    ids=lambda value: value[:60].decode() if isinstance(value, bytes) else "",
)
def test_lines_change_what_they_say(line: bytes, change: LiveChange | None) -> None:
    """One line, and two of them in one record."""
    expected = {} if change is None else {"prg_a": total([change, change])}
    assert changes_of(line + b"\n" + line) == expected
