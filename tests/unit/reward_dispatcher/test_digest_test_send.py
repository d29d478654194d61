"""A test send of a digest: what the chat answers comes back, and what is missing is named with its remedy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.config import Settings
from referral.digest_targets import digest_secret_name
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.promoter_messages import Digest, DigestKind, Messages
from referral.events.timestamps import to_ms
from reward_dispatcher.delivery.digest_test_send import DigestTestSender, NoDigest
from tests.support.builders.participants import PROGRAM, START
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.chat_server import ChatServer, run_chat_server
from tests.support.digest_source import run_leaderboard

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a-91f6"
NOW = datetime(2026, 12, 8, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def leaderboard() -> Iterator[str]:
    """The URL of a leaderboard."""
    with run_leaderboard() as (url, _):
        yield url


@dataclass
class Sending:
    """A sender with a catalog of its own, whose connections end at a chat's server."""

    settings: Settings
    catalog: Catalog
    chat: ChatServer

    def sender(self) -> DigestTestSender:
        """Returns it."""
        return DigestTestSender(self.settings, lambda: self.catalog, ManualClock(to_ms(NOW)), self.chat.connections)

    def set_target(self, kind: DigestKind, text: str) -> None:
        """Sets where the digests go."""
        name = digest_secret_name(kind)
        sealed = seal(self.settings.key_ring(), PROGRAM, name, text)
        self.catalog.apply(AdapterSecret(recorded_at=START, program=PROGRAM, name=name, sealed=(sealed,)))


@pytest.fixture
def sending(leaderboard: str) -> Iterator[Sending]:
    """A program with a daily digest and no target."""
    terms = reward_terms()
    program = replace(terms.program, timezone="UTC", messages=Messages(digest=Digest(every="day")))
    catalog = Catalog()
    catalog.apply(replace(terms, program=program))
    settings = Settings(signing_key="a signing key of more than 32 letters", leaderboard=leaderboard)
    with run_chat_server() as chat:
        yield Sending(settings, catalog, chat)


def test_the_newest_digest_goes_to_the_chat_at_once(sending: Sending) -> None:
    """About the day before; to the fixed host alone."""
    sending.set_target("wecom", WECOM)
    sent = sending.sender().send(PROGRAM, "wecom")
    assert (sent.result.outcome, sent.result.status) == ("accepted", 200)
    assert (sent.digest.first.isoformat(), sent.digest.last.isoformat()) == ("2026-12-07", "2026-12-07")
    [(host, path, body)] = sending.chat.requests
    assert (host, path.partition("?")[0]) == ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send")
    assert b"New followers: 40" in body


def test_the_answer_of_a_chat_that_refuses_comes_back(sending: Sending) -> None:
    """With 200, as WeCom does."""
    sending.set_target("wecom", WECOM)
    sending.chat.answer = b'{"errcode":93000,"errmsg":"invalid webhook url"}'
    result = sending.sender().send(PROGRAM, "wecom").result
    assert (result.outcome, result.status, "invalid webhook url" in result.excerpt) == ("failed", 200, True)


def test_a_chat_at_a_private_address_is_not_called(sending: Sending) -> None:
    """A host that resolves into the own network is refused, as for any digest."""
    sending.set_target("wecom", WECOM)
    sending.chat.resolved_to = "10.0.0.8"
    result = sending.sender().send(PROGRAM, "wecom").result
    assert (result.outcome, result.failure, sending.chat.requests) == ("failed", "address", [])


def test_what_is_missing_is_named(sending: Sending) -> None:
    """The target, the mail server, and the section of the program file."""
    sender = sending.sender()
    assert _refusal(sender, "slack") == ("no_digest_target", "referral adapters set digest-slack")
    sending.set_target("email", "growth@glow.example")
    assert _refusal(sender, "email") == ("no_mail_server", "REFERRAL_SMTP_HOST")
    sending.catalog.apply(reward_terms())
    assert _refusal(sender, "email") == ("no_digest", "messages.digest")


def _refusal(sender: DigestTestSender, kind: DigestKind) -> tuple[str, str]:
    """The code of a refusal, and what its text names of the remedies."""
    with pytest.raises(NoDigest) as refused:
        sender.send(PROGRAM, kind)
    remedies = ("referral adapters set digest-slack", "REFERRAL_SMTP_HOST", "messages.digest")
    return refused.value.code, next(one for one in remedies if one in str(refused.value))
