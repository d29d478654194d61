"""The table of topics: content, key, retention, producers and consumers of each.

Topic administration, producers, folds and docs/events.md are all derived from it.
"""

from dataclasses import dataclass
from types import UnionType
from typing import Literal
from zlib import crc32

from referral.events.attributions import AttributionLine
from referral.events.audit import ActionRecorded
from referral.events.conversions import ConversionLine
from referral.events.deliveries import DeliveryLine
from referral.events.entities import CatalogEntity
from referral.events.facts import EventLine
from referral.events.people import PeopleEntity
from referral.events.pools import PoolLine
from referral.events.rejected import LineRejected
from referral.events.rewards import RewardLine
from referral.events.standings import StandingLine

Retention = Literal["forever", "latest of each key", "latest of each key, soon", "400 days", "30 days"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `lines` is the type (or union) of its lines; `partitions` 0 means the configured count.

    `ticks`: whether folds forward clock ticks to it. Two topics that lead to each other would forward them for ever. Folds of the
    topics in `no_ticks_from` do not: time reaches it by a longer way, after what it leads to there.
    """

    name: str
    key: str
    lines: type | UnionType
    retention: Retention
    partitions: int
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    ticks: bool = True
    no_ticks_from: tuple[str, ...] = ()


EVENTS = Topic(
    name="events",
    key="program + person (clicks: program + the participant whose link it is)",
    lines=EventLine,
    retention="forever",
    partitions=0,
    producers=("conversion-tracker", "link-issuer", "reward-dispatcher", "leaderboard"),
    consumers=("conversion-tracker", "leaderboard", "link-issuer"),
)
ATTRIBUTIONS = Topic(
    name="attributions",
    key="program + referrer (referral edges: program + the participant referred)",
    lines=AttributionLine,
    retention="forever",
    partitions=0,
    producers=("conversion-tracker",),
    consumers=("conversion-tracker", "leaderboard", "link-issuer"),
)
CONVERSIONS = Topic(
    name="conversions",
    key="program + referrer",
    lines=ConversionLine,
    retention="forever",
    partitions=0,
    producers=("conversion-tracker",),
    consumers=("reward-dispatcher", "leaderboard", "conversion-tracker", "link-issuer"),
)
REWARDS = Topic(
    name="rewards",
    key="program + beneficiary (program + budget for what a budget decides, program + buyer for an order)",
    lines=RewardLine,
    retention="forever",
    partitions=0,
    producers=("reward-dispatcher", "conversion-tracker"),  # conversion-tracker: orders, and retries of lines set aside
    consumers=("reward-dispatcher", "conversion-tracker", "link-issuer"),
    no_ticks_from=(EVENTS.name, "standings"),
)
POOLS = Topic(
    name="pools",
    key="program",
    lines=PoolLine,
    retention="forever",
    partitions=0,
    producers=("reward-dispatcher", "conversion-tracker"),  # conversion-tracker: retries of lines set aside
    consumers=("reward-dispatcher",),
    ticks=False,
)
DELIVERIES = Topic(
    name="deliveries",
    key="endpoint (webhook id; wechat: and program; of people: program and shard)",
    lines=DeliveryLine,
    retention="forever",
    partitions=0,
    # link-issuer: the welcome after an enrolment; leaderboard: that someone was thanked; conversion-tracker: WeChat, and retries of
    # lines set aside
    producers=("reward-dispatcher", "link-issuer", "leaderboard", "conversion-tracker"),
    consumers=("reward-dispatcher", "conversion-tracker"),
    no_ticks_from=(CONVERSIONS.name, REWARDS.name, "standings"),  # the worker writes its own
)
STANDINGS = Topic(
    name="standings",
    key="program (program + person for what an experiment counts of a person, program + experiment for its sums)",
    lines=StandingLine,
    retention="forever",
    partitions=0,
    producers=("leaderboard", "conversion-tracker"),  # conversion-tracker: retries of lines set aside
    consumers=("leaderboard", "reward-dispatcher", "link-issuer"),
    no_ticks_from=(EVENTS.name, ATTRIBUTIONS.name),
)
CATALOG = Topic(
    name="catalog",
    key="entity",
    lines=CatalogEntity,
    retention="latest of each key",
    partitions=1,
    producers=("link-issuer", "reward-dispatcher", "leaderboard"),  # leaderboard: links to dashboards
    consumers=("link-issuer", "conversion-tracker", "reward-dispatcher", "leaderboard"),
)
PEOPLE = Topic(
    name="people",
    key="kind + person",
    lines=PeopleEntity,
    retention="latest of each key, soon",
    partitions=0,
    producers=("link-issuer", "conversion-tracker", "reward-dispatcher"),
    consumers=("link-issuer", "conversion-tracker", "reward-dispatcher", "leaderboard"),
)
REJECTED = Topic(
    name="rejected",
    key="source topic",
    lines=LineRejected,
    retention="30 days",
    partitions=1,
    producers=("conversion-tracker", "reward-dispatcher", "leaderboard"),
    consumers=("conversion-tracker",),
)

AUDIT = Topic(
    name="audit",
    key="actor",
    lines=ActionRecorded,
    retention="400 days",
    partitions=1,
    producers=("link-issuer", "conversion-tracker", "reward-dispatcher", "leaderboard"),
    consumers=("link-issuer", "conversion-tracker"),  # conversion-tracker: the last pastes of the desk
)

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        EVENTS,
        ATTRIBUTIONS,
        CONVERSIONS,
        REWARDS,
        POOLS,
        DELIVERIES,
        STANDINGS,
        CATALOG,
        PEOPLE,
        REJECTED,
        AUDIT,
    )
}


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: CRC-32 modulo the count, as in librdkafka's `consistent` partitioner.

    It is 40 times cheaper in Python than murmur2. Every producer of these topics belongs to this system and uses it.
    """
    return crc32(key.encode()) % partitions
