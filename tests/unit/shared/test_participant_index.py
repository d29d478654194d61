"""The index of participants: the newest record of each key counts, in pages, and codes belong to who was recorded first."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from hypothesis import assume, given
from hypothesis import strategies as st

from referral.catalog.participant_index import IndexedEntity, MemoryParticipants
from referral.catalog.view import Catalog
from referral.events.entities import FormerDetails, Link, Participant, entity_key

AT = datetime(2026, 11, 1, tzinfo=UTC)
IDS = [f"psn_{letter * 16}" for letter in "abcd"]
MENTIONS = ["mnt_m", "mnt_n"]


def _participant(id: str, program: str, mention: str | None, former: str | None, hour: int) -> Participant:
    past = (FormerDetails(until=AT, mention=former),) if former else ()
    at = AT + timedelta(hours=hour)
    return Participant(id=id, program=program, code=id[-3:], mention=mention, former=past, recorded_at=at)


def _link(id: str, code: str, hour: int) -> Link:
    return Link(id="lnk_" + code, code=code, program="prg_x", participant=id, recorded_at=AT + timedelta(hours=hour))


mentions, hours = st.sampled_from([None, *MENTIONS]), st.integers(0, 3)
entities = st.one_of(
    st.builds(_participant, st.sampled_from(IDS), st.just("prg_x"), mentions, mentions, hours),
    st.builds(_link, st.sampled_from(IDS), st.sampled_from(["AAA", "one", "two"]), hours),
)


def _answers(catalog: Catalog) -> object:
    holders = [catalog.mention("prg_x", mention, at) for mention in MENTIONS for at in (None, AT, AT - timedelta(1))]
    codes = [catalog.code(code) for code in ("AAA", "aaa", "bbb", "ccc", "ddd", "one", "two")]
    return holders, codes, [catalog.links(id) for id in IDS], catalog.participants("prg_x"), len(catalog)


@given(st.lists(entities, max_size=12))
def test_compaction_changes_no_answer(history: list[IndexedEntity]) -> None:
    """A later record of a key has the same recorded time and owner, as the log has it."""
    assume(_times_never_change(history))
    last = {entity_key(entity): number for number, entity in enumerate(history)}
    compacted = [entity for number, entity in enumerate(history) if last[entity_key(entity)] == number]
    assert _answers(Catalog(history)) == _answers(Catalog(compacted))


def _times_never_change(history: list[IndexedEntity]) -> bool:
    """Whether each key always has the same recorded time and owner, as the log has it."""
    fixed = {(entity_key(one), one.recorded_at, getattr(one, "participant", "")) for one in history}
    return len({key for key, *_ in fixed}) == len(fixed)


def test_participants_of_a_program_come_in_pages() -> None:
    """A page is at most as long as its limit, and the next starts after its last id."""
    catalog = Catalog([_participant(id, "prg_x", None, None, 0) for id in reversed(IDS)])
    catalog.apply(_participant("psn_" + "e" * 16, "prg_y", None, None, 0))
    first = catalog.participants("prg_x", limit=3)
    assert [one.id for one in first] == IDS[:3]
    assert [one.id for one in catalog.participants("prg_x", after=first[-1].id, limit=3)] == IDS[3:]
    assert len(catalog.participants("prg_x", limit=5000)) == 4


def test_a_look_up_is_repeated_only_after_the_catalog_was_read_on() -> None:
    """A batch or a request reads it once: what is missing after that is unknown, and is looked up once."""
    index, answers = MemoryParticipants(), iter([True, False])
    catalog = Catalog(refresh=lambda: next(answers), index=index)
    with patch.object(index, "participant", wraps=index.participant) as looked_up:
        assert catalog.participant(IDS[0]) is None
        assert looked_up.call_count == 2
        assert catalog.participant(IDS[1]) is None
        assert looked_up.call_count == 3
