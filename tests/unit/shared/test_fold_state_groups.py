"""State groups: a line about all members of a sorted set sees each as the lines before left it, after any cut or wipe."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referral.events.timestamps import to_datetime
from referral.fold import batch
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember, StateGroup, group_members
from referral.topics import partition_of
from tests.support.examples import examples
from tests.support.folds import drain
from tests.support.scenarios.word_pipeline import FIRST_USES, PARTITIONS, WORDS, FirstUse, Word, WordPipeline

CLANS, NAMES = st.sampled_from(["red", "blue"]), st.sampled_from(["a", "b", "c"])
ACTIONS = st.tuples(CLANS, st.builds("{} {}".format, st.sampled_from(["join", "leave", "age", "forget"]), NAMES))
GROUP_ACTIONS = st.tuples(CLANS, st.sampled_from(["list all", "age all"]))
RECORDS = st.lists(st.lists(ACTIONS | GROUP_ACTIONS, min_size=1, max_size=8), max_size=8)


def _group(clan: str) -> StateGroup:
    return StateGroup(f"clan:{clan}", f"age:{clan}:")


class Clans:
    """Members join, leave, age or lose their state by name; `list all` reports the members, `age all` ages each of them."""

    name, service, source, outputs, state = "first_uses", "t", WORDS, (FIRST_USES,), int
    keeps_order = False
    ignored: Sequence[type[msgspec.Struct]] = ()

    def keys(self, line: Word) -> Sequence[Key]:
        _, name = line.word.split()
        return (_group(line.person),) if name == "all" else (f"age:{line.person}:{name}",)

    def decide(self, line: Word, states: Mapping[Key, object], catalog: object, position: Position) -> Decision:
        action, name = line.word.split()
        if name == "all":
            return _for_all(line, action, group_members(states, _group(line.person)))  # type: ignore[arg-type]
        state, member = f"age:{line.person}:{name}", SortedSetMember(f"clan:{line.person}", name)
        age = states[state] or 0
        match action:
            case "join":
                return Decision({state: age + 1, member: float(age)})
            case "leave":
                return Decision({member: None})
            case "age":
                return Decision({state: age + 1})
            case _:
                return Decision({state: None})


def _for_all(line: Word, action: str, ages: Mapping[str, int]) -> Decision:
    if action == "age":
        return Decision({f"age:{line.person}:{name}": age + 1 for name, age in ages.items()})
    members = " ".join(f"{name}{age}" for name, age in ages.items())
    return Decision(
        {}, [Output(FIRST_USES, FirstUse(occurred_at=line.occurred_at, program="p", person=line.person, word=members))]
    )


def _expected(words: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The oracle: line by line, in plain dictionaries."""
    ages: dict[tuple[str, str], int] = {}
    scores: dict[tuple[str, str], int] = {}
    reports: list[tuple[str, str]] = []
    for clan, word in words:
        action, name = word.split()
        member = clan, name
        members = [one for _, one in sorted((score, one) for one, score in scores.items() if one[0] == clan)]
        present = [one for one in members if one in ages]
        match action, name:
            case "join", _:
                scores[member], ages[member] = ages.get(member, 0), ages.get(member, 0) + 1
            case "leave", _:
                scores.pop(member, None)
            case "forget", _:
                ages.pop(member, None)
            case "age", "all":
                ages |= {one: ages[one] + 1 for one in present}
            case "age", _:
                ages[member] = ages.get(member, 0) + 1
            case _:
                reports.append((clan, " ".join(f"{one[1]}{ages[one]}" for one in present)))
    return reports


@given(records=RECORDS, max_lines=st.integers(1, 9), wiped_before=st.sets(st.integers(0, 7)))
@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_sees_each_member_as_the_lines_before_it_left_it(
    monkeypatch: pytest.MonkeyPatch, records: list[list[tuple[str, str]]], max_lines: int, wiped_before: set[int]
) -> None:
    """A member that joined earlier in the batch is seen, one that left is not; batches and wipes make no difference."""
    monkeypatch.setattr(batch, "MAX_LINES", max_lines)
    pipeline = WordPipeline()
    for number, words in enumerate(records):
        pipeline.append_words(*words)
        if number in wiped_before:
            pipeline.states["first_uses"].wipe()
        _drain(pipeline)
    lines = [msgspec.json.decode(raw) for raw in pipeline.log.lines("first_uses")]
    for clan in ("red", "blue"):
        expected = _expected([one for words in records for one in words if one[0] == clan])
        assert [(line["person"], line["word"]) for line in lines if line["person"] == clan] == expected


def _drain(pipeline: WordPipeline) -> None:
    worker = pipeline.worker(Clans())
    drain(worker)
    worker.close()


def test_a_group_cannot_be_written_as_a_whole() -> None:
    """Membership is written member by member; a fold that does not stops before anything is lost."""

    class Wrong(Clans):
        def decide(self, line: Word, *_: object) -> Decision:
            return Decision({_group(line.person): 1.0})

    pipeline = WordPipeline()
    record = msgspec.json.encode(Word(occurred_at=to_datetime(0), person="red", word="list all"))
    pipeline.log.append("words", partition_of("red", PARTITIONS), record)
    worker = pipeline.worker(Wrong())
    with pytest.raises(TypeError, match="clan:red"):
        for _ in range(3):
            worker.run_once(0)
