"""Digests to growth teams: when they are due, where they may go, what each chat is sent, and how an attempt ends."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.digest_targets import digest_secret_name, read_digest_target
from referral.encryption import seal
from referral.events.deliveries import DeliveryScheduled, GrowthDigest
from referral.events.entities import AdapterSecret, ProgramVersion
from referral.events.promoter_messages import DIGEST_KINDS, Digest, DigestKind, Messages
from referral.events.timestamps import to_datetime, to_ms
from referral.events.value_checks import InvalidValue
from referral.tokens import TokenSigner
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.digest_attempts import DigestAttempts
from reward_dispatcher.delivery.digest_client import DigestClient
from reward_dispatcher.delivery.digest_posts import cut, digest_request, is_accepted
from reward_dispatcher.delivery.digest_scheduler import DigestScheduler
from reward_dispatcher.delivery.targets import DigestEndpoint, find_target
from reward_dispatcher.domain.digest_period import newest_period
from reward_dispatcher.domain.mail_endpoint import is_webhook
from reward_dispatcher.domain.message_delivery import MessageDelivery
from tests.support.builders.participants import PROGRAM, START
from tests.support.builders.pools import RING
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.chat_server import ChatServer, run_chat_server

ZONE = "Asia/Shanghai"
TARGETS: dict[DigestKind, str] = {
    "email": "growth@glow.example",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/6c1f-aa SECfeishu123",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=0a1b2c SECdingtalk123",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a-91f6",
    "slack": "https://hooks.slack.com/services/T0/B0/abcDEF",
}
CHATS: tuple[DigestKind, ...] = ("feishu", "dingtalk", "wecom", "slack")
MONDAY = datetime(2026, 12, 7, 9, 0, tzinfo=ZoneInfo(ZONE))
HOUR = timedelta(hours=1)


def terms(digest: Digest | None = Digest()) -> ProgramVersion:  # noqa: B008 - it is immutable
    """Returns the Glow program with a digest."""
    version = reward_terms()
    return replace(version, program=replace(version.program, timezone=ZONE, messages=Messages(digest=digest)))


def target(kind: DigestKind, at: datetime = START, text: str | None = None) -> AdapterSecret:
    """Returns the secret that has where the digests go."""
    name = digest_secret_name(kind)
    sealed = seal(RING, PROGRAM, name, text or TARGETS[kind])
    return AdapterSecret(recorded_at=at, program=PROGRAM, name=name, sealed=(sealed,))


def test_a_digest_is_about_the_week_or_the_day_before() -> None:
    """On Mondays from Monday to Sunday; in the zone of the program."""
    week, day = Digest(), Digest(every="day", at="07:30")
    due_ms = to_ms(MONDAY)
    assert newest_period(week, ZONE, due_ms) == (date(2026, 11, 30), date(2026, 12, 6), due_ms)
    assert newest_period(week, ZONE, due_ms - 1).last == date(2026, 11, 29)
    assert newest_period(day, ZONE, due_ms)[:2] == (date(2026, 12, 6), date(2026, 12, 6))
    assert newest_period(day, ZONE, to_ms(MONDAY - 2 * HOUR)).first == date(2026, 12, 5)


@given(
    st.integers(0, 730 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from(["00:00", "02:30", "09:00", "23:59"]),
    st.sampled_from(["day", "week"]),
)
def test_each_period_is_due_once_and_after_it_has_ended(now: datetime, zone: str, at: str, every: str) -> None:
    """Also where clocks are changed. The next period follows the newest one without a gap."""
    digest = Digest(every=every, at=at)  # type: ignore[arg-type]
    found = newest_period(digest, zone, to_ms(now))
    assert found.due_ms <= to_ms(now)
    assert to_datetime(found.due_ms).astimezone(ZoneInfo(zone)).date() > found.last
    assert newest_period(digest, zone, found.due_ms) == found
    before = newest_period(digest, zone, found.due_ms - 1)
    assert before.last + timedelta(days=1) == found.first


@pytest.mark.parametrize("kind", DIGEST_KINDS)
def test_a_target_is_an_address_or_the_robot_of_a_fixed_host(kind: DigestKind) -> None:
    """What is refused is not repeated, since it may be a secret. The target shows nothing of itself, either."""
    found = read_digest_target(kind, f" {TARGETS[kind]}\n")
    assert " ".join(filter(None, (found.address, found.secret))) == TARGETS[kind]
    assert found.address not in repr(found)
    for wrong in (
        "https://evil.example/open-apis/bot/v2/hook/6c1f",
        TARGETS[kind].replace("https://", "http://") if kind != "email" else "nobody",
        TARGETS["slack" if kind != "slack" else "wecom"],
        TARGETS[kind] + "#@evil.example secret!",
        "https://hooks.slack.com@evil.example/services/T0/B0/abc",
        "https://hooks.slack.com/services/../../T0",
        "",
    ):
        with pytest.raises(InvalidValue) as refused:
            read_digest_target(kind, wrong)
        assert not wrong or wrong not in str(refused.value)


def test_each_chat_gets_its_own_form() -> None:
    """As the platforms document it: DingTalk signs with the secret, Feishu with a key of time and secret."""
    now_s = 1_799_000_000
    bodies = {}
    for kind in CHATS:
        url, body = digest_request(read_digest_target(kind, TARGETS[kind]), "A & <b>\n…", now_s)
        assert url.startswith(TARGETS[kind].partition(" ")[0])
        bodies[kind] = json.loads(body)
    assert bodies["slack"] == {"text": "A &amp; &lt;b&gt;\n…"}
    assert bodies["wecom"] == {"msgtype": "text", "text": {"content": "A & <b>\n…"}} == bodies["dingtalk"]
    key = f"{now_s}\nSECfeishu123".encode()
    assert bodies["feishu"] == {
        "timestamp": str(now_s),
        "sign": base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode(),
        "msg_type": "text",
        "content": {"text": "A & <b>\n…"},
    }
    url, _ = digest_request(read_digest_target("dingtalk", TARGETS["dingtalk"]), "A", now_s)
    query = parse_qs(urlsplit(url).query)
    message = f"{now_s * 1000}\nSECdingtalk123".encode()
    signature = hmac.new(b"SECdingtalk123", message, hashlib.sha256).digest()
    assert query == {
        "access_token": ["0a1b2c"],
        "timestamp": [str(now_s * 1000)],
        "sign": [base64.b64encode(signature).decode()],
    }
    plain = TARGETS["dingtalk"].partition(" ")[0]
    assert digest_request(read_digest_target("dingtalk", plain), "A", now_s)[0] == plain


@given(st.text(max_size=300), st.integers(8, 400))
def test_a_text_that_is_too_long_ends_after_a_whole_line(text: str, most: int) -> None:
    """WeCom refuses more than 2,048 bytes."""
    text = text.encode(errors="ignore").decode()
    short = cut(text, most)
    assert len(short.encode()) <= most
    assert short == text or (short.endswith("\n…") and text.startswith(short.removesuffix("\n…")))


def test_an_answer_of_200_can_be_a_refusal() -> None:
    """Three of the platforms put their own code into the body."""
    assert all(is_accepted(kind, 200, b'{"errcode":0,"errmsg":"ok"}') for kind in ("dingtalk", "wecom"))
    assert is_accepted("feishu", 200, b'{"code":0,"msg":"success","data":{}}')
    assert is_accepted("slack", 200, b"ok")
    assert not is_accepted("feishu", 200, b'{"code":19021,"msg":"sign match fail"}')
    assert not is_accepted("wecom", 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}')
    assert not is_accepted("dingtalk", 200, b"<html>")
    assert not is_accepted("slack", 404, b"no_service")


@dataclass
class Written:
    """The lines that a scheduler wrote."""

    lines: list[DeliveryScheduled] = field(default_factory=list)

    async def write(self, endpoint: str, line: bytes) -> int:
        """Records a line."""
        self.lines.append(msgspec.json.decode(line, type=DeliveryScheduled))
        assert self.lines[-1].webhook == endpoint
        return len(self.lines)


def scheduled(catalog: Catalog, *times: datetime) -> list[DeliveryScheduled]:
    """Returns what a worker schedules that looks at these times."""
    written, clock = Written(), ManualClock(0)
    scheduler = DigestScheduler(catalog, written.write, clock)
    for at in times:
        clock.advance(to_ms(at) - clock.now_ms())
        asyncio.run(scheduler.schedule_due())
    return written.lines


def test_a_digest_is_scheduled_once_for_each_period_and_target() -> None:
    """Another worker, or the same one after a restart, writes the same id."""
    catalog = Catalog([terms(), target("slack"), target("email")])
    lines = scheduled(catalog, MONDAY - HOUR, MONDAY, MONDAY + HOUR, MONDAY + timedelta(days=7))
    assert [(line.webhook, line.content.first.isoformat()) for line in lines] == [  # type: ignore[union-attr]
        (f"digest:email:{PROGRAM}", "2026-11-30"),
        (f"digest:slack:{PROGRAM}", "2026-11-30"),
        (f"digest:email:{PROGRAM}", "2026-12-07"),
        (f"digest:slack:{PROGRAM}", "2026-12-07"),
    ]
    assert len({line.message for line in lines}) == 4
    again = scheduled(catalog, MONDAY + 2 * HOUR)
    assert [line.message for line in again] == [line.message for line in lines[:2]]
    assert find_target(catalog, lines[0].webhook) == DigestEndpoint("email")
    assert not is_webhook(lines[0].webhook)


@pytest.mark.parametrize(
    ("catalog", "at"),
    [
        (Catalog([terms(None), target("slack")]), MONDAY),
        (Catalog([terms()]), MONDAY),
        (Catalog([terms(), target("slack", MONDAY + timedelta(minutes=1))]), MONDAY + HOUR),
        (Catalog([terms(), replace(target("slack"), sealed=())]), MONDAY),
        (Catalog([terms(), target("slack")]), MONDAY + timedelta(days=1, seconds=1)),
    ],
    ids=["no digest", "no target", "target set later", "target removed", "a day late"],
)
def test_nothing_is_scheduled(catalog: Catalog, at: datetime) -> None:
    """What was not due for a target, or was due more than a day ago."""
    assert scheduled(catalog, at) == []


class Attempt:
    """Makes an attempt to send a digest; `leaderboard` answers requests for its text."""

    def __init__(self, kind: DigestKind, chat: ChatServer, *, version: ProgramVersion | None = None) -> None:
        self.kind = kind
        self.asked: list[httpx.Request] = []
        self.leaderboard: Callable[[], httpx.Response] = lambda: httpx.Response(
            200, json={"subject": "Glow: growth", "text": "What moved\n1. Thank them."}
        )
        self._chat = chat
        self._catalog = Catalog([version or terms(), *(target(one) for one in DIGEST_KINDS)])

    def run(self) -> AttemptResult:
        """Returns how it ended."""
        content = GrowthDigest(occurred_at=START, program=PROGRAM, first=date(2026, 11, 30), last=date(2026, 12, 6))
        delivery = MessageDelivery(f"digest:{self.kind}:{PROGRAM}", "dig_1", content, to_ms(START), to_ms(START))
        return asyncio.run(self._make(delivery))

    async def _make(self, delivery: MessageDelivery) -> AttemptResult:
        client = DigestClient("http://leaderboard", RING, httpx.MockTransport(self._answer))
        attempts = DigestAttempts(
            self._chat.connections().post, None, client, self._catalog, RING, ManualClock(to_ms(START))
        )
        return await attempts.attempt(self.kind, delivery, proven=True)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.leaderboard()


@pytest.mark.parametrize("kind", CHATS)
def test_a_chat_gets_the_text_of_leaderboard_at_its_own_host(kind: DigestKind) -> None:
    """Over TLS, in the language of the program, asked for with a token of this program."""
    with run_chat_server() as chat:
        attempt = Attempt(kind, chat)
        assert attempt.run().outcome == "accepted"
        [(host, path, body)] = chat.requests
        url = urlsplit(TARGETS[kind].partition(" ")[0])
        assert (host, chat.hosts, chat.addresses) == (url.netloc, [url.netloc], ["93.184.215.14:443"])
        assert path.startswith(url.path)
        assert "Glow: growth\\n\\nWhat moved\\n1. Thank them." in body.decode()
    [asked] = attempt.asked
    assert dict(asked.url.params) == {"from": "2026-11-30", "to": "2026-12-06", "lang": "en"}
    token = asked.headers["authorization"].removeprefix("Bearer ")
    assert TokenSigner(RING).read_digest(token, to_ms(START)) == PROGRAM


def test_a_refusal_is_tried_again_and_an_address_inside_is_not_connected_to() -> None:
    """The answer says why; it is in the log of the worker, not on the topic."""
    with run_chat_server() as chat:
        chat.answer = b'{"errcode":310000,"errmsg":"sign not match"}'
        refused = Attempt("dingtalk", chat).run()
        assert (refused.outcome, refused.failure, refused.status) == ("failed", "status", 200)
        assert "sign not match" in refused.excerpt
        chat.resolved_to = "10.0.0.8"
        inside = Attempt("slack", chat).run()
        assert (inside.outcome, inside.failure) == ("failed", "address")
        assert len(chat.requests) == 1


def test_without_a_text_or_a_digest_nothing_is_sent() -> None:
    """While leaderboard does not answer, the attempt is made again; a program without digests misses it."""
    with run_chat_server() as chat:
        attempt = Attempt("slack", chat)
        attempt.leaderboard = lambda: httpx.Response(503)
        assert attempt.run().outcome == "unsent"
        assert Attempt("slack", chat, version=terms(None)).run().outcome == "missed"
        assert chat.requests == []
