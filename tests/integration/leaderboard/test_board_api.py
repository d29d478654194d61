"""Boards and pages over HTTP: what is answered, to whom, and what is said where something is wrong."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from redis import Redis

from referral.catalog.view import Catalog
from referral.log.errors import LogUnavailable
from tests.support.builders.participants import PROGRAM, participant
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores

pytestmark = pytest.mark.integration

AMY, BO, CHEN = participant("amy", "Amy <b>"), participant("bo", "波波"), participant("chen")
BOARD = f"/v1/programs/{PROGRAM}/boards/referrals"


@pytest.fixture
def client(redis: "Redis", redis_url: str) -> FlaskClient:
    """Amy leads this month with three, Bo has two since before Chen; Chen brought one of hers today."""
    at = [NOW - timedelta(hours=hours) for hours in range(48)]
    month = {AMY.id: board_score(3, at[30]), BO.id: board_score(2, at[20]), CHEN.id: board_score(2, at[1])}
    set_scores(redis, "2026-11", month)
    set_scores(redis, "all", {**month, "par_nobodyknowsme000": board_score(1, at[40])})
    set_scores(redis, "2026-11-24", {CHEN.id: board_score(1, at[1])})
    return leaderboard_app(redis_url, [AMY, BO, CHEN]).test_client()


def test_a_board_names_its_period_and_ranks_by_count_then_by_time(client: FlaskClient) -> None:
    """`month` is the month of the program's clock on the wall, said by name and by its borders in UTC."""
    told = client.get(f"{BOARD}?period=month", headers=AUTHORIZATION).get_json()
    assert (told["period"], told["metric"], told["total"], told["next_cursor"]) == ("2026-11", "referrals", 3, None)
    assert (told["starts_at"], told["ends_at"]) == ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
    assert [(one["rank"], one["external_id"], one["score"]) for one in told["entries"]] == [
        (1, "xhs:amy", 3),
        (2, "xhs:bo", 2),
        (3, "xhs:chen", 2),
    ]
    assert told["entries"][0]["reached_at"] == f"{NOW - timedelta(hours=30):%Y-%m-%dT%H:%M:%SZ}"


def test_whom_the_catalog_does_not_know_yet_is_shown_by_id(client: FlaskClient) -> None:
    """A board is never wrong for want of a name."""
    last = client.get(BOARD, headers=AUTHORIZATION).get_json()["entries"][-1]
    assert (last["participant"], last["display_name"], last["external_id"]) == (
        "par_nobodyknowsme000",
        "par_nobodyknowsme000",
        None,
    )


def test_pages_go_on_where_the_cursor_says(client: FlaskClient) -> None:
    """The cursor of one board is refused by another: it would skip people."""
    first = client.get(f"{BOARD}?limit=2", headers=AUTHORIZATION).get_json()
    rest = client.get(f"{BOARD}?limit=2&cursor={first['next_cursor']}", headers=AUTHORIZATION).get_json()
    assert [one["rank"] for one in first["entries"] + rest["entries"]] == [1, 2, 3, 4]
    assert rest["next_cursor"] is None
    other = client.get(f"{BOARD}?period=month&cursor={first['next_cursor']}", headers=AUTHORIZATION)
    assert (other.status_code, other.get_json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("who", [CHEN.id, "xhs:chen"])
def test_somebody_is_found_by_either_id_amid_the_neighbours(client: FlaskClient, who: str) -> None:
    """My rank, and who stands around me."""
    told = client.get(f"{BOARD}/people/{who}?period=month&around=1", headers=AUTHORIZATION).get_json()
    assert (told["rank"], told["score"], told["display_name"], told["total"]) == (3, 2, "Chen", 3)
    assert [one["rank"] for one in told["entries"]] == [2, 3]


def test_who_has_brought_nobody_yet_has_no_rank_and_that_is_no_error(client: FlaskClient) -> None:
    """A participant asks every day from the first."""
    told = client.get(f"{BOARD}/people/xhs:amy?period=day", headers=AUTHORIZATION).get_json()
    assert (told["rank"], told["score"], told["reached_at"], told["entries"], told["total"]) == (None, 0, None, [], 1)


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
    ],
)
def test_what_is_wrong_is_named_with_its_place(client: FlaskClient, path: str, status: int, code: str) -> None:
    """A problem a program can tell apart and a person can act on."""
    answer = client.get(path, headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_boards_need_a_key_and_the_page_does_not(client: FlaskClient) -> None:
    """External ids are for the platform; people see names."""
    assert client.get(BOARD).status_code == 401
    page = client.get(f"/p/{PROGRAM}")
    assert page.status_code == 200
    assert "xhs:amy" not in page.text
    assert AMY.id not in page.text


def test_the_page_shows_names_as_text_and_what_came_today(client: FlaskClient) -> None:
    """A name may hold anything; it is shown, never run. Today's gain is read from today's board."""
    page = client.get(f"/p/{PROGRAM}?lang=en&period=month").text
    assert "Amy &lt;b&gt;" in page
    assert page.count(">+1<") == 1
    assert "6 days left" in page
    assert "Grand prize" in page


def test_the_page_speaks_the_language_asked_for_else_the_browsers(client: FlaskClient) -> None:
    """?lang, then Accept-Language, then Chinese."""
    address = f"/p/{PROGRAM}"
    assert '<html lang="en">' in client.get(address, headers={"Accept-Language": "en-GB,en;q=0.8"}).text
    assert '<html lang="zh-CN">' in client.get(f"{address}?lang=zh", headers={"Accept-Language": "en"}).text
    assert '<html lang="zh-CN">' in client.get(address, headers={"Accept-Language": "fr"}).text
    assert "还剩 6 天" in client.get(f"{address}?lang=zh-CN").text


def test_my_row_is_pinned_with_what_is_missing_to_pass_the_next(client: FlaskClient) -> None:
    """Equally many do not pass: the other was there first."""
    page = client.get(f"/p/{PROGRAM}?lang=en&me={CHEN.id}").text
    assert "1 more friend and you pass 波波" in page
    assert "You lead" in client.get(f"/p/{PROGRAM}?lang=en&me={AMY.id}").text
    assert "you are on this board" in client.get(f"/p/{PROGRAM}?lang=en&period=day&me={AMY.id}").text
    assert 'class="mine"' not in client.get(f"/p/{PROGRAM}?me=par_unheard").text


def test_the_page_names_nobody_of_another_program(redis_url: str) -> None:
    """The page is public; who takes part elsewhere is not its to tell."""
    stranger = replace(participant("dora", "Dora"), program="prg_other")
    page = leaderboard_app(redis_url, [stranger]).test_client().get(f"/p/{PROGRAM}?lang=en&me={stranger.id}")
    assert page.status_code == 200
    assert "Dora" not in page.text


def test_the_page_is_kept_for_seconds_and_asked_again_cheaply(client: FlaskClient) -> None:
    """A public page of a campaign is opened by thousands at once."""
    page = client.get(f"/p/{PROGRAM}?lang=en")
    assert page.headers["Cache-Control"] == "public, max-age=5"
    again = client.get(f"/p/{PROGRAM}?lang=en", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_page_and_all_it_needs_weigh_less_than_100_kb_and_come_from_here(client: FlaskClient) -> None:
    """Phone networks; and no request tells another host who reads."""
    page = client.get(f"/p/{PROGRAM}").text
    assets = [part.split('"')[0].replace("&amp;", "&") for part in page.split('"/pages/')[1:]]
    answers = [client.get(f"/pages/{name}") for name in assets]
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
    assert len(page.encode()) + sum(len(answer.data) for answer in answers) < 100_000
    leads_to = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert leads_to
    assert all(one.startswith(("/pages/", "?", "#", "data:,")) for one in leads_to)


def test_an_unknown_program_gets_a_friendly_page(client: FlaskClient) -> None:
    """What happened, and what still works; in the reader's language, with the right status."""
    answer = client.get("/p/prg_none?lang=zh-CN")
    assert answer.status_code == 404
    assert "这里没有排行榜" in answer.text
    assert "照常有效" in answer.text


def test_without_redis_the_page_says_so_and_the_api_is_503() -> None:
    """Nothing is invented: a board that cannot be read is not shown as empty."""
    client = leaderboard_app("redis://127.0.0.1:1/0").test_client()
    page, api = client.get(f"/p/{PROGRAM}?lang=en"), client.get(BOARD, headers=AUTHORIZATION)
    assert (page.status_code, api.status_code) == (503, 503)
    assert "temporarily unavailable" in page.text
    assert page.headers["Retry-After"]
    assert api.headers["Retry-After"]


def test_a_program_that_cannot_be_looked_up_is_not_called_unknown(redis_url: str) -> None:
    """The page of a program that this process has not read of yet: 503 and a page while the log is away, not 404."""

    def away() -> None:
        raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")

    app = leaderboard_app(redis_url)
    app.extensions["referral"].follower.view = Catalog(refresh=away)
    answer = app.test_client().get("/p/prg_new")
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "5")


def test_a_rank_is_asked_for_by_whatever_id_the_platform_has(redis_url: str) -> None:
    """An id with slashes is one id, written plainly or escaped."""
    odd = participant("//u/1")
    client = leaderboard_app(redis_url, [odd]).test_client()
    for written in ("xhs://u/1", "xhs%3A%2F%2Fu%2F1"):
        assert client.get(f"{BOARD}/people/{written}", headers=AUTHORIZATION).get_json()["participant"] == odd.id


def test_partners_are_ranked_apart(redis: "Redis", redis_url: str) -> None:
    """The board of followers has no partner on it; `kind=partner` has nobody else, and a partner's rank is among partners."""
    lin = replace(participant("lin"), partner="kol_lin")
    set_scores(redis, "all", {AMY.id: board_score(3, NOW)})
    set_scores(redis, "all", {lin.id: board_score(9, NOW)}, "partner")
    client = leaderboard_app(redis_url, [AMY, lin]).test_client()
    for query, who in (("", "xhs:amy"), ("?kind=partner", "xhs:lin")):
        told = client.get(f"{BOARD}{query}", headers=AUTHORIZATION).get_json()
        assert [(one["rank"], one["external_id"]) for one in told["entries"]] == [(1, who)]
        mine = client.get(f"{BOARD}/people/{who}", headers=AUTHORIZATION).get_json()
        assert (mine["rank"], mine["kind"], mine["kind"]) == (1, told["kind"], mine["kind"])
    assert client.get(f"{BOARD}?kind=brand", headers=AUTHORIZATION).status_code == 422
