"""A WeChat account on the whole system, with a stand-in of WeChat on this machine that enforces its limits."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import httpx
import msgspec
import pytest

from referral.config import Settings
from referral.encryption import seal
from referral.events.board_rules import Board
from referral.events.entities import AdapterSecret, ProgramVersion
from referral.events.join_page import JoinPage
from referral.events.promoter_messages import people_endpoint
from referral.events.reward_rules import Reward
from referral.events.wechat_rules import KeywordReply, WechatAccount, WechatNews, WechatReply, WechatSubscription
from referral.redis_client import RedisClient
from referral_tools.wechat_stand_in.account import Account
from referral_tools.wechat_stand_in.follower import Callbacks
from referral_tools.wechat_stand_in.server import serve_account
from tests.support.app_server import serve_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, START
from tests.support.builders.reward_dispatcher import BONUS3
from tests.support.operators import SAME_ORIGIN
from tests.support.processes import run_module, start_module, stop_process
from tests.support.redis_servers import matching_keys
from tests.support.settings import api_key
from tests.support.systems.conversion_tracker import ConversionTracker, serve_conversion_tracker
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.systems.link_issuer import serve_link_issuer
from tests.support.waiting import is_ready, wait_until

pytestmark = pytest.mark.integration
APPID, SECRET, TOKEN = "wx0123456789abcdef", "secret-of-the-app", "token1234"
TEMPLATE, OTHER_TEMPLATE = "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3", "9nLIlbOQZC5Y89AZteFEux3WCXRRRG5W"
FOLLOW = WechatReply(
    text={"zh-CN": "欢迎！你的邀请码是 {code}，已有 {friends} 位好友，还差 {missing} 位。"}, poster=True
)
KEYWORDS = (
    KeywordReply(words=("海报", "poster"), poster=True),
    KeywordReply(words=("进度",), text={"zh-CN": "已有 {friends} 位好友"}),
    KeywordReply(words=("礼物",), news=WechatNews(title={"zh-CN": "你的礼物 & 更多"})),
)


def terms(**account: object) -> ProgramVersion:
    """Returns a program with a WeChat account."""
    version = program_version()
    notices = WechatSubscription(template=TEMPLATE, fields={"thing1": "news"})
    wechat = WechatAccount(appid=APPID, follow=FOLLOW, keywords=KEYWORDS, subscription=notices, **account)  # type: ignore[arg-type]
    rewards: tuple[Reward, ...] = (BONUS3,)
    join = JoinPage(channels=("wechat",), proofs=("wechat",), consent={"en": "I agree."})
    boards = (Board(metric="referrals"),)
    program = msgspec.structs.replace(version.program, wechat=wechat, rewards=rewards, boards=boards, join=join)
    return msgspec.structs.replace(version, program=program)


@dataclass
class Wechat:
    """The account at the stand-in, people who follow it, and the services."""

    account: Account
    people: Callbacks
    events: ConversionTracker
    environ: dict[str, str]

    def pictures(self, openid: str) -> int:
        """Returns how many pictures a person was sent."""
        return sum(one["msgtype"] == "image" for one in self.account.sent.get(openid, ()))


def _sealed(settings: Settings, name: str, secret: str) -> AdapterSecret:
    sealed = seal(settings.key_ring(), PROGRAM, name, secret)
    return AdapterSecret(recorded_at=START, program=PROGRAM, name=name, sealed=(sealed,))


@pytest.fixture
def wechat(settings: Settings, environ: dict[str, str]) -> Iterator[Wechat]:
    """All services but the delivery worker; a program whose account replies."""
    account = Account(APPID, SECRET, time.time)
    records = (
        terms(),
        AMY,
        PROFILES[0],
        _sealed(settings, "wechat", TOKEN),
        _sealed(settings, "wechat-app", SECRET),
        api_key("all", "admin"),
    )
    with ExitStack() as stack:
        api = stack.enter_context(serve_account(account))
        issuer = stack.enter_context(
            serve_app(stack.enter_context(serve_link_issuer(replace(settings, wechat_api=api))).app)
        )
        boards = stack.enter_context(run_leaderboard(environ, ()))
        addresses = {"link_issuer": issuer, "leaderboard": str(boards.base_url), "wechat_api": api}
        here = {f"REFERRAL_{name.upper()}": address for name, address in addresses.items()}
        environ = {**environ, **here}
        changed = replace(settings, **addresses)  # type: ignore[arg-type]
        events = stack.enter_context(serve_conversion_tracker(changed, *records))
        stack.enter_context(run_module(environ, "reward_dispatcher", "fold", "deliveries"))
        wait_until(lambda: is_ready(boards))
        address = stack.enter_context(serve_app(events.app))
        people = Callbacks(account, f"{address}/v1/adapters/wechat/{PROGRAM}", TOKEN)
        yield Wechat(account, people, events, environ)


def test_a_follower_gets_a_reply_at_once_and_their_poster_after_it(wechat: Wechat, redis: RedisClient) -> None:
    """A friend who scans the poster is theirs. Progress and cards are replies, and no one is sent more than WeChat allows."""
    with run_module(wechat.environ, "reward_dispatcher", "worker"):
        reply = wechat.people.subscribe("oBo")
        assert reply["Content"].startswith("欢迎！你的邀请码是 "), reply
        assert "已有 0 位好友，还差 3 位" in reply["Content"]
        wait_until(lambda: wechat.pictures("oBo") == 1)
        [(url, code)] = wechat.account.scenes.items()
        assert code in reply["Content"]
        assert url.encode() not in wechat.account.uploads[0], "a picture"

        wechat.people.subscribe("oCai", code)
        wait_until(lambda: wechat.pictures("oCai") == 1)
        assert wechat.people.write("oBo", " 进度 ") == {"Content": "已有 0 位好友"}
        card = wechat.people.click("oBo", "礼物")
        assert (card["Title"], code in card["Url"]) == ("你的礼物 & 更多", True)
        assert wechat.people.write("oBo", "Hello?") == {}
        wechat.people.write("oBo", "POSTER")
        wait_until(lambda: wechat.pictures("oBo") == 2)
        assert len(wechat.account.uploads) == 2, "a poster is uploaded once"
    assert wechat.account.tokens_given == 1
    assert not wechat.account.errors
    assert (wechat.people.late, wechat.people.failed) == (0, 0)
    followed = [line for line in wechat.events.named("events") if line["type"] == "person.followed"]
    assert {line["person"]: line.get("code") for line in followed} == {"wechat:oBo": None, "wechat:oCai": code}
    log = repr(wechat.events.decoded("deliveries"))
    assert "oBo" not in log
    assert "oCai" not in log
    for key in matching_keys(redis, "rd:wechat:*"):
        assert SECRET.encode() not in (redis.get(key) or b"")


def test_a_repeated_callback_has_the_same_reply_and_no_second_poster(wechat: Wechat) -> None:
    """WeChat calls again three times; the worker is killed in between; WeChat is busy, and has revoked the token."""
    content = "<MsgType>event</MsgType><Event>subscribe</Event><EventKey></EventKey>"
    wechat.account.open_for("oDan", "follow")
    created = time.time()
    wechat.account.now = lambda: created
    first, second = (wechat.people._push("oDan", content) for _ in range(2))
    wechat.account.now = time.time
    assert first == second
    assert first["Content"]
    worker = start_module(wechat.environ, "reward_dispatcher", "worker")
    try:
        wait_until(lambda: wechat.pictures("oDan") == 1)
        worker.kill()
        worker.wait(150)
        wechat.account.revoke_tokens()
        wechat.account.busy = 1
        worker = start_module(wechat.environ, "reward_dispatcher", "worker")
        wechat.people.write("oDan", "海报")
        wait_until(lambda: wechat.pictures("oDan") >= 2)
    finally:
        stop_process(worker)
    assert wechat.pictures("oDan") == 2
    scheduled = [line for line in wechat.events.decoded("deliveries") if line["type"] == "delivery.scheduled"]
    assert len({line["message"] for line in scheduled}) == 2
    assert wechat.account.tokens_given == 2
    assert wechat.account.errors == {-1: 1, 40001: 1}, "busy once, and the token that was revoked"


def test_replies_and_the_join_page_do_not_wait_for_a_slow_wechat(wechat: Wechat) -> None:
    """WeChat's API takes six seconds, or never answers: replies leave in time, and the page has the code without a picture.

    The poster follows once the API answers again, and is sent once, with one token.
    """
    page = f"/j/{PROGRAM}/wechat?lang=en"
    with (
        run_module(wechat.environ, "reward_dispatcher", "worker"),
        httpx.Client(base_url=wechat.environ["REFERRAL_LINK_ISSUER"], headers=SAME_ORIGIN, timeout=150) as browser,
    ):
        wechat.people.subscribe("oKit")
        wait_until(lambda: wechat.pictures("oKit") == 1)
        wechat.account.revoke_tokens()
        wechat.account.delay_s = 30
        started = time.monotonic()
        shown = browser.post(page, data={"consent": "1"})
        assert time.monotonic() - started < wechat.account.delay_s / 2
        assert re.search(r"JOIN-\w{5}-\w{5}", shown.text)
        assert "data:image/png" not in shown.text
        wechat.account.delay_s = 6
        assert "{" not in wechat.people.subscribe("oLea")["Content"]
        wechat.account.delay_s = 0
        wechat.people.write("oLea", "海报")
        wait_until(lambda: wechat.pictures("oLea") >= 1)
        wait_until(lambda: "data:image/png" in browser.post(page, data={"consent": "1"}).text)
    assert wechat.pictures("oLea") in (1, 2), "the follow and the keyword promise one each"
    assert (wechat.people.late, wechat.people.failed) == (0, 0)
    assert set(wechat.account.errors) <= {40001}, "the token that was revoked, and nothing out of allowance"


def test_who_left_or_was_silent_for_a_minute_is_sent_nothing(wechat: Wechat) -> None:
    """The poster of a follow that is over a minute old is not sent, nor one of a person who left."""
    wechat.people.subscribe("oEve")
    wechat.people.unsubscribe("oEve")
    wechat.account.now = lambda: time.time() - 70
    wechat.people.subscribe("oFay")
    wechat.account.now = time.time
    with run_module(wechat.environ, "reward_dispatcher", "worker"):
        wechat.people.subscribe("oGus")
        wait_until(lambda: wechat.pictures("oGus") == 1)
        wait_until(lambda: _ended(wechat) == 3)
    assert (wechat.pictures("oEve"), wechat.pictures("oFay")) == (0, 0)
    assert not wechat.account.errors


def test_who_scans_the_code_of_the_join_page_gets_their_own_link_in_the_chat(wechat: Wechat) -> None:
    """It opens their wallet, in the browser in which they open it; the browser that showed the code gets nothing. Once."""
    page = f"/j/{PROGRAM}"
    with (
        httpx.Client(base_url=wechat.environ["REFERRAL_LINK_ISSUER"], headers=SAME_ORIGIN, timeout=150) as asking,
        httpx.Client(base_url=wechat.environ["REFERRAL_LINK_ISSUER"], headers=SAME_ORIGIN, timeout=150) as phone,
    ):
        wait_until(lambda: asking.get(f"{page}?lang=en").status_code == 200)
        assert asking.post(f"{page}/wechat").status_code == 422, "without consent"
        shown = asking.post(f"{page}/wechat?lang=en", data={"consent": "1"})
        [(_, scene)] = wechat.account.scenes.items()
        assert scene in shown.text
        path = _join_path(wechat.people.subscribe("oHan", scene))
        assert "oHan" not in path
        claim = re.search(r'name="claim" value="([^"]+)"', phone.get(path).text)
        assert claim is not None
        for _ in range(2):
            assert phone.post(path, data={"claim": claim[1]}).status_code == 303
        assert phone.post(f"{page}/wallet").status_code == 303
        assert asking.post(f"{page}/wallet").status_code == 403
        assert asking.get(path).status_code == 410
    assert _join_path(wechat.people.write("oIvy", f"我要加入 {scene.lower()}"))
    assert _join_path(wechat.people.scan("oIvy", scene))
    wrong = scene[:-1] + ("0" if scene[-1] != "0" else "1")
    assert wechat.people.write("oIvy", wrong) == {}
    assert "/open/" not in wechat.people.subscribe("oJin", wrong)["Content"]
    expired = wechat.people.scan("oIvy", wrong)["Content"]
    assert re.search("已过期|expired", expired)
    assert expired.endswith(f"/j/{PROGRAM}")
    followed = [line for line in wechat.events.named("events") if line["type"] == "person.followed"]
    assert {line.get("code") for line in followed} == {None}, "the scene of a request is no referral code"


def _join_path(reply: dict[str, str]) -> str:
    """The path of the link in a reply."""
    found = re.search(rf"/j/{PROGRAM}/open/\S+", reply["Content"])
    assert found is not None, reply
    return found[0]


def test_consents_to_subscription_messages_are_recorded(wechat: Wechat) -> None:
    """Of the program's template alone, once each; who refuses further ones, or leaves, has none."""
    for answer in ("accept", "reject"):
        wechat.people.answer_request("oBo", TEMPLATE, answer)
        wechat.people.answer_request("oBo", OTHER_TEMPLATE, answer)
    wechat.people.refuse_notices("oBo", TEMPLATE)
    wechat.people.unsubscribe("oBo")
    lines = [line for line in wechat.events.decoded("deliveries") if line["type"].startswith("wechat.consent")]
    assert [(line["type"], line.get("template")) for line in lines] == [
        ("wechat.consent_given", TEMPLATE),
        ("wechat.consents_ended", TEMPLATE),
        ("wechat.consents_ended", None),
    ]
    assert {line["webhook"] for line in lines} == {people_endpoint(PROGRAM, lines[0]["person"])}
    assert wechat.people.failed == 0
    assert "oBo" not in repr(lines)


def _ended(wechat: Wechat) -> int:
    lines = wechat.events.decoded("deliveries")
    return sum(line["type"] == "delivery.attempted" and line["outcome"] in ("accepted", "missed") for line in lines)
