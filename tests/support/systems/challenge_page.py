"""The leaderboard with a challenge in its third week: posts in every state, of people with long, hidden and Chinese names."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from flask import Flask
from msgspec.structs import replace

from leaderboard.folds.activity_fold import ActivityFold
from referral.catalog.view import Catalog
from referral.console.audit_log import AuditLog
from referral.console.guard import init_console
from referral.events.audit import ActionRecorded
from referral.events.challenges import ChallengeResources
from referral.events.deliveries import DeliveryFact
from referral.events.facts import (
    EventLine,
    Permission,
    Post,
    PostPublished,
    RightsGiven,
    SubmissionFeatured,
    SubmissionPicked,
    SubmissionReviewed,
    fact_key,
)
from referral.events.people import PersonText
from referral.log.publisher import Publisher
from referral.redis_client import RedisClient
from referral.topics import AUDIT, DELIVERIES, EVENTS, Topic
from tests.support.builders.challenges import GLOW30, with_challenges
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM, START, participant, profile
from tests.support.folds import LogFold
from tests.support.operators import operator
from tests.support.records import DirectoryRecord
from tests.support.systems.leaderboard import NOW, PARTITIONS, leaderboard_app, store_states

NAMES = (
    "林小满",
    "Amy Chen",
    "油皮救星研究所小助手（每天更新一篇干货）",
    "Marie-Thérèse-Vandenbroucke-Wijngaarden" * 2,
)
PEOPLE = [participant(f"u{number}") for number in range(6)]
HIDDEN = 5
PROMPTS = ({"en": "Your most expensive mistake", "zh-CN": "最贵的错误"},) * 30
CHALLENGE = replace(
    GLOW30,
    weekly_feature="friday",
    resources=ChallengeResources(
        prompts=PROMPTS, examples=("https://example.com/a", "no address"), guide="skincare-secrets.pdf"
    ),
    prizes={"weekly": {"en": "Skincare set", "zh-CN": "护肤套装"}, "every_participant": "a glow calendar"},
)
VERSION = with_challenges(GLOW_VERSION, CHALLENGE)
LIN, VIEWER, ADMIN = operator("lin", "support"), operator("vi", "viewer"), operator("ad")
OPERATORS: tuple[DirectoryRecord, ...] = (LIN, VIEWER, ADMIN)
UNSAFE = "javascript:alert(1)"


def posts() -> Iterable[Any]:
    """Yields a post a day of each person, the permission to show it, and its review."""
    for number, person in enumerate(PEOPLE):
        for day in range(number + 1):
            at = NOW - timedelta(days=day, hours=1)
            yield from _post(person.id, f"pst_{number}{day}".ljust(20, "a"), at)


def _post(person: str, name: str, at: datetime) -> Iterable[Any]:
    about = {"program": PROGRAM, "person": person, "occurred_at": at}
    decided = {**about, "challenge": "glow30", "post": name, "by": "lin"}
    yield PostPublished(id=f"p{name}", data=Post(post=name, hashtags=("#Glow30",)), **about)
    yield RightsGiven(id=f"g{name}", data=Permission(post=name, wording="Yes"), **about)
    yield SubmissionReviewed(id=f"r{name}", approved=True, **decided)
    if name.startswith("pst_00"):
        yield SubmissionFeatured(id=f"f{name}", week=4, **decided)
    if name.startswith("pst_11"):
        yield SubmissionPicked(id=f"k{name}", picked=True, **decided)


def people_records() -> list[DirectoryRecord]:
    """Who they are, and the addresses of some of their posts; one address is not safe."""
    profiles = [profile(f"u{n}", NAMES[n % len(NAMES)], public=n != HIDDEN) for n in range(len(PEOPLE))]
    texts = [
        PersonText(id=PEOPLE[n].id, program=PROGRAM, recorded_at=START, text_id=name, kind="post", text=text)
        for n, name, text in (
            (0, "pst_00".ljust(20, "a"), "https://example.com/post/1"),
            (1, "pst_10".ljust(20, "a"), UNSAFE),
        )
    ]
    return [*PEOPLE, *profiles, *texts]


class FoldingPublisher:
    """Publishes to a fold in memory: what was published is in Redis when the call returns. `audited` are lines of the audit log,
    `deliveries` those that ask for messages.
    """

    def __init__(self, fold: LogFold, redis: RedisClient) -> None:
        self._fold, self._redis = fold, redis
        self.audited: list[ActionRecorded] = []
        self.deliveries: list[DeliveryFact] = []

    def publish(self, topic: Topic, lines: Sequence[tuple[str, bytes]]) -> None:
        """Appends the lines, folds them, and stores the states."""
        if topic is AUDIT:
            self.audited += [msgspec.json.decode(line, type=ActionRecorded) for _, line in lines]
            return
        if topic is DELIVERIES:
            self.deliveries += [msgspec.json.decode(line, type=DeliveryFact) for _, line in lines]
            return
        assert topic is EVENTS
        self._fold.append((key, msgspec.json.decode(line, type=EventLine)) for key, line in lines)
        self._fold.drain()
        assert self._fold.rejected == []
        self._redis.flushdb()
        store_states(self._redis, "activity", self._fold.states)


def challenge_app(redis: RedisClient, redis_url: str, lines: Iterable[Any] | None = None) -> Flask:
    """Returns the app, with the states that the fold has of these lines (`posts` by default) in Redis; its clock is at NOW."""
    fold = LogFold(ActivityFold(35, PARTITIONS), Catalog([VERSION]), partitions=PARTITIONS)
    publisher = FoldingPublisher(fold, redis)
    encoded = [(fact_key(line), msgspec.json.encode(line)) for line in (posts() if lines is None else lines)]
    publisher.publish(EVENTS, encoded)
    app = leaderboard_app(redis_url, [VERSION, *people_records(), *OPERATORS])
    known = app.extensions["leaderboard"]
    app.extensions["leaderboard"] = dataclasses.replace(known, publisher=publisher)
    init_console(app, AuditLog(cast("Publisher", publisher), app.extensions["referral"].clock))
    return app
