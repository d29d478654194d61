"""Families: a line that concerns all members of a board meets each as it is, wherever the batch was cut and whatever was lost."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referral.events.timestamps import to_datetime
from referral.fold import batch
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember, StateGroup, group_members
from referral.topics import partition_of
from tests.support.folds import drain
from tests.support.scenarios.word_pipeline import DISTINCT_WORDS, PARTITIONS, WORDS, DistinctWord, Word, WordPipeline

CLANS, NAMES = st.sampled_from(["red", "blue"]), st.sampled_from(["a", "b", "c"])
DEEDS = st.tuples(CLANS, st.builds("{} {}".format, st.sampled_from(["join", "leave", "age", "forget"]), NAMES))
CALLS = st.tuples(CLANS, st.sampled_from(["call all", "feed all"]))
SAID = st.lists(st.lists(DEEDS | CALLS, min_size=1, max_size=8), max_size=8)


def _family(clan: str) -> StateGroup:
    return StateGroup(f"clan:{clan}", f"age:{clan}:")


class Clans:
    """Members join, leave, age or are forgotten by name; a call tells all that belong, a feed lets all of them age."""

    name, service, source, outputs, state = "distinct", "t", WORDS, (DISTINCT_WORDS,), int

    def keys(self, line: Word) -> Sequence[Key]:
        _, name = line.word.split()
        return (_family(line.person),) if name == "all" else (f"age:{line.person}:{name}",)

    def decide(self, line: Word, states: Mapping[Key, object], catalog: object, position: Position) -> Decision:
        deed, name = line.word.split()
        if name == "all":
            return _for_all(line, deed, group_members(states, _family(line.person)))  # type: ignore[arg-type]
        at, place = f"age:{line.person}:{name}", SortedSetMember(f"clan:{line.person}", name)
        age = states[at] or 0
        match deed:
            case "join":
                return Decision({at: age + 1, place: float(age)})
            case "leave":
                return Decision({place: None})
            case "age":
                return Decision({at: age + 1})
            case _:
                return Decision({at: None})


def _for_all(line: Word, deed: str, ages: Mapping[str, int]) -> Decision:
    if deed == "feed":
        return Decision({f"age:{line.person}:{name}": age + 1 for name, age in ages.items()})
    told = " ".join(f"{name}{age}" for name, age in ages.items())
    return Decision(
        {},
        [
            Output(
                DISTINCT_WORDS, DistinctWord(occurred_at=line.occurred_at, program="p", person=line.person, word=told)
            )
        ],
    )


def _expected(said: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The oracle: one line at a time, in plain dictionaries."""
    ages: dict[tuple[str, str], int] = {}
    places: dict[tuple[str, str], int] = {}
    told: list[tuple[str, str]] = []
    for clan, word in said:
        deed, name = word.split()
        me = clan, name
        ours = sorted((score, one) for (its, one), score in places.items() if its == clan and (its, one) in ages)
        match deed:
            case "join":
                places[me], ages[me] = ages.get(me, 0), ages.get(me, 0) + 1
            case "leave":
                places.pop(me, None)
            case "age":
                ages[me] = ages.get(me, 0) + 1
            case "forget":
                ages.pop(me, None)
            case "feed":
                ages |= {(clan, one): ages[clan, one] + 1 for _, one in ours}
            case _:
                told.append((clan, " ".join(f"{one}{ages[clan, one]}" for _, one in ours)))
    return told


@given(said=SAID, most=st.integers(1, 9), wiped=st.sets(st.integers(0, 7)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_meets_each_member_as_the_lines_before_it_left_them(
    monkeypatch: pytest.MonkeyPatch, said: list[list[tuple[str, str]]], most: int, wiped: set[int]
) -> None:
    """Who joined earlier in the batch is met, who left is not; batches and wipes change nothing."""
    monkeypatch.setattr(batch, "MAX_LINES", most)
    pipeline = WordPipeline()
    for number, words in enumerate(said):
        pipeline.append(*words)
        if number in wiped:
            pipeline.states["distinct"].wipe()
        _drain(pipeline)
    told = [msgspec.json.decode(raw) for raw in pipeline.log.lines("distinct")]
    for clan in ("red", "blue"):
        expected = _expected([one for words in said for one in words if one[0] == clan])
        assert [(line["person"], line["word"]) for line in told if line["person"] == clan] == expected


def _drain(pipeline: WordPipeline) -> None:
    worker = pipeline.worker(Clans())
    drain(worker)
    worker.close()


def test_a_family_cannot_be_written_as_a_whole() -> None:
    """Who belongs is said member by member; a fold that gets it wrong stops before anything is lost."""

    class Wrong(Clans):
        def decide(self, line: Word, *_: object) -> Decision:
            return Decision({_family(line.person): 1.0})

    pipeline = WordPipeline()
    record = msgspec.json.encode(Word(occurred_at=to_datetime(0), person="red", word="call all"))
    pipeline.log.append("words", partition_of("red", PARTITIONS), record)
    worker = pipeline.worker(Wrong())
    with pytest.raises(TypeError, match="clan:red"):
        for _ in range(3):
            worker.run_once(0)
