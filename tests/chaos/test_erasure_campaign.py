"""R12: a promoter is erased in a running system. Nothing is left of them, and no figure changes."""

import pytest

from tests.support.chaos.attacked_system import AttackedSystem
from tests.support.chaos.erased_promoter import ErasedPromoter
from tests.support.chaos.event_feed import EventFeed
from tests.support.waiting import wait_until

pytestmark = pytest.mark.chaos
_HIDDEN_S, _COMPACTED_S = 60, 180


def test_an_erased_promoter_is_nowhere_and_every_figure_stays(world: AttackedSystem, feed: EventFeed) -> None:
    """Answers, pages and Redis within a minute; topics and directory after compaction; figures also after a refold."""
    promoter = ErasedPromoter(world, feed)
    promoter.take_part()
    world.attack(feed, lambda: None)
    world.restore()
    actual, expected = world.figures(feed)
    assert actual == expected
    before = promoter.figures()
    assert promoter.in_answers(), "the search does not find what is there"
    assert all(place.startswith("people,") for place in promoter.on_topics()), "identified outside `people`"
    assert promoter.in_redis() == []

    proof = promoter.erase()
    wait_until(lambda: not promoter.in_answers(), _HIDDEN_S)
    assert promoter.in_redis() == []
    assert promoter.code_status() in (404, 410)
    assert (proof["id"], proof["codes"]) == (promoter.id, [promoter.code])
    assert promoter.figures() == before

    wait_until(lambda: not promoter.on_topics(), _COMPACTED_S)
    wait_until(lambda: not promoter.in_directory(), _COMPACTED_S)
    assert promoter.in_redis() == []
    assert promoter.in_service_logs() == []

    world.flush()
    world.restore()
    assert promoter.figures() == before
    back = promoter.enrol_again()
    assert back["id"] != promoter.id
    assert back["code"] != promoter.code
    assert promoter.code_status() in (404, 410)
