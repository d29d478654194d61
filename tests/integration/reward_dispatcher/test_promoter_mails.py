"""Messages to promoters over real processes: one e-mail each, whatever is killed; unsubscription, bounces, webhooks."""

from collections import Counter
from email.message import EmailMessage
from random import Random

import pytest
from msgspec.structs import replace

from referral.clock import FileClock
from referral.config import Settings
from tests.support.builders.participants import AMY, PROGRAM
from tests.support.builders.reward_dispatcher import grant
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.processes import run_module, start_module, stop_process
from tests.support.systems.promoter_mails import AT_ONCE, endings, mail_reader, run_with_mail
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import run_receiver

pytestmark = pytest.mark.integration
MODULE = "reward_dispatcher"
PEOPLE = 40


def recipients(mails: MailServer) -> Counter[str]:
    """Counts the e-mails of each mailbox."""
    return Counter(address for addresses in mails.recipients for address in addresses)


def test_each_message_is_one_mail_although_the_worker_is_killed(settings: Settings, environ: dict[str, str]) -> None:
    """At random moments, by SIGKILL. What was begun and not seen to end is never sent again: it is unconfirmed."""
    people = [mail_reader(f"p{number}") for number in range(PEOPLE)]
    chance = Random(20261130)
    with run_mail_server() as mails, run_with_mail(settings, environ, mails, *people) as system:
        system.write_rewards(grant(f"rwd_{one.external_id}", beneficiary=one.id) for one in people)
        for _ in range(4):
            worker = start_module(system.environ, MODULE, "worker")
            enough = len(mails.received) + chance.randint(1, 9)
            try:
                # What a killed worker had begun never arrives: there may be fewer left than these.
                wait_until(lambda least=enough: len(mails.received) >= least or endings(settings).total() >= PEOPLE)
            finally:
                worker.kill()
                worker.wait(150)
        worker = start_module(system.environ, MODULE, "worker")
        try:
            wait_until(lambda: endings(settings).total() >= PEOPLE)
        finally:
            stop_process(worker)
        ended, arrived = endings(settings), recipients(mails)
    assert arrived.most_common(1)[0][1] == 1, "someone got a message twice"
    assert ended["email:accepted"] + ended["None:unconfirmed"] == PEOPLE
    assert len(arrived) >= ended["email:accepted"]
    assert len(arrived) + ended["None:unconfirmed"] >= PEOPLE


def test_a_mail_says_what_is_true_and_how_to_end_it(
    settings: Settings, environ: dict[str, str], clock: FileClock
) -> None:
    """One bundle for what happens together, with the headers of RFC 8058 and a link to the wallet."""
    amy = mail_reader("amy")
    bundled = replace(AT_ONCE, bundle_minutes=1)
    with run_mail_server() as mails, run_with_mail(settings, environ, mails, amy, messages=bundled) as system:
        system.write_rewards([grant("rwd_1", beneficiary=AMY.id), grant("rwd_2", beneficiary=AMY.id)])
        wait_until(lambda: len(system.wallet("xhs:amy")) == 2)
        clock.set(clock.now_ms() + 61_000)
        with run_module(system.environ, MODULE, "worker"):
            wait_until(lambda: mails.received)
    [mail] = mails.received
    text = mail.get_content().replace("\r\n", "\n")
    assert mail["Message-ID"] == f"<{AMY.id}-1@glow.example>"
    assert mail["Subject"] == "News from Glow"
    assert text.startswith("Hi Amy\n")
    assert text.count("Yours now: ") == 2
    assert "/w/" in text
    assert _unsubscribe_url(mail) in text
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mailbox_that_does_not_exist_closes_the_channel(settings: Settings, environ: dict[str, str]) -> None:
    """The message is in the wallet; the next one is not tried by e-mail."""
    with (
        run_mail_server(refuses=lambda _: "550 no such user") as mails,
        run_with_mail(settings, environ, mails, mail_reader("amy")) as system,
        run_module(system.environ, MODULE, "worker"),
    ):
        system.write_rewards([grant("rwd_1", beneficiary=AMY.id)])
        wait_until(lambda: endings(settings) == {"wallet:accepted": 1})
        assert mails.refused == 1
        system.write_rewards([grant("rwd_2", beneficiary=AMY.id)])
        wait_until(lambda: endings(settings) == {"wallet:accepted": 2})
        assert (mails.refused, mails.received) == (1, [])


def test_a_platform_that_asks_for_messages_gets_them_in_words(settings: Settings, environ: dict[str, str]) -> None:
    """For people who agreed and gave no address; once."""
    silent = replace(mail_reader("amy"), contact=None)
    with (
        run_mail_server() as mails,
        run_receiver() as receiver,
        run_with_mail(settings, environ, mails, silent) as system,
        run_module(system.environ, MODULE, "worker"),
    ):
        body = {"program": PROGRAM, "url": receiver.url, "events": ["promoter.message"]}
        made = system.client.post("/v1/webhooks", json=body, headers={"Idempotency-Key": "one"})
        assert made.status_code == 201, made.text
        receiver.secret, receiver.public_key = made.json()["secret"], made.json()["public_key"]
        system.write_rewards([grant("rwd_1", beneficiary=AMY.id)])
        wait_until(lambda: receiver.received)
        wait_until(lambda: endings(settings)["webhook:accepted"] == 1)
    [(_, kind, about)] = receiver.received
    data = receiver.data[about]
    assert (kind, data["external_id"], data["kinds"]) == ("promoter.message", "xhs:amy", ["reward_ready"])
    assert "Yours now: " in str(data["text"])


def _unsubscribe_url(mail: EmailMessage) -> str:
    return str(mail["List-Unsubscribe"]).strip("<>")
