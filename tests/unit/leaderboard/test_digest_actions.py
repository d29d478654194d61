"""What the digest advises: three different things, whatever the figures are."""

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.digest_actions import DigestFacts, channel_that_moved, digest_actions
from leaderboard.domain.estimate import Change, Estimate, change_between, count, share
from leaderboard.domain.figure_series import Series
from leaderboard.domain.focus import focus_on

COUNTS = st.integers(0, 500)


def series(key: str, total: Estimate, previous: Estimate) -> Series:
    """Returns a figure with its change."""
    change: Change | None = change_between(total, previous)
    return Series(key, total, previous, change, (), ())


def share_series(cases: int, n: int, cases_before: int, n_before: int) -> Series:
    """Returns a share of two periods."""
    return series("all", share(cases, n), share(cases_before, n_before))


def facts(
    *, qualified: Series, referred: Series, posts: int = 5, clicks: int = 50, channels: dict[str, int] | None = None
) -> DigestFacts:
    """Returns the figures of a period."""
    return DigestFacts(
        followers=series("all", count(100), count(90)),
        referral_share=referred,
        qualified_share=qualified,
        posts=series("all", count(posts), count(1)),
        clicks=series("all", count(clicks), count(1)),
        channels=(),
        focus=focus_on(channels or {}, {}),
    )


GOOD = share_series(200, 300, 190, 300)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 3), st.integers(0, 3))
def test_there_are_three_different_things_to_do(
    few: int, many: int, one: int, other: int, posts: int, clicks: int
) -> None:
    """Also without any cases."""
    low, high = sorted((few, many))
    least, most = sorted((one, other))
    found = digest_actions(
        facts(
            qualified=share_series(low, high, least, most),
            referred=share_series(least, most, low, high),
            posts=posts,
            clicks=clicks,
            channels={"wechat": few, "weibo": one},
        )
    )
    assert len(found) == len(set(found)) == 3


def test_what_fell_comes_before_what_is_always_useful() -> None:
    """A share that fell by chance alone is none of them."""
    assert digest_actions(facts(qualified=GOOD, referred=GOOD, channels={"wechat": 40})) == ("focus", "thank", "ask")
    fell = share_series(120, 300, 190, 300)
    assert digest_actions(facts(qualified=fell, referred=fell)) == ("recruit", "qualify", "invite")
    by_chance = share_series(188, 300, 190, 300)
    assert digest_actions(facts(qualified=by_chance, referred=by_chance, posts=0)) == ("recruit", "post", "thank")
    low = share_series(20, 100, 20, 100)
    assert digest_actions(facts(qualified=low, referred=GOOD, clicks=0)) == ("recruit", "qualify", "link")


def test_the_channel_that_moved_is_known_and_changed_most() -> None:
    """Up or down; followers of an unknown channel say nothing."""
    groups = [
        series("unknown", count(90), count(1)),
        series("wechat", count(12), count(10)),
        series("weibo", count(3), count(9)),
    ]
    moved = channel_that_moved(groups)
    assert moved is not None
    assert moved.key == "weibo"
    assert channel_that_moved([series("wechat", count(4), count(4))]) is None
