"""A campaign of sixty days as states in Redis: who came, by whom and through which channel, what was shared, and who counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from flask import Flask

from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.growth_fold import GrowthFold
from referral.catalog.view import Catalog
from referral.events.attributions import Evidence, ReferralAttributed, ReferralUnattributed, attribution_key
from referral.events.conversions import conversion_key
from referral.events.facts import Channel, Content, ContentShared, ContentShown, LinkClicked, fact_key
from referral.redis_client import RedisClient
from tests.support.builders.leaderboard import GLOW_VERSION, cleared_conversion
from tests.support.builders.participants import PROGRAM, participant, profile
from tests.support.folds import LogFold
from tests.support.records import DirectoryRecord
from tests.support.systems.leaderboard import NOW, PARTITIONS, leaderboard_app, store_states

DAYS = 60
NAMES = (
    "林小满", "Amy Chen", "油皮救星研究所小助手", "Bo", "周也", "Marie-Thérèse Vandenbroucke", "小鹿", "Mo", "早早", "Ines",
    "Xiaoyu 晓雨", "Jun", "阿梨", "Noah", "苏苏", "Kim", "陈一一", "Ola", "豆豆", "Lin",
)  # fmt: skip
PARTICIPANTS = [participant(f"u{number}") for number in range(len(NAMES))]
CHANNELS: tuple[Channel | None, ...] = ("wechat", "wechat", "wechat", "weibo", "weibo", "xiaohongshu", None)


@dataclass(frozen=True)
class Follow:
    """A follow: who, by whom (None: by themselves), when, and through which channel."""

    person: str
    referrer: str | None
    at: datetime
    channel: Channel | None


def people() -> list[DirectoryRecord]:
    """The promoters with their names; every fifth does not show theirs."""
    profiles = [profile(f"u{number}", name, public=bool(number % 5)) for number, name in enumerate(NAMES)]
    return [*PARTICIPANTS, *profiles]


def follows(seed: int = 7, scale: float = 1.0) -> list[Follow]:
    """The follows of sixty days up to now: more every week, in chains, since friends bring friends."""
    random, found = Random(seed), list[Follow]()
    promoters = [one.id for one in PARTICIPANTS]
    for day in range(DAYS):
        began = NOW - timedelta(days=DAYS - 1 - day, hours=2)
        for _ in range(round(scale * (2 + random.random() * 3 + day / 15))):
            found.append(Follow(f"psn_d{len(found):015}", None, _moment(random, began), None))
        for _ in range(round(scale * (1 + random.random() * 3 + day / 9))):
            referrer = promoters[min(int(random.expovariate(0.09)), len(promoters) - 1)]
            person = f"psn_r{len(found):015}"
            found.append(Follow(person, referrer, _moment(random, began), random.choice(CHANNELS)))
            if random.random() < 0.3:
                promoters.append(person)
    return found


def _moment(random: Random, began: datetime) -> datetime:
    return began - timedelta(minutes=random.randrange(300))


def fold_campaign(redis: RedisClient, campaign: Iterable[Follow]) -> None:
    """Writes the states of the folds growth, activity and boards."""
    followed = list(campaign)
    attributions = [_line(number, one) for number, one in enumerate(followed)]
    _fold(redis, "growth", GrowthFold(PARTITIONS), [(attribution_key(line), line) for line in attributions])
    referred = [one for one in followed if one.referrer is not None]
    counted = [
        cleared_conversion(str(one.referrer), one.person, one.at) for number, one in enumerate(referred) if number % 7
    ]
    _fold(redis, "boards", BoardsFold(PARTITIONS), [(conversion_key(line), line) for line in counted])
    lines = [line for number, one in enumerate(referred) for line in _activity(number, one)]
    _fold(redis, "activity", ActivityFold(90, PARTITIONS), [(fact_key(line), line) for line in lines])


def growth_app(redis_url: str, records: Iterable[DirectoryRecord] = ()) -> Flask:
    """The leaderboard with these people, and operators or further records."""
    return leaderboard_app(redis_url, [*people(), *records])


def _line(number: int, one: Follow) -> ReferralAttributed | ReferralUnattributed:
    same: dict[str, Any] = {"occurred_at": one.at, "program": PROGRAM, "person": one.person}
    if one.referrer is None:
        return ReferralUnattributed(reason="no_evidence", **same)
    evidence = Evidence(kind="click" if one.channel else "code", touched_at=one.at, event="evt_1", channel=one.channel)
    return ReferralAttributed(
        id=f"ref_{number}", referrer=one.referrer, version=1, evidence=evidence, qualified=bool(number % 8), **same
    )


def _activity(number: int, one: Follow) -> Iterable[Any]:
    same: dict[str, Any] = {"occurred_at": one.at, "program": PROGRAM}
    for index in range(6):
        seen = Content(content="hacks") if index % 2 else Content()
        yield ContentShown(id=f"evt_s{number}_{index}", person=f"psn_v{number}_{index}", data=seen, **same)
    yield LinkClicked(id=f"evt_c{number}", code="AMY88", participant=str(one.referrer), **same)
    if number % 2:
        yield ContentShared(id=f"evt_h{number}", person=str(one.referrer), **same)


def _fold(redis: RedisClient, name: str, fold: Any, lines: Iterable[tuple[str, object]]) -> None:
    memory = LogFold(fold, Catalog([GLOW_VERSION]), partitions=PARTITIONS)
    memory.append(lines)
    memory.drain()
    assert memory.rejected == []
    store_states(redis, name, memory.states)
