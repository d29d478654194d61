"""E-mails about a webhook, from the line of the warning to a real SMTP server, without Kafka."""

import asyncio
import dataclasses
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.deliveries import DeliveryScheduled, EndpointDisabled, EndpointFull, EndpointWarned
from referral.events.entities import Webhook
from referral.events.timestamps import to_ms
from referral.key_ring import KeyRing
from referral.mail import Mailer
from referral.topics import DELIVERIES
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.message_body import EndpointNotice
from reward_dispatcher.delivery.notifier import Notifier, ReceivedRecord
from reward_dispatcher.delivery.warning_mail import WarningMails
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.webhook_secrets import (
    new_secret_pair,
    open_contact,
    reseal_webhook,
    seal_contact,
    seal_secret_pair,
)
from tests.support.builders.participants import PROGRAM, START
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.settings import UNREACHABLE

RING = KeyRing.parse("", "k" * 32)
CONTACT = "ops@shop.example"
HOOK = Webhook(
    recorded_at=START,
    registered_at=START,
    id="whk_1",
    program=PROGRAM,
    url="https://hook.example:8443/s3cret?key=s3cret",
    sealed=(seal_secret_pair(RING, PROGRAM, "whk_1", new_secret_pair()),),
    contact=seal_contact(RING, PROGRAM, "whk_1", CONTACT),
)
WARNED = EndpointWarned(
    occurred_at=START, program=PROGRAM, webhook="whk_1", percent=70, failing_since=START - timedelta(days=3)
)
NOTICES = (
    (WARNED, "70%", "停用期限的 70%"),
    (EndpointFull(occurred_at=START, program=PROGRAM, webhook="whk_1", limit="waiting"), "10,000", "10,000 条"),
    (EndpointFull(occurred_at=START, program=PROGRAM, webhook="whk_1", limit="undelivered"), "50,000", "50,000 条"),
    (EndpointDisabled(occurred_at=START, program=PROGRAM, webhook="whk_1", reason="gone"), "answered 410", "410"),
    (EndpointDisabled(occurred_at=START, program=PROGRAM, webhook="whk_1", reason="failing"), "5 days", "5 天"),
)


def _attempt(
    server: MailServer | None, notice: EndpointNotice = WARNED, webhook: Webhook = HOOK, fallback: str = ""
) -> AttemptResult:
    """Returns how one attempt ended, with this server or with none."""

    async def attempt() -> AttemptResult:
        smtp = {"smtp_host": "127.0.0.1", "smtp_tls": "none", "smtp_sender": "rewards@glow.example"}
        mailer = Mailer(dataclasses.replace(UNREACHABLE, smtp_port=server.port, **smtp)) if server else None  # type: ignore[arg-type]
        at_ms = to_ms(START)
        return await WarningMails(mailer, RING, fallback).attempt(
            webhook, MessageDelivery("mail:whk_1", "msg_1", notice, at_ms, at_ms)
        )

    return asyncio.run(attempt())


@pytest.mark.parametrize("sends_mail", [True, False])
def test_the_contact_of_the_endpoint_gets_a_delivery_and_others_the_message(sends_mail: bool) -> None:
    """The address is not in the line. Without a mail server nothing is written for the contact."""
    written = list[DeliveryScheduled]()

    async def write(endpoint: str, line: bytes) -> int:
        assert CONTACT.encode() not in line
        written.append(msgspec.json.decode(line, type=DeliveryScheduled))
        return len(written)

    async def refresh() -> None:
        """The catalog is read."""

    async def schedule() -> None:
        catalog = Catalog([HOOK, replace(HOOK, id="whk_2"), replace(HOOK, id="whk_3", events=("reward.revoked",))])
        acknowledged = asyncio.Event()
        notifier = Notifier(catalog, refresh, write, ManualClock(to_ms(START)), lambda _: sends_mail)
        record = ReceivedRecord(DELIVERIES, 0, 1, to_ms(START), msgspec.json.encode(WARNED))
        await notifier.dispatch(record, acknowledged.set)
        await asyncio.wait_for(acknowledged.wait(), 10)

    asyncio.run(schedule())
    assert [one.webhook for one in written] == (["mail:whk_1", "whk_2"] if sends_mail else ["whk_2"])


@pytest.mark.parametrize(("notice", "english", "chinese"), NOTICES)
def test_every_notice_is_a_mail_in_both_languages(notice: EndpointNotice, english: str, chinese: str) -> None:
    """It names the webhook, its program and its host: path and query may be a secret."""
    with run_mail_server() as server:
        assert _attempt(server, notice).outcome == "accepted"
    [mail] = server.received
    assert server.recipients == [[CONTACT]]
    assert mail["Message-ID"] == "<msg_1@glow.example>"
    for part in (english, chinese, "whk_1 (prg_glow)"):
        assert part in mail.get_content()
    assert mail.get_content().splitlines()[-1] == "https://hook.example:8443"
    assert "s3cret" not in mail.as_string()


def test_a_webhook_without_a_contact_is_reported_to_the_address_of_the_settings() -> None:
    """The operator's; a contact of its own goes before it."""
    without = replace(HOOK, contact=None)
    with run_mail_server() as server:
        for webhook in (without, HOOK):
            assert _attempt(server, webhook=webhook, fallback="operators@glow.example").outcome == "accepted"
    assert server.recipients == [["operators@glow.example"], [CONTACT]]
    mailer = Mailer(UNREACHABLE)
    assert WarningMails(mailer, RING, "operators@glow.example").is_wanted(without)
    assert not WarningMails(mailer, RING).is_wanted(without)
    assert WarningMails(mailer, RING).is_wanted(HOOK)
    assert not WarningMails(None, RING).is_wanted(HOOK)


def test_a_mail_that_is_refused_has_failed_and_follows_the_schedule() -> None:
    """With the reply code on the line."""
    with run_mail_server(lambda _: "451 try again later") as server:
        result = _attempt(server)
    assert (result.outcome, result.failure, result.status, result.excerpt) == ("failed", "status", 451, "")


def test_without_a_contact_or_a_server_no_mail_is_sent() -> None:
    """Also if one was scheduled before either was removed. An address that cannot be opened waits for its key."""
    with run_mail_server() as server:
        assert _attempt(server, webhook=replace(HOOK, contact=None)).outcome == "missed"
        assert _attempt(server, webhook=replace(HOOK, id="whk_2")).outcome == "unsent"
    assert server.attempts == 0
    assert _attempt(None).outcome == "missed"


def test_an_address_is_sealed_anew_with_the_newest_key() -> None:
    """As the secrets are."""
    again = reseal_webhook(RING, HOOK)
    assert again.contact != HOOK.contact
    assert open_contact(RING, again) == CONTACT
    assert reseal_webhook(RING, replace(HOOK, contact=None)).contact is None
