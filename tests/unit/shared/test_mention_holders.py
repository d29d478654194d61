"""Who has a handle at a time, after it has passed from one participant to another."""

from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.entities import FormerDetails, Participant
from tests.support.builders.participants import PROGRAM, START, day, mention_id, participant

HANDLE = mention_id("@star")


def holder(name: str, enrolled: float, **more: object) -> Participant:
    """A participant who enrolled on a day, by default with the handle."""
    return replace(participant(name), **{"recorded_at": day(enrolled), "mention": HANDLE, **more})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            holder("amy", 0, mention=None, former=(FormerDetails(until=day(10), mention=HANDLE),)),
            holder("bo", 20),
        ),
        (holder("amy", 0, erased_at=day(10)), holder("bo", 20)),
    ],
    ids=["changed", "erased"],
)
def test_it_depends_on_the_time_alone_who_has_a_handle(first: Participant, second: Participant) -> None:
    """Whatever the order of the records: a refold after an erasure credits whom the first run credited."""
    for records in permutations((first, second)):
        catalog = Catalog(records)
        assert catalog.mention(PROGRAM, HANDLE, day(5)) == first
        assert catalog.mention(PROGRAM, HANDLE, day(25)) == second
        assert catalog.mention(PROGRAM, HANDLE) == second


def test_before_its_first_holder_was_enrolled_it_has_none() -> None:
    """Evidence of that time is unknown, although two have the handle later."""
    catalog = Catalog([holder("amy", 1, erased_at=day(10)), holder("bo", 20)])
    assert catalog.mention(PROGRAM, HANDLE, START + timedelta(hours=1)) is None
