"""A test send of a digest over HTTP, by the command and in the console, to a real mail server."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from referral.clock import FileClock
from referral.config import Settings
from referral.digest_targets import digest_secret_name
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.promoter_messages import Digest
from referral.events.timestamps import to_datetime
from referral_tools.cli import main
from tests.support.builders.participants import PROGRAM
from tests.support.digest_source import run_leaderboard
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.settings import API_SECRET
from tests.support.systems.promoter_mails import AT_ONCE, message_terms
from tests.support.systems.reward_console import RewardConsole, serve_reward_console, text_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
DIGESTS = f"/v1/programs/{PROGRAM}/messages/digests"
PAGE = "/console/rewards/messages"


@dataclass
class Mailed:
    """The console, its mail server, and the target that a program may get."""

    console: RewardConsole
    mails: MailServer
    target: AdapterSecret


@pytest.fixture
def mailed(settings: Settings, environ: dict[str, str], clock: FileClock) -> Iterator[Mailed]:
    """A program with a daily digest, and no target yet."""
    name = digest_secret_name("email")
    sealed = seal(settings.key_ring(), PROGRAM, name, "growth@glow.example")
    target = AdapterSecret(recorded_at=to_datetime(clock.now_ms()), program=PROGRAM, name=name, sealed=(sealed,))
    with ExitStack() as stack:
        mails = stack.enter_context(run_mail_server())
        url, _ = stack.enter_context(run_leaderboard())
        smtp = {
            "REFERRAL_SMTP_HOST": "127.0.0.1",
            "REFERRAL_SMTP_PORT": str(mails.port),
            "REFERRAL_SMTP_TLS": "none",
            "REFERRAL_SMTP_SENDER": "hello@glow.example",
        }
        console = stack.enter_context(serve_reward_console(settings, {**environ, **smtp, "REFERRAL_LEADERBOARD": url}))
        daily = message_terms(replace(AT_ONCE, digest=Digest(every="day")))
        console.service.apply(replace(daily, version=2))
        yield Mailed(console, mails, target)


def test_a_test_digest_is_sent_once_by_each_door(mailed: Mailed) -> None:
    """API, command and console; the console shows the answer, and the audit log has the test."""
    console, client = mailed.console, mailed.console.service.client
    missing = client.post(f"{DIGESTS}/email/test")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_digest_target")
    assert client.post(f"{DIGESTS}/fax/test").json()["code"] == "unknown_digest_kind"
    assert client.get(DIGESTS).json() == {"program": PROGRAM, "sent": True, "items": []}
    wait_until(lambda: "nowhere to send it" in console.text(PAGE))  # the console reads the catalog a moment later
    console.service.apply(mailed.target)

    key = {"Idempotency-Key": "digest-1"}
    sent = [client.post(f"{DIGESTS}/email/test", headers=key).json() for _ in range(2)]
    assert sent[0] == sent[1]
    assert (sent[0]["kind"], sent[0]["status"], sent[0]["first"]) == ("email", None, sent[0]["last"])
    assert len(mailed.mails.received) == 1

    command = ["digest", "test", PROGRAM, "email", "--url", str(client.base_url), "--key", API_SECRET]
    shown = CliRunner().invoke(main, command)
    assert shown.exit_code == 0, shown.output
    assert "email has accepted the digest of" in shown.output

    browser = console.browsers["growth"]
    wait_until(lambda: "Send it now as a test" in console.text(PAGE))
    page = browser.post(f"{PAGE}?program={PROGRAM}&lang=en", {"decision": "digest", "target": "email"}, page=PAGE)
    assert (page.status_code, "Email has taken the digest." in text_of(page)) == (200, True)
    assert "growth@glow.example" not in page.text
    assert [mail["Subject"] for mail in mailed.mails.received] == ["Glow: growth"] * 3
    assert console.audit()[-1][1:] == ("digest.tested", "email")
    assert "Send it now as a test" not in console.text(PAGE, "viewer")
