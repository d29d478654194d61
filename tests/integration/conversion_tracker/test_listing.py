"""Lists over all partitions: the pages together are the whole list, in order, each member once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referral.fold.sorted_set_listing import ListEntry, SortedSetListing
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from tests.support.examples import examples
from tests.support.redis_servers import empty, on_both_kinds_of_redis

pytestmark = pytest.mark.integration

MEMBERS = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.tuples(st.integers(0, 3), st.integers(0, 2)))


@on_both_kinds_of_redis
@given(members=MEMBERS, limit=st.integers(1, 5))
@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pages_of_a_list_are_the_whole_list(
    redis: RedisClient, members: dict[str, tuple[int, int]], limit: int
) -> None:
    """Even if more members than a page holds have the same score."""
    empty(redis)
    for member, (score, partition) in members.items():
        redis.zadd(state_key("ct", "fold", partition, "board"), {member: score})
    listing, found, last = SortedSetListing(redis, "ct", "fold", 3), [], None
    while page := listing.entries_after("board", last, limit):
        found += page
        last = page[-1]
    whole = [ListEntry(float(score), member, partition) for member, (score, partition) in members.items()]
    assert found == sorted(whole)
