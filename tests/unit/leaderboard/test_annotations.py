"""What may explain a change: of too much, featured posts are left out first."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.annotations import MAX_ANNOTATIONS, Annotation, annotations, most_telling
from leaderboard.domain.date_range import DateRange
from tests.support.builders.leaderboard import GLOW_VERSION

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = DateRange(date(2026, 11, 1), date(2026, 11, 30))
KINDS = st.lists(st.sampled_from(["program_version", "challenge_end", "post_featured"]), max_size=30)


@given(KINDS, st.integers(0, 20))
def test_featured_posts_are_left_out_first(kinds: list[str], most: int) -> None:
    """The order stays, and of each kind the earliest are kept."""
    found = [
        Annotation(FIRST.date(), FIRST + timedelta(hours=hour), kind, "glow30")  # type: ignore[arg-type] # sampled
        for hour, kind in enumerate(kinds)
    ]
    kept = most_telling(found, most)
    others = [one for one in found if one.kind != "post_featured"]
    posts = [one for one in found if one.kind == "post_featured"]
    assert [one for one in kept if one.kind != "post_featured"] == others[:most]
    assert [one for one in kept if one.kind == "post_featured"] == posts[: max(0, most - len(others))]
    assert kept == sorted(kept, key=lambda one: one.at)


def test_a_later_version_is_noted_however_many_posts_were_featured_before_it() -> None:
    """Also if several posts were featured in the same second."""
    second = FIRST.timestamp()
    version = replace(GLOW_VERSION, version=2, effective_from=FIRST + timedelta(days=20))
    featured = [(second + number // 2, "glow30") for number in range(2 * MAX_ANNOTATIONS)]
    found = annotations([version], featured, ZoneInfo("UTC"), DAYS)
    assert len(found) == MAX_ANNOTATIONS
    assert (found[-1].kind, found[-1].name) == ("program_version", "2")
