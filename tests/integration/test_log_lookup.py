"""The log read on demand, on a real broker: one record by its offset, those from a moment on, and a broker that is away."""

import time
from dataclasses import replace

import pytest

from referral.clock import ManualClock
from referral.config import Settings
from referral.log.collector import Collector
from referral.log.lookup import LogAway, Lookups
from referral.log.records import split
from referral.topics import EVENTS, partition_of
from referral_tools.stack.ports import free_ports
from tests.support.waiting import is_within

pytestmark = pytest.mark.integration

KEY = "prg_glow|xhs:bo"
MINUTE_MS = 60_000


@pytest.fixture
def partition(settings: Settings) -> int:
    """A partition with thirty records, a minute apart, each of two lines."""
    clock = ManualClock()
    collector = Collector(settings, clock)
    for number in range(30):
        collector.submit_many(EVENTS, [(KEY, b"a%d" % number), (KEY, b"b%d" % number)]).wait(30)
        clock.advance(MINUTE_MS)
    collector.close()
    return partition_of(KEY, settings.partitions)


def test_a_record_is_found_by_its_offset_and_others_by_a_moment(settings: Settings, partition: int) -> None:
    """The very record, or none: never the next one in its stead. The same client serves again and again."""
    lookups = Lookups(settings, clients=1)
    for _ in range(2):
        with lookups.lent() as lookup:
            found = lookup.at(EVENTS, partition, 17)
            assert found is not None
            assert (found.offset, split(found.value)) == (17, [b"a17", b"b17"])
            assert lookup.at(EVENTS, partition, 30) is None
            assert lookup.at(EVENTS, partition, -1) is None
            since = lookup.since(EVENTS, partition, found.recorded_at_ms - MINUTE_MS // 2)
            assert [next(since).offset, next(since).offset] == [17, 18]
            assert len(list(lookup.since(EVENTS, partition, 0))) == 30
            assert list(lookup.since(EVENTS, partition, found.recorded_at_ms + 60 * MINUTE_MS)) == []
            assert list(lookup.since(EVENTS, (partition + 1) % settings.partitions, 0)) == []
    lookups.close()


def test_a_broker_that_is_away_is_said_to_be_soon(settings: Settings) -> None:
    """Whoever explains waits in a request: it ends within seconds, and the next one asks anew."""
    [port] = free_ports(1)
    lookups = Lookups(replace(settings, kafka=f"127.0.0.1:{port}"), clients=1)
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(LogAway, match="nobody takes connections"), lookups.lent() as lookup:
            lookup.at(EVENTS, 0, 0)
        assert is_within(5, began)
    lookups.close()
