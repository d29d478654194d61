"""Boards and the board page over HTTP: content, access, and errors."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from redis import Redis

from referral.console.home_part import HomePart, Movement, read_part
from referral.events.board_rules import Board, Campaign
from referral.events.people import PersonErased
from referral.log.errors import LogUnavailable
from tests.support.builders.leaderboard import GLOW, GLOW_VERSION
from tests.support.builders.participants import PROGRAM, participant, person_id, profile
from tests.support.operators import ConsoleBrowser, operator
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores, set_tallies

pytestmark = pytest.mark.integration

AMY, BO, CHEN = participant("amy"), participant("bo"), participant("chen")
PROFILES = (profile("amy", "Amy <b>"), profile("bo", "波波"), profile("chen"))
UNKNOWN = person_id("xhs:unknown")
BOARD = f"/v1/programs/{PROGRAM}/boards/referrals"


@pytest.fixture
def client(redis: "Redis", redis_url: str) -> FlaskClient:
    """Amy leads this month with three, Bo reached two before Chen; one of Chen's referrals is of today."""
    at = [NOW - timedelta(hours=hours) for hours in range(48)]
    month = {AMY.id: board_score(3, at[30]), BO.id: board_score(2, at[20]), CHEN.id: board_score(2, at[1])}
    set_scores(redis, "2026-11", month)
    set_scores(redis, "all", {**month, UNKNOWN: board_score(1, at[40])})
    set_scores(redis, "2026-11-24", {CHEN.id: board_score(1, at[1])})
    return leaderboard_app(redis_url, [AMY, BO, CHEN, *PROFILES]).test_client()


def test_a_board_names_its_period_and_ranks_by_count_then_by_time(client: FlaskClient) -> None:
    """`month` is the current month in the program's time zone; the response has its name and its boundaries in UTC."""
    body = client.get(f"{BOARD}?period=month", headers=AUTHORIZATION).get_json()
    assert (body["period"], body["metric"], body["total"], body["next_cursor"]) == ("2026-11", "referrals", 3, None)
    assert (body["starts_at"], body["ends_at"]) == ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
    assert [(entry["rank"], entry["external_id"], entry["score"]) for entry in body["entries"]] == [
        (1, "xhs:amy", 3),
        (2, "xhs:bo", 2),
        (3, "xhs:chen", 2),
    ]
    assert body["entries"][0]["reached_at"] == f"{NOW - timedelta(hours=30):%Y-%m-%dT%H:%M:%SZ}"


def test_a_person_who_is_not_known_yet_has_an_entry_without_a_name(client: FlaskClient) -> None:
    """A missing name does not remove an entry: the page shows a promoter in its place."""
    last = client.get(BOARD, headers=AUTHORIZATION).get_json()["entries"][-1]
    shown = [last[name] for name in ("participant", "display_name", "external_id", "public")]
    assert shown == [UNKNOWN, None, None, False]
    assert '<span class="name unnamed">A promoter</span>' in client.get(f"/p/{PROGRAM}?period=all&lang=en").text


def test_a_hidden_name_is_for_the_platform_alone(redis: "Redis", redis_url: str) -> None:
    """Who does not want to be named appears as a promoter on the page; an answer with a key has the name and says so."""
    set_scores(redis, "2026-11", {AMY.id: board_score(3, NOW), BO.id: board_score(2, NOW)})
    people = [AMY, BO, profile("amy", "Amelia", public=False), PROFILES[1]]
    client = leaderboard_app(redis_url, people).test_client()
    entries = client.get(f"{BOARD}?period=month", headers=AUTHORIZATION).get_json()["entries"]
    shown = [(entry["external_id"], entry["display_name"], entry["public"]) for entry in entries]
    assert shown == [("xhs:amy", "Amelia", False), ("xhs:bo", "波波", True)]
    for query, name in (("lang=en", "A promoter"), ("lang=zh-CN", "一位推广人")):
        page = client.get(f"/p/{PROGRAM}?{query}").text
        assert f'<span class="name unnamed">{name}</span>' in page
        assert "Amelia" not in page
        mine = client.get(f"/p/{PROGRAM}?{query}&me={BO.id}").text
        assert ("2 more friends to move up" if query == "lang=en" else "再邀请 2 位，就能前进一名") in mine
        assert "Amelia" not in client.get(f"/p/{PROGRAM}?{query}&me={AMY.id}").text


def test_an_erased_person_keeps_their_place_without_a_name(redis: "Redis", redis_url: str) -> None:
    """From the next request on, for people and for the platform; their platform's id is a new person's now."""
    set_scores(redis, "2026-11", {AMY.id: board_score(3, NOW), BO.id: board_score(2, NOW)})
    app = leaderboard_app(redis_url, [AMY, BO, *PROFILES])
    client, people = app.test_client(), app.extensions["referral"].follower.people
    assert "Amy" in client.get(f"/p/{PROGRAM}").text
    people._index.apply(PersonErased(recorded_at=NOW, id=AMY.id, program=PROGRAM, epoch=1, erased=AMY.id))
    people._index.erase(f"profile/{AMY.id}")
    assert "Amy" not in client.get(f"/p/{PROGRAM}").text
    [first, second] = client.get(f"{BOARD}?period=month", headers=AUTHORIZATION).get_json()["entries"]
    shown = [first[name] for name in ("participant", "external_id", "display_name", "public", "score")]
    assert shown == [AMY.id, None, None, False, 3]
    assert second["display_name"] == "波波"
    kept = client.get(f"{BOARD}/people/{AMY.id}?period=month", headers=AUTHORIZATION).get_json()
    assert (kept["rank"], kept["external_id"]) == (1, None)
    assert client.get(f"{BOARD}/people/xhs:amy?period=month", headers=AUTHORIZATION).status_code == 404


def test_pages_continue_at_the_cursor(client: FlaskClient) -> None:
    """Another board refuses the cursor: it would skip people."""
    first = client.get(f"{BOARD}?limit=2", headers=AUTHORIZATION).get_json()
    rest = client.get(f"{BOARD}?limit=2&cursor={first['next_cursor']}", headers=AUTHORIZATION).get_json()
    assert [entry["rank"] for entry in first["entries"] + rest["entries"]] == [1, 2, 3, 4]
    assert rest["next_cursor"] is None
    other = client.get(f"{BOARD}?period=month&cursor={first['next_cursor']}", headers=AUTHORIZATION)
    assert (other.status_code, other.get_json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("who", [CHEN.id, "xhs:chen", "XHS:chen"])
def test_a_rank_is_found_by_either_id_with_its_neighbours(client: FlaskClient, who: str) -> None:
    """By person id, or by the platform's own id in any form."""
    body = client.get(f"{BOARD}/people/{who}?period=month&around=1", headers=AUTHORIZATION).get_json()
    assert (body["rank"], body["score"], body["display_name"], body["total"]) == (3, 2, "Chen", 3)
    assert (body["participant"], body["external_id"], body["public"]) == (CHEN.id, "xhs:chen", True)
    assert [entry["rank"] for entry in body["entries"]] == [2, 3]


def test_a_participant_without_referrals_has_no_rank_which_is_not_an_error(client: FlaskClient) -> None:
    """Participants look at their rank from the first day."""
    body = client.get(f"{BOARD}/people/xhs:amy?period=day", headers=AUTHORIZATION).get_json()
    assert (body["rank"], body["score"], body["reached_at"], body["entries"], body["total"]) == (None, 0, None, [], 1)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/programs/prg_none/boards/referrals", 404, "unknown_program"),
        (f"/v1/programs/{PROGRAM}/boards/likes", 404, "unknown_board"),
        (f"{BOARD}/people/xhs:nobody", 404, "unknown_participant"),
        (f"{BOARD}?period=tomorrow", 422, "invalid"),
        (f"{BOARD}?limit=0", 422, "invalid"),
        (f"{BOARD}?cursor=nonsense", 400, "bad_cursor"),
        (f"/v1/programs/{PROGRAM}/insights?period=2026-99", 422, "invalid"),
        (f"/v1/programs/{PROGRAM}/insights?period=0001-W01", 422, "invalid"),
        (f"{BOARD}?period=0001-01-01", 422, "invalid"),
        (f"{BOARD}?period=9999-W53", 422, "invalid"),
        (f"{BOARD}?period=2026-11-24-and-more-of-it", 422, "invalid"),
        (f"{BOARD}/people/xhs:amy?period=0001-01", 422, "invalid"),
    ],
)
def test_each_mistake_has_its_status_and_code(client: FlaskClient, path: str, status: int, code: str) -> None:
    """A stable code for programs, and the place of the mistake for people."""
    answer = client.get(path, headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_boards_need_a_key_and_the_page_does_not(client: FlaskClient) -> None:
    """External ids are for the platform; people see names."""
    assert client.get(BOARD).status_code == 401
    page = client.get(f"/p/{PROGRAM}")
    assert page.status_code == 200
    assert "xhs:amy" not in page.text
    assert AMY.id not in page.text


def test_the_page_shows_names_as_text_and_the_referrals_of_today(client: FlaskClient) -> None:
    """A name may contain anything and is escaped. The referrals of today are read from today's board."""
    page = client.get(f"/p/{PROGRAM}?lang=en&period=month").text
    assert "Amy &lt;b&gt;" in page
    assert page.count("+1 today") == 1
    assert "6 days left" in page
    assert "Grand prize" in page


@pytest.mark.parametrize(
    "path", [f"{BOARD}?period=", f"{BOARD}/people/xhs:amy?period=", "/v1/programs/prg_glow/insights?period="]
)
@pytest.mark.parametrize("period", ["0001-01-01", "0001-W01", "1969-12", "2026-02-30", "x" * 40])
def test_a_refused_period_is_answered_with_the_range(client: FlaskClient, path: str, period: str) -> None:
    """The message says from which year to which, and how a period is written."""
    body = client.get(path + period, headers=AUTHORIZATION).get_json()
    assert "from 1970 to 2105: 2026-11-24, 2026-W48, 2026-11" in str(body)


@pytest.mark.parametrize("period", ["0001-01-01", "0001-W01", "0001-01", "9999-W53", "2026-02-30", "now"])
def test_a_period_that_does_not_exist_is_a_page_with_the_range(client: FlaskClient, period: str) -> None:
    """A browser gets a page in its language, with a way to the current board."""
    answer = client.get(f"/p/{PROGRAM}?period={period}&lang=en")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert "from 1970 to 2105" in answer.text
    assert 'href="?lang=en"' in answer.text
    assert "1970 至 2105 年" in client.get(f"/p/{PROGRAM}?period={period}&lang=zh_TW").text


def test_a_period_that_is_over_leads_to_the_current_one(client: FlaskClient) -> None:
    """It can no longer be won: without entries it invites to nothing, and its tab has its own name."""
    page = client.get(f"/p/{PROGRAM}?lang=en&period=2026-09").text
    assert "September 2026: nobody brought a friend" in page
    assert "puts you in first place" not in page
    assert "See this month" in page
    assert 'aria-current="page">September</a>' in page
    assert "2026年9月没有人上榜" in client.get(f"/p/{PROGRAM}?lang=zh-CN&period=2026-09").text
    coming = client.get(f"/p/{PROGRAM}?lang=en&period=2027-01").text
    assert "January 2027 has not started yet" in coming
    assert "puts you in first place" not in coming
    now = client.get(f"/p/{PROGRAM}?lang=en&period=month").text
    assert "See this month" not in now
    assert 'aria-current="page">This month</a>' in now


def test_a_period_closes_at_midnight_of_the_programs_clocks(client: FlaskClient) -> None:
    """China's time is Beijing's in Chinese."""
    assert "Closes Monday, November 30 at midnight (Shanghai)" in client.get(f"/p/{PROGRAM}?lang=en").text
    assert "11月30日星期一 24:00 截止 · 北京时间" in client.get(f"/p/{PROGRAM}?lang=zh").text


def test_people_with_equal_counts_share_a_row(redis: "Redis", redis_url: str) -> None:
    """After place 20, also those beyond the hundred that the page reads."""
    people = [participant(f"u{number}") for number in range(104)]
    names = [profile(f"u{number}", f"Name {number}", public=number != 50) for number in range(104)]
    set_scores(redis, "all", {one.id: board_score(9 if index < 20 else 1, NOW) for index, one in enumerate(people)})
    page = leaderboard_app(redis_url, [*people, *names]).test_client().get(f"/p/{PROGRAM}?lang=en&period=all").text
    assert "84 people with 1 friend each" in page
    assert " · 5 more</p>" in page
    assert "Name 50" not in page
    assert "#21\u2060–\u2060104" in page
    assert page.count('<td class="rank">') == 20
    assert "Showing the top" not in page


def test_the_page_is_in_the_requested_language_or_otherwise_in_the_browsers(client: FlaskClient) -> None:
    """?lang, then Accept-Language, then the program's first language, which is Chinese."""
    address = f"/p/{PROGRAM}"
    assert '<html lang="en">' in client.get(address, headers={"Accept-Language": "en-GB,en;q=0.8"}).text
    assert '<html lang="zh-CN">' in client.get(f"{address}?lang=zh", headers={"Accept-Language": "en"}).text
    assert '<html lang="zh-CN">' in client.get(address, headers={"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.8"}).text
    assert '<html lang="zh-CN">' in client.get(address, headers={"Accept-Language": "fr"}).text
    assert "还剩 6 天" in client.get(f"{address}?lang=zh-CN").text


def test_a_board_opens_in_its_programs_own_language(redis_url: str) -> None:
    """A brand that is named only in English has no Chinese board, unless the reader wants one."""
    brand = replace(GLOW_VERSION, version=2, program=replace(GLOW, name={"en": "Glow Together"}))
    client = leaderboard_app(redis_url, [brand]).test_client()
    assert '<html lang="en">' in client.get(f"/p/{PROGRAM}", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in client.get(f"/p/{PROGRAM}").text
    assert '<html lang="zh-CN">' in client.get(f"/p/{PROGRAM}", headers={"Accept-Language": "zh-HK"}).text


def test_my_row_is_pinned_with_what_it_takes_to_pass_the_next(client: FlaskClient) -> None:
    """An equal count is not enough: the other reached it first."""
    page = client.get(f"/p/{PROGRAM}?lang=en&me={CHEN.id}").text
    assert "1 more friend to pass 波波" in page
    assert "You're in the lead." in client.get(f"/p/{PROGRAM}?lang=en&me={AMY.id}").text
    assert "One friend puts you on the board." in client.get(f"/p/{PROGRAM}?lang=en&period=day&me={AMY.id}").text
    assert 'class="mine"' not in client.get(f"/p/{PROGRAM}?me={UNKNOWN}").text
    assert 'class="mine"' not in client.get(f"/p/{PROGRAM}?me=xhs:amy").text, "a stranger could look for a person"


def test_the_page_does_not_name_participants_of_another_program(redis_url: str) -> None:
    """The page is public, and participation in another program is private."""
    stranger = participant("dora", program="prg_other")
    page = (
        leaderboard_app(redis_url, [stranger, profile("dora", program="prg_other")])
        .test_client()
        .get(f"/p/{PROGRAM}?lang=en&me={stranger.id}")
    )
    assert page.status_code == 200
    assert "Dora" not in page.text


def test_the_page_is_cached_for_seconds_and_revalidated_by_etag(client: FlaskClient) -> None:
    """Thousands may open the public page of a campaign at the same time."""
    page = client.get(f"/p/{PROGRAM}?lang=en")
    assert page.headers["Cache-Control"] == "public, max-age=5"
    again = client.get(f"/p/{PROGRAM}?lang=en", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_page_and_its_assets_are_below_100_kb_and_from_this_host(client: FlaskClient) -> None:
    """It loads quickly on phone networks, and no other host learns who reads it."""
    page = client.get(f"/p/{PROGRAM}").text
    assets = [part.split('"')[0].replace("&amp;", "&") for part in page.split('"/pages/')[1:]]
    answers = [client.get(f"/pages/{name}") for name in assets]
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
    assert len(page.encode()) + sum(len(answer.data) for answer in answers) < 100_000
    urls = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert urls
    assert all(url.startswith(("/pages/", "?", "#", "data:,")) for url in urls)


def test_an_unknown_program_gets_a_friendly_page(client: FlaskClient) -> None:
    """It states what happened and what still works, in the reader's language, with status 404."""
    answer = client.get("/p/prg_none?lang=zh-CN")
    assert answer.status_code == 404
    assert "这里没有排行榜" in answer.text
    assert 'action="/"' in answer.text, "a code that a friend gave leads on"
    assert "照常有效" in answer.text


def test_without_redis_the_page_says_so_and_the_api_is_503() -> None:
    """A board that cannot be read is not shown as empty."""
    client = leaderboard_app("redis://127.0.0.1:1/0").test_client()
    page, api = client.get(f"/p/{PROGRAM}?lang=en"), client.get(BOARD, headers=AUTHORIZATION)
    assert (page.status_code, api.status_code) == (503, 503)
    assert "The board can&#39;t be shown right now" in page.text
    assert page.headers["Retry-After"]
    assert api.headers["Retry-After"]


def test_a_program_that_cannot_be_looked_up_is_not_called_unknown(redis_url: str) -> None:
    """The program may exist, but this process has not read it yet: 503 and an error page while the log is unavailable."""

    def raise_unavailable(timeout: float = 0) -> None:
        raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")

    app = leaderboard_app(redis_url)
    app.extensions["referral"].follower.read_to_end = raise_unavailable
    answer = app.test_client().get("/p/prg_new")
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "5")


def test_a_rank_can_be_requested_by_any_platform_id(redis_url: str) -> None:
    """An id may contain slashes, plain or escaped."""
    odd = participant("//u/1")
    client = leaderboard_app(redis_url, [odd]).test_client()
    for written in ("xhs://u/1", "xhs%3A%2F%2Fu%2F1"):
        assert client.get(f"{BOARD}/people/{written}", headers=AUTHORIZATION).get_json()["participant"] == odd.id


def test_partners_are_ranked_apart(redis: "Redis", redis_url: str) -> None:
    """The board of followers has no partners, `kind=partner` has only partners, and a partner's rank is among partners."""
    lin = replace(participant("lin"), partner="kol_lin")
    set_scores(redis, "all", {AMY.id: board_score(3, NOW)})
    set_scores(redis, "all", {lin.id: board_score(9, NOW)}, "partner")
    client = leaderboard_app(redis_url, [AMY, lin, *PROFILES, profile("lin")]).test_client()
    for query, who in (("", "xhs:amy"), ("?kind=partner", "xhs:lin")):
        body = client.get(f"{BOARD}{query}", headers=AUTHORIZATION).get_json()
        assert [(entry["rank"], entry["external_id"]) for entry in body["entries"]] == [(1, who)]
        mine = client.get(f"{BOARD}/people/{who}", headers=AUTHORIZATION).get_json()
        assert (mine["rank"], mine["kind"], mine["kind"]) == (1, body["kind"], mine["kind"])
    assert client.get(f"{BOARD}?kind=brand", headers=AUTHORIZATION).status_code == 422


def test_a_program_with_several_boards_has_a_switch_and_each_board_its_own_words(
    redis: "Redis", redis_url: str
) -> None:
    """The first board opens by itself; a board that the program does not have is a page that says so."""
    set_scores(redis, "2026-11", {AMY.id: board_score(3, NOW)})
    set_tallies(redis, "posts", {BO.id: [NOW], CHEN.id: [NOW - timedelta(hours=3)]})
    boards = (*GLOW.boards, Board(metric="posts", periods=("week", "all")))
    version = replace(GLOW_VERSION, version=2, program=replace(GLOW, boards=boards))
    client = leaderboard_app(redis_url, [version, AMY, BO, CHEN, *PROFILES]).test_client()
    first = client.get(f"/p/{PROGRAM}?lang=en").text
    assert "<h1>Top referrers</h1>" in first
    assert 'href="?lang=en&amp;metric=posts"' in first
    posts = client.get(f"/p/{PROGRAM}?lang=en&metric=posts&period=all&me={BO.id}").text
    assert "<h1>Most posts</h1>" in posts
    assert "Posts published" in posts
    assert "Removed posts do not count." in posts
    assert "1 more to pass Chen" in posts
    assert "Today</a>" not in posts, "the board has weeks and all time only"
    assert "friend" not in re.sub("<title>.*</title>", "", posts)
    chinese = client.get(f"/p/{PROGRAM}?lang=zh-CN&metric=posts&period=all").text
    assert "发帖数" in chinese
    empty = client.get(f"/p/{PROGRAM}?lang=en&metric=posts&period=week").text
    assert "Nobody here yet: the first place is free" in empty
    for metric in ("shares", "likes"):
        refused = client.get(f"/p/{PROGRAM}?lang=en&metric={metric}")
        assert (refused.status_code, refused.mimetype) == (404, "text/html")
        assert "There is no such board" in refused.text


def test_the_campaign_has_a_board_with_its_days(redis: "Redis", redis_url: str) -> None:
    """From its first day to its last, in the program's time zone; a program without a campaign has no such period."""
    set_scores(redis, "campaign", {AMY.id: board_score(3, NOW)})
    board = Board(metric="referrals", periods=("campaign", "all"), prizes={"campaign": {"1": "grand"}})
    campaign = Campaign(starts=date(2026, 11, 5), days=30)
    version = replace(GLOW_VERSION, version=1, program=replace(GLOW, boards=(board,), campaign=campaign))
    client = leaderboard_app(redis_url, [version, AMY, *PROFILES]).test_client()
    body = client.get(f"{BOARD}?period=campaign", headers=AUTHORIZATION).get_json()
    assert (body["period"], body["starts_at"], body["ends_at"]) == (
        "campaign",
        "2026-11-04T16:00:00Z",
        "2026-12-04T16:00:00Z",
    )
    assert body["entries"][0]["score"] == 3
    page = client.get(f"/p/{PROGRAM}?lang=en").text
    assert 'aria-current="page">Campaign</a>' in page
    assert "Nov 5\u2009–\u2009Dec 4" in page
    assert "Closes Friday, December 4 at midnight (Shanghai)" in page
    assert "Grand prize" in page
    without = leaderboard_app(redis_url, []).test_client()
    refused = without.get(f"{BOARD}?period=campaign", headers=AUTHORIZATION)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid")
    assert without.get(f"/p/{PROGRAM}?period=campaign").status_code == 422


def test_the_home_view_of_the_console_names_who_leads_and_the_places_won(redis: "Redis", redis_url: str) -> None:
    """Chen passed Amy today, in the month that is running; nothing while the board is empty; only with a session."""
    operator_of_all = operator("ann")
    browser = ConsoleBrowser(leaderboard_app(redis_url, [AMY, CHEN, *PROFILES, operator_of_all]))
    assert browser.get("/console/boards/home").status_code == 303
    browser.enter(operator_of_all)
    assert read_part(browser.get("/console/boards/home").data) == HomePart()
    yesterday = NOW - timedelta(days=1)
    set_tallies(redis, "referrals", {AMY.id: [yesterday] * 2, CHEN.id: [yesterday, NOW, NOW]})
    set_scores(redis, "2026-11", {AMY.id: board_score(2, yesterday), CHEN.id: board_score(3, NOW)})
    set_scores(redis, "2026-11-24", {CHEN.id: board_score(2, NOW)})
    part = read_part(browser.get("/console/boards/home").data)
    assert part.movements == (Movement("leader", 3, 1, name="Chen"),)


def test_arrows_show_places_won_and_lost_since_yesterday(redis: "Redis", redis_url: str) -> None:
    """Chen passed Bo today, and Dai is new; on the board of the day there are no arrows."""
    dai = participant("dai")
    yesterday = NOW - timedelta(days=1)
    times = {
        AMY.id: [yesterday] * 5,
        BO.id: [yesterday] * 2,
        CHEN.id: [yesterday, NOW, NOW],
        dai.id: [NOW],
    }
    set_tallies(redis, "referrals", times)
    set_scores(redis, "2026-11-24", {CHEN.id: board_score(2, NOW), dai.id: board_score(1, NOW)})
    client = leaderboard_app(redis_url, [AMY, BO, CHEN, dai, *PROFILES, profile("dai")]).test_client()
    page = client.get(f"/p/{PROGRAM}?lang=en&period=all&me={BO.id}").text
    moves = re.findall(r"(up|down) (\d) places? since yesterday", page)
    assert moves == [("up", "1"), ("down", "1"), ("down", "1")], "Bo's row is there twice: in the table and pinned"
    assert page.count(">new</small>") == 1
    assert "Arrows show places won or lost since yesterday." in page
    assert "比昨日上升 1 名" in client.get(f"/p/{PROGRAM}?lang=zh-CN&period=all").text
    today = client.get(f"/p/{PROGRAM}?lang=en&period=day").text
    assert "since yesterday" not in today
