"""Figures over HTTP: from the states of the folds to JSON, CSV and the explanation."""

import csv
import dataclasses
import io
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from redis import Redis

from leaderboard.domain.date_range import DateRange
from leaderboard.domain.figure_table import FIGURES as FIGURES_OF_TABLE
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.growth_fold import GrowthFold
from leaderboard.http_api.costly_reads import CostlyReads
from leaderboard.insight_reader import FigureQuery
from leaderboard.rewards_client import RewardsClient
from referral.catalog.view import Catalog
from referral.events.attributions import (
    Evidence,
    ReferralAttributed,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    attribution_key,
)
from referral.events.challenges import Challenge
from referral.events.conversions import conversion_key
from referral.events.edges import EdgeSet, ReferralInCycle, edge_key
from referral.events.entities import ProgramVersion
from referral.events.facts import (
    Content,
    ContentShared,
    ContentShown,
    Engagement,
    Post,
    PostEngaged,
    PostPublished,
    SubmissionFeatured,
    fact_key,
)
from referral.events.timestamps import to_ms
from referral.tokens import TokenSigner
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE, cleared_conversion
from tests.support.builders.participants import PROGRAM, person_id
from tests.support.folds import LogFold
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import NOW, PARTITIONS, leaderboard_app, store_states

pytestmark = pytest.mark.integration

FIGURES = f"/v1/programs/{PROGRAM}/insights"
RANGE = "from=2026-11-10&to=2026-11-23"
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)  # noon in Shanghai
"""The first day of RANGE; the range before begins on 27 October."""


def attributed(person: str, referrer: str, day: int, channel: str | None = None) -> ReferralAttributed:
    """A referred follow on a day of RANGE, counted from 0, that qualifies at once."""
    at = NOON + day * DAY
    return ReferralAttributed(
        occurred_at=at,
        program=PROGRAM,
        id=f"ref_{person}",
        person=person,
        referrer=referrer,
        version=1,
        evidence=Evidence(kind="click", touched_at=at, event="evt_1", channel=channel),
        qualified=True,
    )


def fold_growth(redis: Redis) -> None:
    """Amy brings three on day 0, one on day 8, and one leaves; Bo, who is banned, brings one; six come alone, two before."""
    follows = [
        *(attributed(f"a{number}", person_id("xhs:amy"), 0, "wechat") for number in range(3)),
        attributed("a3", person_id("xhs:amy"), 8),
        attributed("b0", person_id("xhs:bo"), 1, "weibo"),
    ]
    lines = [
        *follows,
        *(
            ReferralUnattributed(occurred_at=NOON + day * DAY, program=PROGRAM, person=f"d{day}", reason="no_evidence")
            for day in (-3, -2, 2, 3, 4, 13)
        ),
        ReferralReversed(
            occurred_at=NOON + 9 * DAY,
            program=PROGRAM,
            id="ref_a0",
            person="a0",
            referrer=person_id("xhs:amy"),
            undoes=("attributed", "qualified"),
            reason="unfollowed",
            since=NOON,
            channel="wechat",
        ),
        ReferrerBanned(occurred_at=NOON, program=PROGRAM, referrer=person_id("xhs:bo"), by="lin"),
    ]
    fold(redis, "growth", GrowthFold(PARTITIONS), [(attribution_key(line), line) for line in lines])


def fold_activity(redis: Redis) -> None:
    """Forty impressions, seven shares of Amy and three of Chen, and a post, all on day 5; Amy's friends a1 to a3 count."""
    at = NOON + 5 * DAY
    same = {"occurred_at": at, "program": PROGRAM}
    lines = [
        *(ContentShown(id=f"evt_s{number}", person=f"p{number}", data=seen(number), **same) for number in range(40)),
        *(
            ContentShared(
                id=f"evt_h{number}", person=person_id("xhs:amy") if number < 7 else person_id("xhs:chen"), **same
            )
            for number in range(10)
        ),
        PostPublished(id="evt_p", person=person_id("xhs:amy"), data=Post(post="post_1"), **same),
        PostEngaged(
            id="evt_v", person=person_id("xhs:amy"), data=Engagement(post="post_1", kind="view", count=100), **same
        ),
    ]
    fold(redis, "activity", ActivityFold(90, PARTITIONS), [(fact_key(line), line) for line in lines])
    counted = [
        cleared_conversion(person_id("xhs:amy"), f"a{number}", NOON + day * DAY)
        for number, day in ((1, 0), (2, 0), (3, 8))
    ]
    fold(redis, "boards", BoardsFold(PARTITIONS), [(conversion_key(line), line) for line in counted])


def seen(number: int) -> Content:
    """Of four impressions one names a content item, and every other of these a call to action."""
    if number % 4:
        return Content()
    return Content(content="hacks", cta="tag" if number % 8 else None)


def fold(
    redis: Redis, name: str, of: Any, lines: Iterable[tuple[str, object]], version: ProgramVersion = GLOW_VERSION
) -> None:
    """Folds lines into the states that the app reads."""
    memory = LogFold(of, Catalog([version]), partitions=PARTITIONS)
    memory.append(lines)
    memory.drain()
    assert memory.rejected == []
    store_states(redis, name, memory.states)


@pytest.fixture
def client(redis: Redis, redis_url: str) -> FlaskClient:
    """The app on these states; its clock is at noon of 24 November."""
    fold_growth(redis)
    fold_activity(redis)
    return leaderboard_app(redis_url).test_client()


def read(client: FlaskClient, query: str) -> dict[str, Any]:
    """The body of a figure."""
    answer = client.get(f"{FIGURES}/{query}", headers=AUTHORIZATION)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def values(body: dict[str, Any]) -> dict[str, float]:
    """The value of each series over the range."""
    return {one["key"]: one["total"]["value"] for one in body["series"]}


def test_followers_by_source_leave_out_the_banned_referrer(client: FlaskClient) -> None:
    """Who left is taken off the day of the follow; each point has its day, and the range before stands beside it."""
    body = read(client, f"followers?{RANGE}&by=source")
    assert values(body) == {"all": 8, "referred": 3, "discovered": 4, "excluded": 1}
    whole, referred, *_ = body["series"]
    assert [one["value"] for one in referred["points"]] == [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert (referred["points"][8]["period"], referred["points"][8]["starts_on"]) == ("2026-11-18", "2026-11-18")
    assert (whole["previous"]["value"], whole["change"]) == (2, {"value": 6, "low": None, "high": None})
    assert (body["previous_starts_on"], body["previous_ends_on"]) == ("2026-10-27", "2026-11-09")
    assert (body["zone"], body["counted_from"]) == ("Asia/Shanghai", "2026-11-07")
    assert body["query"] == "followers?from=2026-11-10&to=2026-11-23&unit=day&by=source"
    assert values(read(client, f"followers?{RANGE}&by=channel")) == {"all": 8, "wechat": 2, "unknown": 1}


def test_shares_have_intervals_and_name_too_few_cases(client: FlaskClient) -> None:
    """Three of eight are a share with an interval that is too wide to rely on, and the words say so in both languages."""
    [whole] = read(client, f"referral_share?{RANGE}&unit=all")["series"]
    assert (whole["total"]["value"], whole["total"]["n"], whole["total"]["too_few"]) == (0.375, 8, True)
    assert whole["total"]["low"] < 0.375 < whole["total"]["high"]
    assert whole["total"]["words"]["en"] == "3 of 8: fewer than 30 cases, so the percentage is uncertain."
    assert whole["total"]["words"]["zh-CN"] == "8 例中有 3 例：不足 30 例，百分比仅供参考。"
    assert len(whole["points"]) == 1
    assert whole["change"]["low"] < whole["change"]["value"] < whole["change"]["high"]


def test_the_funnel_has_its_stages_in_order(client: FlaskClient) -> None:
    """Each stage counts what happened in the range; the steps are rates to the stage before."""
    stages = values(read(client, f"funnel?{RANGE}&by=stage&unit=week"))
    assert list(stages.items())[1:] == [
        ("shown", 40),
        ("shared", 10),
        ("clicked", 0),
        ("followed", 3),
        ("qualified", 3),
    ]
    steps = values(read(client, f"funnel_steps?{RANGE}&by=stage"))
    assert steps == {"all": 3 / 40, "shared": 0.25, "clicked": 0, "followed": None, "qualified": 1}


def test_people_count_once_over_a_range_of_many_boards(client: FlaskClient) -> None:
    """Amy's three friends are of two days and two weeks; Chen shared without any. The top 10% of one referrer have all."""
    for unit in ("day", "week", "month", "all"):
        [per_sharer] = read(client, f"followers_per_sharer?{RANGE}&unit={unit}")["series"]
        assert (per_sharer["total"]["value"], per_sharer["total"]["n"]) == (1.5, 2)
    [top] = read(client, f"top_tenth_share?{RANGE}")["series"]
    assert (top["total"]["value"], top["total"]["n"]) == (1, 1)
    assert values(read(client, f"posts?{RANGE}")) == {"all": 1}


def test_the_audience_grows_by_everyone_who_began_before(client: FlaskClient) -> None:
    """The last point is all who follow now."""
    [whole] = read(client, f"audience?{RANGE}")["series"]
    assert [one["value"] for one in whole["points"]] == [4, 5, 6, 7, 8, 8, 8, 8, 9, 9, 9, 9, 9, 10]
    assert (whole["total"]["value"], whole["previous"]["value"]) == (10, 2)


def test_a_range_is_that_of_the_last_days_by_default_and_weeks_are_whole(client: FlaskClient) -> None:
    """28 days up to today in the program's zone; a week is extended to Monday and Sunday."""
    body = read(client, "followers?unit=week")
    assert (body["starts_on"], body["ends_on"]) == ("2026-10-26", "2026-11-29")
    assert [one["period"] for one in body["series"][0]["points"]] == [f"2026-W{week}" for week in range(44, 49)]


def test_csv_rows_name_query_period_and_zone(client: FlaskClient) -> None:
    """The same figures as JSON, one row each, readable without the request."""
    answer = client.get(f"{FIGURES}/followers.csv?{RANGE}&by=source&unit=week", headers=AUTHORIZATION)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert 'filename="prg_glow-followers-2026-11-09-2026-11-29.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    body = read(client, f"followers?{RANGE}&by=source&unit=week")
    totals = {row["series"]: float(row["value"]) for row in rows if row["row"] == "total"}
    assert totals == values(body)
    points = [row for row in rows if row["row"] == "point" and row["series"] == "all"]
    assert [row["period"] for row in points] == ["2026-W46", "2026-W47", "2026-W48"]
    assert {row["zone"] for row in rows} == {"Asia/Shanghai"}
    assert {row["query"] for row in rows} == {body["query"]}


def test_an_explanation_has_the_definition_in_both_languages_and_examples(client: FlaskClient) -> None:
    """What "how was this counted" shows: the definition, the formula's source, and lines that are counted."""
    body = read(client, "top_tenth_share/explain")
    assert "at least one person" in body["definition"]["en"]
    assert "至少一人" in body["definition"]["zh-CN"]
    assert "Wilson" in body["interval"]["en"]
    assert [event["type"] for event in body["events"]] == ["conversion.cleared", "conversion.reversed"]


def test_all_figures_are_listed_and_each_can_be_read_in_each_split(client: FlaskClient) -> None:
    """An entry of the table is all that a route, its CSV and its explanation take."""
    items = read(client, "figures")["items"]
    assert len(items) > 10
    for item in items:
        for by in (None, *item["by"]):
            split = f"&by={by}" if by else ""
            assert read(client, f"{item['figure']}?{RANGE}{split}")["title"] == item["title"]
        assert read(client, f"{item['figure']}/explain")["by"] == item["by"]


@pytest.mark.parametrize(
    ("query", "status", "code", "place"),
    [
        ("likes", 404, "unknown_figure", None),
        ("likes.csv", 404, "unknown_figure", None),
        ("likes/explain", 404, "unknown_figure", None),
        ("followers?from=2026-11-02&to=2026-11-01", 422, "invalid", "query:to"),
        ("followers?from=2024-01-01&to=2026-11-01", 422, "invalid", "query:to"),
        ("followers?by=stage", 422, "invalid", "query:by"),
        ("posts?by=channel", 422, "invalid", "query:by"),
        ("followers?unit=year", 422, "invalid", None),
        ("followers?from=1969-01-01", 422, "invalid", None),
        ("followers?from=yesterday", 422, "invalid", None),
    ],
)
def test_each_mistake_names_its_place(client: FlaskClient, query: str, status: int, code: str, place: str) -> None:
    """A stable code, and the parameter that has to change."""
    answer = client.get(f"{FIGURES}/{query}", headers=AUTHORIZATION)
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code)
    if place:
        assert body["errors"][0]["pointer"] == place


def test_too_many_people_are_refused_with_the_remedy(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure reads at most so many entries of boards; months have fewer than days."""
    monkeypatch.setattr("leaderboard.insight_store.MAX_BOARD_ENTRIES", 1)
    answer = client.get(f"{FIGURES}/followers_per_sharer?{RANGE}", headers=AUTHORIZATION)
    assert answer.status_code == 422
    assert "choose fewer days, or unit=month" in answer.get_json()["detail"]


def test_people_are_measured_once_their_window_is_over_by_generation(redis: Redis, redis_url: str) -> None:
    """Dai came alone and brought Eva and Fay, Eva brought Gil; all count, Gil too late for a window of 3 days."""
    began = {"dai": 0, "eva": 1, "fay": 2, "gil": 6}
    referrers = {"eva": "dai", "fay": "dai", "gil": "eva"}
    lines: list[tuple[str, object]] = []
    for name, day in began.items():
        at = NOON + day * DAY
        if name in referrers:
            line = attributed(person_id(f"xhs:{name}"), person_id(f"xhs:{referrers[name]}"), day)
            edge = EdgeSet(
                occurred_at=at,
                program=PROGRAM,
                participant=line.person,
                referrer=line.referrer,
                referral=line.id,
                since=at,
            )
            lines += [(attribution_key(line), line), (edge_key(edge), edge)]
        else:
            alone = ReferralUnattributed(
                occurred_at=at, program=PROGRAM, person=person_id(f"xhs:{name}"), reason="no_evidence"
            )
            lines.append((attribution_key(alone), alone))
    fold(redis, "growth", GrowthFold(PARTITIONS), lines)
    counted = [
        cleared_conversion(person_id(f"xhs:{above}"), person_id(f"xhs:{name}"), NOON + began[name] * DAY)
        for name, above in referrers.items()
    ]
    fold(redis, "boards", BoardsFold(PARTITIONS), [(conversion_key(line), line) for line in counted])
    client = leaderboard_app(redis_url).test_client()
    body = read(client, f"k_factor?{RANGE}&by=degree&window=3")
    assert values(body) == {"all": 0.5, "0": 2, "1": 0, "2": 0}
    assert [(one["key"], one["total"]["n"]) for one in body["series"]] == [("all", 4), ("0", 1), ("1", 2), ("2", 1)]
    assert body["query"].endswith("&by=degree&window=3")
    assert [one["label"]["en"] for one in body["series"]] == ["All", "Discovered", "Degree 1", "Degree 2"]
    assert values(read(client, f"k_factor?{RANGE}&by=degree&window=6")) == {"all": 0.75, "0": 2, "1": 0.5, "2": 0}
    assert values(read(client, f"followers?{RANGE}&by=degree")) == {"all": 4, "0": 1, "1": 2, "2": 1}
    assert values(read(client, f"reach_multiple?{RANGE}")) == {"all": 1.5}
    [cycle] = read(client, f"cycle_time?{RANGE}&window=7")["series"]
    assert (cycle["total"]["n"], cycle["total"]["words"]["en"]) == (
        3,
        "2.0 days, of 3 cases: fewer than 30, so it is uncertain.",
    )


def test_a_refused_referrer_is_measured_with_those_of_unknown_degree(redis: Redis, redis_url: str) -> None:
    """Eva's own referral closes a cycle; the friend whom she brought counts for her all the same."""
    lines: list[tuple[str, object]] = []
    for name, referrer, day in (("eva", "dai", 1), ("fay", "eva", 2)):
        line, at = attributed(person_id(f"xhs:{name}"), person_id(f"xhs:{referrer}"), day), NOON + day * DAY
        edge = EdgeSet(
            occurred_at=at, program=PROGRAM, participant=line.person, referrer=line.referrer, referral=line.id, since=at
        )
        lines += [(attribution_key(line), line), (edge_key(edge), edge)]
    refused = ReferralInCycle(
        occurred_at=NOON + 2 * DAY,
        program=PROGRAM,
        id="ref_psn_eva",
        participant=person_id("xhs:eva"),
        referrer=person_id("xhs:dai"),
        since=NOON + DAY,
        circle=(),
    )
    lines.append((edge_key(refused), refused))
    fold(redis, "growth", GrowthFold(PARTITIONS), lines)
    counted = cleared_conversion(person_id("xhs:eva"), person_id("xhs:fay"), NOON + 2 * DAY)
    fold(redis, "boards", BoardsFold(PARTITIONS), [(conversion_key(counted), counted)])
    body = read(leaderboard_app(redis_url).test_client(), f"k_factor?{RANGE}&by=degree&window=3")
    assert values(body) == {"all": 0.5, "1": 0, "unknown": 1}


def test_activity_is_split_by_channel_content_and_call_to_action(client: FlaskClient) -> None:
    """What names none is a group of its own, and the groups add up to the whole."""
    assert values(read(client, f"shown?{RANGE}&by=content")) == {"all": 40, "none": 30, "hacks": 10}
    assert values(read(client, f"shown?{RANGE}&by=cta")) == {"all": 40, "none": 35, "hacks/tag": 5}
    assert values(read(client, f"shares?{RANGE}&by=channel")) == {"all": 10, "unknown": 10}


def test_views_of_posts_are_set_beside_impressions(client: FlaskClient) -> None:
    """A hundred views, and forty impressions of the account's own content."""
    assert values(read(client, f"post_views?{RANGE}")) == {"all": 100}
    assert values(read(client, f"post_reach_multiple?{RANGE}")) == {"all": 2.5}


def test_retention_compares_referred_people_with_the_others(client: FlaskClient) -> None:
    """One of the two who came by themselves before is old enough for a week; a0 of Amy's three left after nine days."""
    body = read(client, f"retention?{RANGE}&by=age")
    assert values(body) == {"all": None, "1": 1, "7": 1, "30": None}
    assert {one["key"]: one["total"]["n"] for one in body["series"]} == {"all": 0, "1": 7, "7": 6, "30": 0}


def test_too_many_referrers_are_refused_with_the_remedy(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """K reads at most so many people."""
    monkeypatch.setattr("leaderboard.spread_store.MAX_REFERRERS", 0)
    answer = client.get(f"{FIGURES}/k_factor?{RANGE}", headers=AUTHORIZATION)
    assert answer.status_code == 422
    assert "choose fewer days" in answer.get_json()["detail"]


def test_figures_that_are_read_together_are_those_that_are_read_alone(client: FlaskClient) -> None:
    """The growth page shows all of them, and reads the network of a program once."""
    insights, now_s = client.application.extensions["leaderboard"].insights, to_ms(NOW) // 1000
    days = DateRange(date(2026, 11, 10), date(2026, 11, 23))
    together = insights.wholes(PROGRAM, ZONE, FIGURES_OF_TABLE, days, now_s)
    assert list(together) == list(FIGURES_OF_TABLE)
    for name, series in together.items():
        assert series == insights.read(PROGRAM, ZONE, FigureQuery(name, days, "all"), now_s).series[0]


@pytest.mark.parametrize(
    ("caller", "status", "code"), [("key key_read", 429, "rate_limited"), ("link dsh_1", 503, "unavailable")]
)
def test_a_key_leaves_threads_to_others(client: FlaskClient, caller: str, status: int, code: str) -> None:
    """A figure that reads each person is refused while a quarter of the threads computes for its key, or half for all."""
    extensions = client.application.extensions
    reads = CostlyReads(threads=2)
    extensions["leaderboard"] = dataclasses.replace(extensions["leaderboard"], costly_reads=reads)
    with reads.hold(caller):
        for query in (f"k_factor?{RANGE}", f"top_tenth_share.csv?{RANGE}", f"followers?{RANGE}&by=degree"):
            answer = client.get(f"{FIGURES}/{query}", headers=AUTHORIZATION)
            assert (answer.status_code, answer.get_json()["code"]) == (status, code)
            assert answer.headers["Retry-After"] == "1"
        assert read(client, f"followers?{RANGE}")["series"]
    assert read(client, f"k_factor?{RANGE}")["series"]


def test_the_focus_needs_thirty_followers_with_a_channel(client: FlaskClient) -> None:
    """Advice from two friends would be none."""
    body = read(client, f"focus?{RANGE}")
    assert (body["channels"], body["share"]["n"]) == ([], 2)
    assert body["words"]["en"] == "Not enough data yet: 2 of 30 referred followers with a known channel."
    assert values(read(client, f"growth_uplift?{RANGE}")) == {"all": 0.75}


def test_the_focus_is_on_the_channels_that_bring_most(redis: Redis, redis_url: str) -> None:
    """Two channels bring 75%, so there is a third."""
    many = [
        attributed(f"m{number}", person_id("xhs:amy"), number % 10, ("wechat", "weibo", "wechat", "web")[number % 4])
        for number in range(40)
    ]
    fold(redis, "growth", GrowthFold(PARTITIONS), [(attribution_key(line), line) for line in many])
    body = read(leaderboard_app(redis_url).test_client(), f"focus?{RANGE}")
    assert [(one["channel"], one["share"]["value"]) for one in body["channels"]] == [
        ("wechat", 0.5),
        ("web", 0.25),
        ("weibo", 0.25),
    ]
    assert body["words"]["en"].startswith("Focus on WeChat, the web, and Weibo: 100.0% of")
    assert body["words"]["zh-CN"].startswith("建议专注于微信、网页和微博")


def test_the_digest_says_what_moved_why_and_three_things_to_do(redis: Redis, redis_url: str) -> None:
    """In the language that was asked for; with a token of reward-dispatcher alone."""
    many = [
        attributed(f"m{number}", person_id("xhs:amy"), number % 10, ("wechat", "weibo", "wechat", "web")[number % 4])
        for number in range(40)
    ]
    fold(redis, "growth", GrowthFold(PARTITIONS), [(attribution_key(line), line) for line in many])
    app = leaderboard_app(redis_url)
    client, days = app.test_client(), "from=2026-11-10&to=2026-11-23"
    tokens = TokenSigner(app.extensions["referral"].key_ring)
    token = tokens.sign_digest(PROGRAM, to_ms(NOW) + 1000)
    headers = {"Authorization": f"Bearer {token}"}
    english = client.get(f"/v1/digest?{days}&lang=en", headers=headers).get_json()
    assert english["subject"] == "Glow Together: growth from Nov 10, 2026 to Nov 23, 2026"
    lines = english["text"].splitlines()
    assert {"What moved", "Why", "Three things to do", "New followers: 40, before that 0"} <= set(lines)
    assert "Referred followers by WeChat: 20, before that 0" in lines
    assert [line[:2] for line in lines if line[:2] in ("1.", "2.", "3.", "4.")] == ["1.", "2.", "3."]
    assert "1. Focus on WeChat, the web, and Weibo" in english["text"]
    chinese = client.get(f"/v1/digest?{days}&lang=zh-CN", headers=headers).get_json()
    assert {"数据变化", "接下来做三件事"} <= set(chinese["text"].splitlines())
    assert len(chinese["text"].encode()) < 2048  # what WeCom takes
    key = client.get(f"/v1/digest?{days}&lang=en", headers=AUTHORIZATION)
    late = tokens.sign_digest(PROGRAM, to_ms(NOW))
    expired = client.get(f"/v1/digest?{days}&lang=en", headers={"Authorization": f"Bearer {late}"})
    assert [(one.status_code, one.get_json()["code"]) for one in (key, expired)] == [(401, "no_digest_token")] * 2
    reverse = client.get("/v1/digest?from=2026-11-23&to=2026-11-22&lang=en", headers=headers)
    assert reverse.status_code == 422


def set_rewards(client: FlaskClient, respond: Callable[[httpx.Request], httpx.Response]) -> None:
    """Makes the app read rewards from this function."""
    extensions = client.application.extensions
    rewards = RewardsClient("http://rewards", httpx.MockTransport(respond))
    extensions["leaderboard"] = dataclasses.replace(extensions["leaderboard"], rewards=rewards)


def test_the_liability_says_so_if_reward_dispatcher_does_not_respond(client: FlaskClient) -> None:
    """The figures are never made up."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    set_rewards(client, refuse)
    body = read(client, "liability")
    assert (body["status"], body["rules"], body["budgets"]) == ("not_available", [], [])
    assert body["reason"] == "reward-dispatcher did not respond."


def test_the_liability_has_likely_uses_and_the_end_of_each_budget(client: FlaskClient) -> None:
    """Three referrals qualified, all within 28 days, and cost 300 fen: 3/28 a day at 100 each."""

    def respond(request: httpx.Request) -> httpx.Response:
        budget = {"id": "total", "currency": "CNY", "total": 1000, "spent": 300, "held": 0, "free": 700}
        summary = {"by_rule": {"first20": {"fulfilled": 10, "held": 2, "redeemed": 30, "expired": 10}}}
        is_summary = request.url.path.endswith("summary")
        return httpx.Response(200, json=summary if is_summary else {"items": [budget]})

    set_rewards(client, respond)
    body = read(client, "liability")
    [rule] = body["rules"]
    assert (rule["outstanding"], rule["held"], rule["likely_used"]["value"]) == (12, 2, 9)
    [budget] = body["budgets"]
    assert budget["per_day"]["value"] == pytest.approx(300 / 28 / 4 * 3)
    assert budget["earliest"] < budget["ends_on"] < budget["latest"]


def test_a_program_version_is_an_annotation_of_its_day(redis: Redis, redis_url: str) -> None:
    """It may explain a change. One that came into force before the range is none."""
    second = replace(GLOW_VERSION, version=2, effective_from=NOON + DAY)
    body = read(leaderboard_app(redis_url, [second]).test_client(), f"followers?{RANGE}")
    [annotation] = body["annotations"]
    assert (annotation["on"], annotation["kind"]) == ("2026-11-11", "program_version")
    assert annotation["label"] == {"en": "Program version 2", "zh-CN": "项目第 2 版"}


def test_the_days_of_a_challenge_are_annotations(redis: Redis, redis_url: str) -> None:
    """Its first and its last one."""
    challenge = Challenge(id="glow30", hashtag="#Glow30", starts=date(2026, 11, 12), days=5)
    second = replace(GLOW_VERSION, version=2, program=replace(GLOW_VERSION.program, challenges=(challenge,)))
    found = read(leaderboard_app(redis_url, [second]).test_client(), f"followers?{RANGE}")["annotations"]
    assert [(one["on"], one["label"]["en"]) for one in found if one["kind"] != "program_version"] == [
        ("2026-11-12", "Challenge glow30 begins"),
        ("2026-11-16", "Last day of challenge glow30"),
    ]


def test_a_featured_post_is_an_annotation_of_the_day_on_which_it_was_featured(redis: Redis, redis_url: str) -> None:
    """The curator's word of the range, not that of the day after it."""
    challenge = Challenge(id="glow30", hashtag="#Glow30", starts=date(2026, 11, 9), days=30)
    version = replace(GLOW_VERSION, program=replace(GLOW_VERSION.program, challenges=(challenge,)))
    lines = [line for day, name in ((3, "a"), (15, "b")) for line in featured_post(name, day)]
    fold(redis, "activity", ActivityFold(90, PARTITIONS), [(fact_key(line), line) for line in lines], version)
    found = read(leaderboard_app(redis_url, [version]).test_client(), f"followers?{RANGE}")["annotations"]
    [noted] = [one for one in found if one["kind"] == "post_featured"]
    assert noted["on"] == "2026-11-13"
    assert noted["label"] == {
        "en": "A post of challenge glow30 was featured",
        "zh-CN": "挑战 glow30 有一篇帖子入选精选",
    }


def featured_post(name: str, day: int) -> list[PostPublished | SubmissionFeatured]:
    """A post of Amy with the hashtag, and on the same day of RANGE a curator's word."""
    same: dict[str, Any] = {"occurred_at": NOON + day * DAY, "program": PROGRAM, "person": person_id("xhs:amy")}
    return [
        PostPublished(id=f"evt_{name}", data=Post(post=name, hashtags=("#Glow30",)), **same),
        SubmissionFeatured(id=f"dec_{name}", challenge="glow30", post=name, by="lin", week=1, **same),
    ]
