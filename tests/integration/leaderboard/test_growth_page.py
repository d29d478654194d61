"""The growth page: who may read it, what it shows, and links that expire or are ended."""

import dataclasses
import html
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event, Semaphore

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from leaderboard.http_api.app import app as make_app
from leaderboard.http_api.costly_reads import CostlyReads
from leaderboard.http_api.dependencies import GrowthPageName
from leaderboard.pages.growth_view import GrowthView, growth_view
from leaderboard.recent_answers import RecentAnswers
from referral.config import Settings
from referral.events.audit import ActionRecorded
from referral.events.entities import DashboardLink, Operator
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.http.context import Context
from referral.log.topic_admin import ensure_topics
from referral.tokens import TokenSigner
from referral.topics import AUDIT
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM
from tests.support.log_reader import read_lines
from tests.support.operators import RING, SAME_ORIGIN, ConsoleBrowser, operator
from tests.support.records import patient, write_records
from tests.support.settings import AUTHORIZATION
from tests.support.systems.growth import NAMES, fold_campaign, follows, growth_app
from tests.support.systems.leaderboard import NOW
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

PAGE, LINKS, NETWORK = (f"/p/{PROGRAM}/growth{part}" for part in ("", "/links", "/network"))
LIN, VIEWER, STAFF = operator("lin", "growth"), operator("vi", "viewer"), operator("st", "staff")
ELSEWHERE = operator("el", "admin", ("prg_other",))
LINK = DashboardLink(
    recorded_at=NOW, id="dsh_1", program=PROGRAM, expires_at=NOW + timedelta(days=7), made_by="opr_lin"
)
ENDED = msgspec.structs.replace(LINK, id="dsh_2", revoked=True)
OVER = msgspec.structs.replace(LINK, id="dsh_3", expires_at=NOW)
OTHER = msgspec.structs.replace(LINK, id="dsh_4", program="prg_other")


@pytest.fixture
def app(redis: "Redis", redis_url: str) -> Flask:
    """The campaign of sixty days, operators and links."""
    fold_campaign(redis, follows())
    return growth_app(redis_url, [LIN, VIEWER, STAFF, ELSEWHERE, LINK, ENDED, OVER, OTHER])


def text(client: FlaskClient, path: str = PAGE, status: int = 200) -> str:
    """The words of a page in English, without tags."""
    response = client.get(f"{path}{'&' if '?' in path else '?'}lang=en", headers={"Accept": "text/html"})
    assert response.status_code == status, response.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def signed_in(app: Flask, who: Operator) -> FlaskClient:
    """A browser in which an operator is signed in."""
    browser = ConsoleBrowser(app)
    browser.enter(who)
    return browser.client


def token(link: DashboardLink) -> str:
    """The token of a link."""
    return TokenSigner(RING).sign_dashboard(link.id, to_ms(link.expires_at))


def test_an_operator_sees_the_figures_of_the_api(app: Flask) -> None:
    """The page has no figures of its own."""
    followers = app.test_client().get(
        f"/v1/programs/{PROGRAM}/insights/followers?unit=all&by=source", headers=AUTHORIZATION
    )
    whole, referred, *_ = followers.get_json()["series"]
    words = text(signed_in(app, VIEWER))
    assert f"New followers {whole['total']['value']:.0f} ▲ up" in words
    assert f"Referrals bring {referred['total']['value'] / whole['total']['value']:.0%} of them." in words
    assert "Best channel WeChat" in words
    assert "Share this page" not in words


def test_figures_of_too_many_people_are_left_out_of_the_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large program has all other figures."""
    monkeypatch.setattr("leaderboard.spread_store.MAX_REFERRERS", 0)
    monkeypatch.setattr("leaderboard.insight_store.MAX_BOARD_ENTRIES", 0)
    words = text(signed_in(app, VIEWER))
    assert words.count("So many people took part that it is not computed for these days.") == 7
    assert "Best channel WeChat" in words
    assert "这段时间参与的人太多" in signed_in(app, VIEWER).get(f"{PAGE}?lang=zh").text


def test_the_page_names_degrees_posts_content_and_what_happened(redis: "Redis", redis_url: str) -> None:
    """Each with how it was counted; the curve has the days before and a mark for the version that came into force."""
    fold_campaign(redis, follows())
    second = msgspec.structs.replace(GLOW_VERSION, version=2, effective_from=NOW - timedelta(days=3))
    words = text(signed_in(growth_app(redis_url, [VIEWER, second]), VIEWER))
    for part in ("Degrees Who came by themselves", "Degree 1", "Posts by followers Posts published", "Views of posts"):
        assert part in words
    assert "Program version 2" in words
    assert "Content Item Shown Shared Clicked Followed hacks" in words
    assert "Referred, before" in words


def test_pages_of_one_link_leave_threads_to_others(app: Flask) -> None:
    """Whoever has a link may occupy a quarter of them."""
    reads = CostlyReads(threads=4)
    app.extensions["leaderboard"] = dataclasses.replace(app.extensions["leaderboard"], costly_reads=reads)
    path = f"{PAGE}?link={token(LINK)}"
    with reads.hold(f"link {LINK.id}"):
        assert app.test_client().get(path).status_code == 429
        assert signed_in(app, VIEWER).get(PAGE).status_code == 200
    assert app.test_client().get(path).status_code == 200


class CountedReads(CostlyReads):
    """Counts the requests that have come so far."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.come = Semaphore(0)

    def waiting(self, caller: str) -> Callable[[Event], None]:
        """Counts, and waits as ever."""
        self.come.release()
        return super().waiting(caller)


def test_many_readers_of_one_link_are_answered_by_one_computation(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same time, before anything is known, and a moment later; other days, languages and names are pages of their own."""
    computed: list[tuple[int, bool]] = []
    path = f"{PAGE}?link={token(LINK)}&lang=en"

    def counting(program: Program, days: int, *, all_names: bool) -> GrowthView:
        assert computed or all(reads.come.acquire(timeout=150) for _ in range(20))
        computed.append((days, all_names))
        return growth_view(program, days, all_names=all_names)

    monkeypatch.setattr("leaderboard.http_api.growth_page.growth_view", counting)
    views: RecentAnswers[GrowthPageName, GrowthView] = RecentAnswers(600, 600, 10)
    reads = CountedReads(threads=64)
    app.extensions["leaderboard"] = dataclasses.replace(
        app.extensions["leaderboard"], growth_views=views, costly_reads=reads
    )
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: app.test_client().get(path), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert text(app.test_client(), f"{PAGE}?link={token(LINK)}")
    assert computed == [(28, False)]
    app.test_client().get(f"{path}&days=7")
    app.test_client().get(path.replace("en", "zh"))
    signed_in(app, VIEWER).get(f"{PAGE}?lang=en")
    assert computed == [(28, False), (7, False), (28, False), (28, True)]


def test_who_waits_for_a_page_leaves_threads_to_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four threads one may wait for what another computes; and not for longer than declared."""
    begun, may_end = Event(), Event()
    path = f"{PAGE}?link={token(LINK)}"

    def slow(program: Program, days: int, *, all_names: bool) -> GrowthView:
        begun.set()
        assert may_end.wait(150)
        return growth_view(program, days, all_names=all_names)

    def status() -> int:
        return app.test_client().get(path).status_code

    monkeypatch.setattr("leaderboard.http_api.growth_page.growth_view", slow)
    app.extensions["leaderboard"] = dataclasses.replace(
        app.extensions["leaderboard"], costly_reads=CostlyReads(threads=4)
    )
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(status)
        assert begun.wait(150)
        with monkeypatch.context() as patched:
            patched.setattr("leaderboard.http_api.costly_reads.WAIT_S", 0.0)
            late = app.test_client().get(path)
            assert (late.status_code, late.headers["Retry-After"]) == (503, "5")
        monkeypatch.setattr("leaderboard.http_api.costly_reads.WAIT_S", 60.0)
        others = [threads.submit(status) for _ in range(2)]
        refused, _ = wait(others, 150, FIRST_COMPLETED)
        assert [one.result() for one in refused] == [429]
        may_end.set()
        assert sorted(one.result(150) for one in (first, *others)) == [200, 200, 429]


@pytest.mark.parametrize("part", ["", ".svg", ".json"])
def test_networks_that_one_link_reads_leave_threads_to_others(app: Flask, part: str) -> None:
    """The page, the picture and the film are computed from one reading, which counts for the link that asks first."""
    reads = CostlyReads(threads=4)
    app.extensions["leaderboard"] = dataclasses.replace(app.extensions["leaderboard"], costly_reads=reads)
    path = f"{NETWORK}{part}?link={token(LINK)}"
    with reads.hold(f"link {LINK.id}"):
        assert app.test_client().get(path).status_code == 429
        assert signed_in(app, VIEWER).get(NETWORK).status_code == 200
        assert app.test_client().get(path).status_code == 200, "the answer of a moment ago costs nothing"


def test_a_session_that_began_a_moment_ago_is_known_to_every_service(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another service has just enrolled the operator: this one reads the catalog to its end before it refuses the session."""
    enrolled = msgspec.structs.replace(VIEWER, epoch=VIEWER.epoch + 1)
    client, shared = signed_in(app, enrolled), app.extensions["referral"]
    assert client.get(PAGE).status_code == 303, "a session of an operator whom no one has written"
    monkeypatch.setattr(shared.follower, "read_to_end", lambda *_: shared.catalog.apply(enrolled))
    assert client.get(PAGE).status_code == 200
    assert signed_in(app, VIEWER).get(PAGE).status_code == 303, "the earlier sessions have ended"


def test_the_console_leads_to_the_page_of_its_program(app: Flask) -> None:
    """From the navigation, and from the switch of programs."""
    client = signed_in(app, LIN)
    led = client.get("/console/growth?lang=en")
    assert (led.status_code, led.location) == (303, f"{PAGE}?lang=en")
    assert client.get(f"{PAGE}?program=prg_nope").status_code == 404


@pytest.mark.parametrize(("who", "status"), [(STAFF, 403), (ELSEWHERE, 404)], ids=["staff", "another program"])
def test_who_may_not_read_the_program_gets_nothing(app: Flask, who: Operator, status: int) -> None:
    """The staff of a shop, and operators of other programs."""
    assert signed_in(app, who).get(PAGE).status_code == status


def test_without_a_session_the_page_leads_to_the_sign_in(app: Flask) -> None:
    """And comes back."""
    response = app.test_client().get(f"{PAGE}?days=7")
    assert response.status_code == 303
    assert response.location == "/console/sign-in?next=%2Fp%2Fprg_glow%2Fgrowth%3Fdays%3D7"


def test_a_link_shows_the_page_and_only_public_names(app: Flask) -> None:
    """Without the console around it, and stored nowhere."""
    response = app.test_client().get(f"{PAGE}?link={token(LINK)}&lang=en")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    words = text(app.test_client(), f"{PAGE}?link={token(LINK)}")
    assert "New followers" in words
    assert "Find a person" not in words
    assert "xhs:" not in response.text
    assert "/console" not in response.text


@pytest.mark.parametrize("link", [ENDED, OVER, OTHER], ids=["ended", "expired", "another program's"])
def test_a_link_that_is_over_opens_nothing(app: Flask, link: DashboardLink) -> None:
    """The page says what to do; its stream is closed as well."""
    words = text(app.test_client(), f"{PAGE}?link={token(link)}", 410)
    assert "This link is over" in words
    assert app.test_client().get(f"{PAGE}/live?link={token(link)}").status_code == 401


def test_tokens_of_other_kinds_open_nothing(app: Flask) -> None:
    """A guide's token is signed with the same ring, for another purpose."""
    guide = TokenSigner(RING).sign_guide(LINK.id, to_ms(LINK.expires_at))
    for forged in (guide, "", "x.y.z", token(LINK)[:-2]):
        assert app.test_client().get(f"{PAGE}?link={forged}").status_code == 410


def test_the_stream_needs_a_session_or_a_link(app: Flask) -> None:
    """With either it is admitted; the broker of this test is away, which is said as such."""
    statuses = {
        "nothing": app.test_client().get(f"{PAGE}/live").status_code,
        "link": app.test_client().get(f"{PAGE}/live?link={token(LINK)}").status_code,
        "session": signed_in(app, VIEWER).get(f"{PAGE}/live").status_code,
        "another program": signed_in(app, ELSEWHERE).get(f"{PAGE}/live").status_code,
    }
    assert statuses == {"nothing": 401, "link": 503, "session": 503, "another program": 401}


def test_a_page_that_reads_itself_again_does_not_prolong_the_session(app: Flask) -> None:
    """A browser that was left alone is signed out after half an hour, whatever its page shows."""
    browser = ConsoleBrowser(app)
    browser.enter(LIN, used_s=int(time.time()) - 120)
    unattended = browser.client.get(PAGE, headers={"X-Background": "1"})
    assert "Set-Cookie" not in unattended.headers
    assert "Set-Cookie" in browser.client.get(PAGE).headers


def test_before_the_first_follower_the_page_says_what_to_do(redis_url: str) -> None:
    """No charts without data."""
    words = text(signed_in(growth_app(redis_url, [LIN]), LIN))
    assert "No one follows yet" in words
    assert "First: enrol your first promoters" in words
    assert "Funnel" not in words


def test_the_network_has_everyone_who_was_brought(app: Flask) -> None:
    """The page, its picture and its film agree; neither of the two has a name or an id."""
    client = signed_in(app, VIEWER)
    referred = [one for one in follows() if one.referrer is not None]
    words = text(client, NETWORK)
    assert f"People brought {len(referred)}" in words
    film = client.get(f"{NETWORK}.json").get_json()
    assert len(film["children"]) == len(film["angles"]) == len(film["on"]) == film["roots"] + sum(film["children"])
    assert sum(film["children"]) == len(referred)
    drawn = client.get(f"{NETWORK}.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert drawn.text.count("M") == len(film["on"])
    assert "psn_" not in drawn.text + client.get(f"{NETWORK}.json").text


def test_the_network_is_read_by_a_link_too_with_public_names_only(app: Flask) -> None:
    """Without one, and without a session, nothing is."""
    shown = text(app.test_client(), f"{NETWORK}?link={token(LINK)}")
    assert "Amy Chen" in shown
    assert NAMES[0] not in shown
    assert NAMES[0] in text(signed_in(app, VIEWER), NETWORK)
    for part in (".svg", ".json"):
        assert app.test_client().get(f"{NETWORK}{part}?link={token(LINK)}").status_code == 200
        assert app.test_client().get(f"{NETWORK}{part}?link={token(ENDED)}").status_code == 401
        assert app.test_client().get(f"{NETWORK}{part}").status_code == 401
        assert signed_in(app, ELSEWHERE).get(f"{NETWORK}{part}").status_code == 401
    assert "This link is over" in text(app.test_client(), f"{NETWORK}?link={token(ENDED)}", 410)


def test_before_the_first_friend_the_network_says_what_to_do(redis_url: str) -> None:
    """No empty picture."""
    words = text(signed_in(growth_app(redis_url, [LIN]), LIN), NETWORK)
    assert "No one has brought a friend yet" in words


@pytest.fixture
def real(settings: Settings, redis: "Redis") -> Iterator[Flask]:
    """The app on a log of its own."""
    ensure_topics(settings)
    write_records(settings, [GLOW_VERSION, LIN, VIEWER])
    app = make_app(patient(settings))
    shared: Context = app.extensions["referral"]
    wait_until(lambda: shared.catalog.operator(LIN.id) is not None)
    try:
        yield app
    finally:
        shared.close()


def test_links_are_made_shown_and_ended_on_the_audit_log(real: Flask, settings: Settings) -> None:
    """Who made and ended which link; an ended one opens nothing from then on."""
    browser = ConsoleBrowser(real)
    session = browser.enter(LIN)
    form = {"csrf": session.csrf_token}
    made = browser.client.post(LINKS, data=form | {"days": "30"}, headers=SAME_ORIGIN)
    assert made.status_code == 303
    address = re.search(r'href="(http[^"]+link=[^"]+)"', browser.client.get(f"{LINKS}?lang=en").text)
    assert address is not None
    path = address.group(1).partition("/p/")[2]
    assert "No one follows yet" in text(real.test_client(), f"/p/{path}")
    [link] = real.extensions["referral"].catalog.dashboard_links(PROGRAM)
    assert link.expires_at - link.recorded_at == timedelta(days=30)
    assert browser.client.post(f"{LINKS}/{link.id}/end", data=form, headers=SAME_ORIGIN).status_code == 303
    assert "This link is over" in text(real.test_client(), f"/p/{path}", 410)
    assert "No link is valid" in text(browser.client, LINKS)
    lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in read_lines(settings, AUDIT)]
    assert [(one.actor, one.action, one.program, one.target) for one in lines] == [
        (LIN.id, "dashboard_link.created", PROGRAM, link.id),
        (LIN.id, "dashboard_link.revoked", PROGRAM, link.id),
    ]


@pytest.mark.parametrize(
    ("form", "status"), [({"days": "365"}, 422), ({"days": "30", "csrf": "other"}, 403)], ids=["days", "token"]
)
def test_a_form_that_is_wrong_makes_no_link(app: Flask, form: dict[str, str], status: int) -> None:
    """Neither with other days than the page offers, nor from another session."""
    browser = ConsoleBrowser(app)
    session = browser.enter(LIN)
    response = browser.client.post(LINKS, data={"csrf": session.csrf_token} | form, headers=SAME_ORIGIN)
    assert response.status_code == status


def test_a_viewer_makes_no_link(app: Flask) -> None:
    """The figures leave the console only by who may share them."""
    assert signed_in(app, VIEWER).get(LINKS).status_code == 403
