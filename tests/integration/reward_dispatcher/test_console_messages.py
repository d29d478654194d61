"""The page of messages in the console, on a real Kafka and Redis, with a mail server."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.digest_targets import digest_secret_name
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.promoter_messages import Digest, MessageTemplate
from reward_dispatcher.http_api.app import app as make_app
from tests.support.builders.participants import AMY, PROGRAM, START
from tests.support.builders.reward_dispatcher import grant
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.operators import ConsoleBrowser
from tests.support.processes import run_module
from tests.support.systems.promoter_mails import AT_ONCE, mail_reader, run_with_mail
from tests.support.systems.reward_console import STAFF, RewardConsole
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
MESSAGES = "/console/rewards/messages"
BO = mail_reader("bo")
OWN = replace(
    AT_ONCE,
    kinds=("reward_ready", "welcome"),
    digest=Digest(every="day"),
    templates={"reward_ready": MessageTemplate(text={"en": "For you: {reward}", "zh-CN": "送给你：{reward}"})},
)


@contextmanager
def serve_console(settings: Settings, environ: dict[str, str], mails: MailServer) -> Iterator[RewardConsole]:
    """Yields the console of a program with messages in its own words, a daily digest and a target for it; no worker runs."""
    name = digest_secret_name("email")
    sealed = seal(settings.key_ring(), PROGRAM, name, "growth@glow.example")
    target = AdapterSecret(recorded_at=START, program=PROGRAM, name=name, sealed=(sealed,))
    with run_with_mail(settings, environ, mails, mail_reader("amy"), BO, messages=OWN) as service:
        service.apply(target, *STAFF.values())
        app = make_app(Settings.from_env(service.environ))
        try:
            app.extensions["referral"].follower.read_to_end(30)
            browsers = {role: ConsoleBrowser(app) for role in STAFF}
            for role, browser in browsers.items():
                browser.enter(STAFF[role])
            yield RewardConsole(service, app, browsers)
        finally:
            app.extensions["referral"].close()


def test_operators_see_what_was_sent_and_open_a_closed_address(settings: Settings, environ: dict[str, str]) -> None:
    """What waits, what was sent by which channel, who gets no e-mails, the texts and the digest; each change is audited."""
    refuses = {"amy@mail.example": "550 no such user"}
    with (
        run_mail_server(refuses=lambda to: refuses.get(to, "")) as mails,
        serve_console(settings, environ, mails) as console,
    ):
        assert "Nothing waits" in console.text(MESSAGES)
        console.service.write_rewards([grant("rwd_1", beneficiary=AMY.id), grant("rwd_2", beneficiary=BO.id)])
        waiting = wait_until(lambda: _with(console.text(MESSAGES), "People for whom one waits 2"))
        assert "bo Reward ready goes out next" in waiting.lower().replace("reward ready", "Reward ready")
        assert "No closed addresses" in waiting
        assert "For you: " in waiting
        assert "送给你" in waiting
        assert "Reward ready ● is sent own words" in waiting
        assert "Prize won ○ is not sent" in waiting
        assert "Daily at 09:00." in waiting
        with run_module(console.service.environ, "reward_dispatcher", "worker"):
            sent = wait_until(lambda: _with(console.text(f"{MESSAGES}?status=delivered"), "Sent 2 · WeChat 0"))
            assert "· Email 1" in sent
            assert "· Wallet only 1" in sent
            assert "a•••@mail.example" in sent
            assert "amy@mail.example" not in sent
            assert "No messages" in console.text(f"{MESSAGES}?status=failed")
            refuses.clear()
            form = {"decision": "reopen", "id": [AMY.id, "psn_unknown"]}
            answer = console.browsers["growth"].post(MESSAGES, form, page=MESSAGES)
            assert "1 address gets emails again." in console.text(answer.headers["Location"])
            assert "No closed addresses" in console.text(MESSAGES)
            console.service.write_rewards([grant("rwd_3", beneficiary=AMY.id)])
            wait_until(lambda: ["amy@mail.example"] in mails.recipients)
        assert console.audit() == [("opr_gr", "address.reopened", AMY.id)]


def test_an_operator_sends_themselves_an_example(settings: Settings, environ: dict[str, str]) -> None:
    """In the chosen language; a refusal and an invalid address are shown; who may not, cannot."""
    with (
        run_mail_server(refuses=lambda to: "550 no" if to.startswith("nobody") else "") as mails,
        serve_console(settings, environ, mails) as console,
    ):
        form = {"decision": "test", "kind": "welcome", "language": "zh-CN", "address": "lin@glow.example"}
        for address, text in (
            ("lin@glow.example", "Sent. It may take a minute"),
            ("nobody@glow.example", "did not accept the message"),
            ("lin", "not an email address"),
        ):
            answer = console.browsers["growth"].post(MESSAGES, form | {"address": address}, page=MESSAGES)
            assert text in console.text(answer.headers["Location"]).replace("&#39;", "'"), address
        assert [mail["Subject"] for mail in mails.received] == ["欢迎加入Glow"]
        for role in ("viewer", "support"):
            browser = console.browsers[role]
            assert f'method="post" action="{MESSAGES}' not in browser.get(MESSAGES).text
            refused = browser.post(MESSAGES, form | {"csrf": browser.token("/console/rewards")})
            assert refused.status_code == 403
        assert console.browsers["growth"].post(MESSAGES, form).status_code == 403
        assert console.browsers["growth"].post(MESSAGES, {"decision": "x"}, page=MESSAGES).status_code == 400
        assert console.browsers["elsewhere"].get(f"{MESSAGES}?program={PROGRAM}").status_code == 404
        assert console.audit() == [("opr_gr", "message.tested", "welcome")] * 2


def _with(text: str, part: str) -> str | None:
    return text if part in text else None
