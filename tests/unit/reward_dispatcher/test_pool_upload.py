"""A code belongs to one pool of a program, whichever uploads arrive at the same time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from referral.catalog.view import Catalog
from referral.events.entities import PoolChunk
from referral.events.normal_forms import normalize_code
from reward_dispatcher.domain.pool_upload import UploadPlan, earlier_holders, plan_upload, usable_chunks
from reward_dispatcher.domain.uploaded_codes import read_codes
from tests.support.builders.participants import PROGRAM, START


def _chunk(id_: str, pool: str, *codes: str) -> PoolChunk:
    return PoolChunk(recorded_at=START, id=f"pch_{id_}", program=PROGRAM, pool=pool, codes=codes)


def _plan(pool: str, codes: Sequence[str], *chunks: PoolChunk) -> UploadPlan:
    return plan_upload(pool, read_codes(codes).codes, chunks)


def test_a_code_of_another_pool_is_refused_naming_pool_and_line() -> None:
    """It would be given to two people."""
    plan = _plan("vip", ["NEW1", "glow1"], _chunk("a", "spring", "GLOW1"))
    ((line, detail),) = [(one.line, one.detail) for one in plan.mistakes]
    assert line == 2
    assert "is in pool spring already" in detail
    assert "'glow1'" in detail


def test_codes_of_the_pool_itself_are_skipped_and_another_spelling_is_refused() -> None:
    """An upload can be repeated. Codes are compared without case, so each has one spelling."""
    plan = _plan("vip", ["GLOW1", "glow2", "GLOW3"], _chunk("a", "vip", "GLOW1", "GLOW2"))
    assert (plan.new_codes, plan.duplicates) == (["GLOW3"], 1)
    assert [one.line for one in plan.mistakes] == [2]
    assert "as 'GLOW2'" in plan.mistakes[0].detail


def test_the_rest_of_an_upload_that_came_second_can_be_uploaded_again() -> None:
    """Its chunk is in the catalog, but never issued: its codes are not in the pool yet."""
    catalog = [_chunk("a", "spring", "GLOW1"), _chunk("b", "vip", "GLOW1", "GLOW2")]
    plan = plan_upload("vip", read_codes(["GLOW2"]).codes, usable_chunks("vip", catalog, ()))
    assert (plan.new_codes, plan.duplicates, plan.mistakes) == (["GLOW2"], 0, [])
    assert usable_chunks("vip", [*catalog, _chunk("c", "vip", "GLOW2")], ())[-1].id == "pch_c"


def test_a_chunk_that_the_ledger_has_already_stays_in_its_pool() -> None:
    """It was announced before codes were compared across pools."""
    catalog = [_chunk("a", "spring", "GLOW1"), _chunk("b", "vip", "GLOW1", "GLOW2")]
    plan = plan_upload("vip", read_codes(["GLOW2"]).codes, usable_chunks("vip", catalog, {"pch_b"}))
    assert (plan.new_codes, plan.duplicates) == ([], 1)


uploads = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]), st.lists(st.sampled_from("PQRSTpqr"), min_size=1, max_size=3).map(tuple)
    ),
    min_size=1,
    max_size=6,
)


@given(uploads, st.data())
def test_of_uploads_at_the_same_time_the_first_in_the_catalog_has_the_code(
    uploads: list[tuple[str, tuple[str, ...]]], data: st.DataObject
) -> None:
    """All were compared with a catalog that had none of them; what is announced never has a code in two pools."""
    chunks = [_chunk(str(number), pool, *codes) for number, (pool, codes) in enumerate(uploads)]
    catalog = Catalog(chunks)
    catalog.apply(data.draw(st.sampled_from(chunks)))  # a write that was repeated changes no order
    announced = [one for one in chunks if not earlier_holders(one, catalog.program_chunks(PROGRAM))]
    pools = dict[str, set[str]]()
    for chunk in announced:
        for code in chunk.codes:
            pools.setdefault(normalize_code(code), set()).add(chunk.pool)
    assert all(len(names) == 1 for names in pools.values())
    assert announced[0] == chunks[0]
