"""QR codes of a WeChat account: counted by the fold, permanent for the first 90,000, and renewed before they expire."""

from datetime import timedelta

from referral.catalog.view import Catalog
from referral.events.deliveries import WechatSceneCreated, wechat_endpoint
from referral.events.timestamps import DAY_MS, to_ms
from reward_dispatcher.domain.wechat_scenes import MAX_PERMANENT, WechatScene, WechatSceneCount, scene_kind
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.deliveries_fold import DeliveriesFold
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.folds import FoldFeed

ENDPOINT, BO = wechat_endpoint(PROGRAM), person_id("wechat:oBo")


def _created(url: str, days: int | None = None, person: str = BO) -> WechatSceneCreated:
    expires = None if days is None else START + timedelta(days=days)
    return WechatSceneCreated(
        occurred_at=START, program=PROGRAM, webhook=ENDPOINT, person=person, url=url, expires_at=expires
    )


def test_the_fold_keeps_the_newest_code_of_a_person_and_counts_the_permanent_ones() -> None:
    """A renewed code replaces the one before; codes that expire are not counted."""
    feed = FoldFeed(DeliveriesFold(), Catalog(), only_loaded=True)
    feed.feed([_created("a", person=person_id("wechat:oAmy")), _created("b", days=30), _created("c", days=60)])
    assert feed.state(state_keys.scene(ENDPOINT, BO)) == WechatScene("c", to_ms(START) + 60 * DAY_MS)
    assert feed.state(state_keys.scene_count(ENDPOINT)) == WechatSceneCount(1)


def test_the_first_ninety_thousand_are_permanent() -> None:
    """An account has 100,000; the rest is for codes that others made."""
    assert scene_kind(WechatSceneCount(MAX_PERMANENT - 1)) == "permanent"
    assert scene_kind(WechatSceneCount(MAX_PERMANENT)) == "temporary"


def test_no_poster_is_sent_with_a_code_that_is_about_to_expire() -> None:
    """A week is left at least; a permanent code is always usable."""
    scene = WechatScene("a", 30 * DAY_MS)
    assert scene.is_usable(23 * DAY_MS)
    assert not scene.is_usable(23 * DAY_MS + 1)
    assert WechatScene("a").is_usable(10**15)
