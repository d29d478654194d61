"""How many clicks of one address on one code are recorded."""

from hypothesis import given
from hypothesis import strategies as st

from link_issuer import click_limit
from link_issuer.click_limit import ClickLimit

MINUTE_MS = 60_000


def test_one_client_cannot_have_more_clicks_recorded_than_the_limit() -> None:
    """Of a thousand in a minute, sixty; in the next minute again."""
    limit = ClickLimit(60)
    assert sum(limit.allows("192.0.2.1", "AMY88", at) for at in range(1000)) == 60
    assert limit.allows("192.0.2.1", "AMY88", MINUTE_MS)


def test_other_clients_and_other_codes_have_their_own_limit() -> None:
    """A stranger uses up nothing of others; the addresses of an IPv6 /64 are one client."""
    limit = ClickLimit(1)
    seen = [("192.0.2.1", "A"), ("192.0.2.1", "B"), ("192.0.2.2", "A"), ("2001:db8::1", "A"), ("2001:db8:0:1::1", "A")]
    assert all(limit.allows(*one, 0) for one in seen)
    assert not any(limit.allows(*one, 1) for one in [*seen, ("2001:db8::ffff", "A")])


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from("ABC")), max_size=200))
def test_memory_is_bounded(clicks: list[tuple[int, str]]) -> None:
    """However many addresses click: beyond the bound they share counts, and some are still recorded."""
    limit, bound = ClickLimit(2), 10
    original, click_limit._MAX_COUNTS = click_limit._MAX_COUNTS, bound
    try:
        recorded = [limit.allows(f"192.0.2.{host}", code, 0) for host, code in clicks]
    finally:
        click_limit._MAX_COUNTS = original
    assert len(limit._counts) <= 2 * bound
    assert sum(recorded) >= min(len(clicks), 2)


def test_no_address_is_kept() -> None:
    """A count is stored under a hash that cannot be computed outside the process."""
    limit = ClickLimit(2)
    limit.allows("192.0.2.1", "AMY88", 0)
    assert all(isinstance(key, int) for key in limit._counts)
