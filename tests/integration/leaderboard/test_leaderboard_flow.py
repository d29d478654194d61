"""The leaderboard's processes on a real Kafka and Redis: lines in the log become figures over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.attributions import (
    Evidence,
    ReferralAttributed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
    attribution_key,
)
from referral.events.conversions import conversion_key
from referral.events.entities import ProgramVersion
from referral.events.facts import ContentShared, ContentShown, LinkClicked, Post, PostPublished, PostRemoved, fact_key
from referral.events.line import ClockTicked
from referral.log.publisher import Publisher
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, Topic, partition_of
from tests.support.builders.experiments import EXPERIMENT_VERSION, followed, shared, shown
from tests.support.builders.leaderboard import GLOW, ZONE, cleared_conversion, reversed_conversion
from tests.support.builders.participants import PROGRAM, participant, person_id, profile
from tests.support.records import erase_person, patient, write_records
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - timedelta(days=3)
AMY, BO, CHEAT = participant("amy"), participant("bo"), participant("cheat")
encode = msgspec.json.Encoder().encode


def publish(publisher: Publisher, topic: Topic, lines: list[tuple[str, object]]) -> None:
    """Publishes lines and waits for the acknowledgement."""
    publisher.submit_many(topic, [(key, encode(line)) for key, line in lines]).wait(150)


def conversions() -> list[tuple[str, object]]:
    """Three conversions of Amy, one of them reversed; two of Bo, who reached two before Amy."""
    amy = [cleared_conversion(AMY.id, f"p{number}", BEGAN + timedelta(hours=number)) for number in range(3)]
    bo = [cleared_conversion(BO.id, f"q{number}", BEGAN + timedelta(minutes=number)) for number in range(2)]
    return [(conversion_key(line), line) for line in (*amy, *bo, reversed_conversion(amy[2]))]


def attributions() -> list[tuple[str, object]]:
    """Three followers referred by Amy, two by a banned referrer, one by another whose ban was withdrawn, two without a referral."""
    evidence = Evidence(kind="click", touched_at=BEGAN, event="evt_1", channel="wechat")
    referrers = [AMY.id, AMY.id, AMY.id, CHEAT.id, CHEAT.id, BO.id]
    attributed = [
        ReferralAttributed(
            occurred_at=BEGAN,
            program=PROGRAM,
            id=f"ref_{number}",
            person=f"p{number}",
            referrer=referrer,
            version=1,
            evidence=evidence if number else replace(evidence, channel=None),
        )
        for number, referrer in enumerate(referrers)
    ]
    bans = [
        kind(occurred_at=NOW, program=PROGRAM, referrer=who.id, by="lin")
        for kind, who in ((ReferrerBanned, CHEAT), (ReferrerBanned, BO), (ReferrerUnbanned, BO))
    ]
    unattributed = [
        ReferralUnattributed(occurred_at=BEGAN, program=PROGRAM, person=f"d{number}", reason="no_evidence")
        for number in range(2)
    ]
    return [(attribution_key(line), line) for line in (*attributed, *bans, *unattributed)]


def events() -> list[tuple[str, object]]:
    """Returns events, each one twice except for clicks."""
    who = {"occurred_at": BEGAN, "program": PROGRAM, "person": person_id("xhs:p1")}
    facts = [
        *[ContentShown(id=f"s{number}", **who) for number in range(5)],
        ContentShared(id="h1", **who),
        *[PostPublished(id=f"w{number}", data=Post(post=f"x{number}"), **who) for number in range(3)],
        PostRemoved(id="r1", data=Post(post="x1"), **who),
    ]
    clicks = [
        LinkClicked(
            id=f"k{visitor}", occurred_at=BEGAN, program=PROGRAM, participant=AMY.id, code="AMY", visitor=visitor
        )
        for visitor in ("person", "crawler")
    ]
    return [(fact_key(line), line) for line in (*facts, *facts, *clicks)]


def test_lines_become_boards_ranks_and_insights(settings: Settings, environ: dict[str, str]) -> None:
    """Every figure follows from the log alone, over all partitions; names are those that the directory has now."""
    version = ProgramVersion(recorded_at=BEGAN, program=GLOW, version=1, effective_from=BEGAN)
    key = api_key("tests", "read", secret=API_SECRET)
    write_records(settings, [version, key, AMY, BO, profile("amy"), profile("bo")])
    publisher = Publisher(patient(settings))
    for topic, lines in ((CONVERSIONS, conversions()), (ATTRIBUTIONS, attributions()), (EVENTS, events())):
        publish(publisher, topic, lines)
    with run_leaderboard(environ) as client:
        wait_until(lambda: _board(client) == [(1, "xhs:bo", 2), (2, "xhs:amy", 2)])
        wait_until(lambda: _insights(client) == INSIGHTS)
        day = f"{BEGAN.astimezone(ZoneInfo(ZONE)):%Y-%m-%d}"
        assert _insights(client, day) | {"counted": 4} == INSIGHTS  # some of them qualified an hour later
        around = client.get(f"/v1/programs/{PROGRAM}/boards/referrals/people/xhs:amy?around=1").json()
        assert (around["rank"], [entry["rank"] for entry in around["entries"]]) == (2, [1, 2])
        page = client.get(f"/p/{PROGRAM}?lang=en&period=all", headers={"Authorization": ""})
        assert "Amy" in page.text
        erase_person(settings, AMY.id)
        wait_until(lambda: _board(client) == [(1, "xhs:bo", 2), (2, None, 2)])
        page = client.get(f"/p/{PROGRAM}?lang=en&period=all", headers={"Authorization": ""})
        assert ("Amy" in page.text, "A promoter" in page.text) == (False, True)
        assert _insights(client) == INSIGHTS, "an erasure changes no figure"
    publisher.close()


def test_events_and_follows_decide_an_experiment(settings: Settings, environ: dict[str, str]) -> None:
    """Impressions and shares of people whose window is over, and a friend's follow, in all partitions; the rule ends it once."""
    since = NOW - timedelta(days=20)
    version = replace(EXPERIMENT_VERSION, recorded_at=since, effective_from=since)
    write_records(settings, [version, api_key("tests", "read", secret=API_SECRET)])
    publisher = Publisher(patient(settings))
    facts = [line for number in range(320) for line in experiment_facts(number, since)]
    publish(publisher, EVENTS, [(fact_key(line), line) for line in facts])
    follow = followed("friend", person_id("p1"), since + timedelta(days=2))
    publish(publisher, ATTRIBUTIONS, [(attribution_key(follow), follow)])
    publish_ticks(publisher, settings, EVENTS, NOW)
    with run_leaderboard(environ) as client:
        wait_until(lambda: _experiment(client).get("people") == 320)
        publish_ticks(publisher, settings, CONVERSIONS, NOW + timedelta(days=2))
        wait_until(lambda: _experiment(client)["decided"] is not None)
        found = _experiment(client)
    publisher.close()
    tag, save = found["variants"]
    assert (found["decided"]["variant"], tag["people"], save["people"]) == ("tag", 160, 160)
    assert (tag["shown"], tag["counted"], save["counted"]) == (160 * 5, 160 * 3 + 53, 160 + 53)
    assert tag["chance"] > 0.999
    assert save["uplift"]["high"] < 0
    assert found["answer"]["en"].endswith("Decided: use “Tag a friend”.")
    assert "艾特一个朋友" in found["answer"]["zh-CN"]
    assert not found["alarms"]["sample_ratio_mismatch"]


def experiment_facts(number: int, since: datetime) -> list[ContentShown | ContentShared]:
    """Five impressions of one variant; who sees the better one shares more."""
    person, cta = person_id(f"p{number}"), "tag" if number % 2 else "save"
    shares = 1 + 2 * (cta == "tag") + number % 3 // 2
    return [
        *[shown(person, since + timedelta(hours=hour), cta) for hour in range(1, 6)],
        *[shared(person, since + timedelta(hours=hour)) for hour in range(1, 1 + shares)],
    ]


def publish_ticks(publisher: Publisher, settings: Settings, topic: Topic, at: datetime) -> None:
    """Writes a tick to each partition, in a record of its own."""
    line = encode(ClockTicked(id=f"tick_{at.timestamp():.0f}", occurred_at=at))
    keys = {partition_of(str(number), settings.partitions): str(number) for number in range(200)}
    assert len(keys) == settings.partitions
    for key in keys.values():
        publisher.submit_many(topic, [(key, line)]).wait(150)


def _experiment(client: httpx.Client) -> dict[str, Any]:
    try:
        items: list[dict[str, Any]] = client.get(f"/v1/programs/{PROGRAM}/experiments").json().get("items", [])
    except httpx.TransportError:
        return {}  # the process is still starting
    return items[0] if items else {}


INSIGHTS = {
    "followers": 8,
    "referred": 4,
    "discovered": 2,
    "excluded": 2,
    "referral_share": 0.5,
    "counted": 4,
    "by_channel": {"wechat": 3, "unknown": 1},
    "posts": 2,
    "shares": 1,
    "shown": 5,
    "clicks": 1,
}


def _board(client: httpx.Client) -> list[tuple[int, str | None, int]]:
    try:
        found = client.get(f"/v1/programs/{PROGRAM}/boards/referrals?period=all")
    except httpx.TransportError:
        return []  # the process is still starting
    entries = found.json().get("entries", [])
    return [(entry["rank"], entry["external_id"], entry["score"]) for entry in entries]


def _insights(client: httpx.Client, period: str = "all") -> dict[str, object]:
    found = client.get(f"/v1/programs/{PROGRAM}/insights?period={period}").json()
    return {name: found[name] for name in INSIGHTS}
