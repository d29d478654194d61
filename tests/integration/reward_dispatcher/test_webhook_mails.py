"""E-mails to the contact of a webhook, over real processes; and where secrets of webhooks must not be."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from referral.clock import FileClock
from referral.config import Settings
from referral.redis_client import RedisClient
from referral_tools.stack.ports import free_ports
from tests.support.builders.participants import person_id
from tests.support.builders.reward_dispatcher import grant
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.processes import run_module, start_module, stop_process
from tests.support.redis_content import redis_content
from tests.support.redis_servers import empty
from tests.support.stored_data import all_records
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import WebhookReceiver, run_receiver

pytestmark = pytest.mark.integration
MODULE = "reward_dispatcher"
CONTACT = "ops@shop.example"


def _register(system: RewardDispatcher, receiver: WebhookReceiver, **more: object) -> str:
    body = {"program": "prg_glow", "url": receiver.url, **more}
    made = system.client.post("/v1/webhooks", json=body, headers={"Idempotency-Key": receiver.url})
    assert made.status_code == 201, made.text
    receiver.secret, receiver.public_key = made.json()["secret"], made.json()["public_key"]
    return str(made.json()["id"])


def _grant(system: RewardDispatcher, *rewards: str) -> None:
    system.write_rewards(grant(one, beneficiary=person_id(f"xhs:{one}")) for one in rewards)


@contextmanager
def _running(settings: Settings, environ: dict[str, str], mails: MailServer) -> Iterator[RewardDispatcher]:
    """Everything but the worker, with an SMTP server."""
    smtp = {
        "REFERRAL_SMTP_HOST": "127.0.0.1",
        "REFERRAL_SMTP_PORT": str(mails.port),
        "REFERRAL_SMTP_TLS": "none",
        "REFERRAL_SMTP_SENDER": "rewards@glow.example",
    }
    with ExitStack() as stack:
        system = stack.enter_context(serve_reward_dispatcher(settings, {**environ, **smtp}))
        for fold in ("ledger", "deliveries"):
            stack.enter_context(run_module(system.environ, MODULE, "fold", fold))
        yield system


def test_the_contact_of_a_dead_webhook_gets_one_mail(
    settings: Settings, environ: dict[str, str], clock: FileClock, redis: RedisClient
) -> None:
    """Although the mail server refuses the first attempt, the worker is killed and Redis is emptied; others wait for none of it."""
    with (
        run_mail_server(lambda number: "451 try again later" if number == 1 else "") as mails,
        run_receiver(answer=lambda _: 410) as gone,
        run_receiver() as healthy,
        _running(settings, environ, mails) as system,
    ):
        webhook = _register(system, gone, contact=CONTACT)
        _register(system, healthy)
        worker = start_module(system.environ, MODULE, "worker")
        try:
            _grant(system, "rwd_1")
            wait_until(lambda: mails.attempts == 1)
            wait_until(lambda: healthy.rewards() == {"rwd_1"})
            wait_until(lambda: "endpoint.disabled" in {kind for _, kind, _ in healthy.received})
            worker.kill()
            worker.wait(150)
            empty(redis)
            clock.set(clock.now_ms() + 7_000)
            worker = start_module(system.environ, MODULE, "worker")
            wait_until(lambda: mails.received)
            _grant(system, "rwd_2")
            wait_until(lambda: "rwd_2" in healthy.rewards())
        finally:
            stop_process(worker)
        listed = system.client.get("/v1/webhooks", params={"program": "prg_glow"}).text
    [mail] = mails.received
    assert mails.recipients == [[CONTACT]]
    assert (mail["Subject"], mails.attempts) == (f"Webhook {webhook} was disabled / 推送已停用", 2)
    assert "it answered 410" in mail.get_content()
    assert "推送已停用" in mail.get_content()
    assert mail.get_content().splitlines()[-1] == gone.url.removesuffix("/hook")
    assert gone.url not in mail.get_content()
    assert CONTACT not in listed
    assert listed.count('"has_contact":true') == 1


def test_without_a_mail_server_nothing_is_sent_and_it_is_said_once(
    settings: Settings, environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Other endpoints get the message as before; nothing is written for the contact."""
    with (
        run_receiver(answer=lambda _: 410) as gone,
        run_receiver() as healthy,
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, MODULE, "fold", "ledger"),
        run_module(system.environ, MODULE, "fold", "deliveries"),
        run_module(system.environ, MODULE, "worker"),
    ):
        _register(system, gone, contact=CONTACT)
        _register(system, healthy)
        _grant(system, "rwd_1")
        wait_until(lambda: "endpoint.disabled" in {kind for _, kind, _ in healthy.received})
    assert not any(b'"webhook":"mail:' in one.content for one in all_records(settings))
    assert capfd.readouterr().out.count("REFERRAL_SMTP_HOST is not set") == 1


def test_secrets_of_a_webhook_are_in_the_answer_to_its_creation_alone(
    settings: Settings, environ: dict[str, str], redis: RedisClient, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in logs, metrics, lines, Redis, mails, other answers and messages: neither secrets nor the address of the contact."""
    [port] = free_ports(1)
    environ["REFERRAL_LOG_LEVEL"] = "debug"
    with (
        run_mail_server() as mails,
        run_receiver() as receiver,
        run_receiver(answer=lambda _: 500, answer_body=b"no") as failing,
        _running(settings, environ, mails) as system,
        run_module({**system.environ, "REFERRAL_METRICS_PORT": str(port)}, MODULE, "worker"),
    ):
        first = _register(system, receiver, contact=CONTACT)
        secrets = [receiver.secret]
        rotated = system.client.post(f"/v1/webhooks/{first}/rotate", json={}).json()
        receiver.secret, receiver.public_key = rotated["secret"], rotated["public_key"]
        dead = _register(system, failing, contact=f"dead-{CONTACT}")
        secrets += [receiver.secret, failing.secret]
        _grant(system, "rwd_1")
        wait_until(lambda: receiver.rewards() == {"rwd_1"})
        failing.answer = lambda _: 410
        replayed = [one["message"] for one in _items(system, dead)]
        system.client.post(f"/v1/webhooks/{dead}/deliveries/{replayed[0]}/replay")
        wait_until(lambda: mails.received)
        answers = [
            system.client.get("/v1/webhooks", params={"program": "prg_glow"}),
            system.client.patch(f"/v1/webhooks/{first}", json={"description": "new", "contact": CONTACT}),
            *(system.client.get(f"/v1/webhooks/{first}/{part}") for part in ("deliveries", "stats")),
            system.client.get("/metrics"),
            httpx.get(f"http://127.0.0.1:{port}/metrics"),
        ]
        assert [one.status_code for one in answers] == [200] * len(answers)
        sent = [mail.as_bytes() for mail in mails.received]
        stored = [one.content for one in all_records(settings)] + [redis_content(redis)]  # type: ignore[arg-type]
    logged = capfd.readouterr()
    places = [*(one.content for one in answers), *sent, *stored, logged.out.encode(), logged.err.encode()]
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert not [place for place in places if secret.removeprefix("whsec_").encode() in place]
    assert not [place for place in places if b"whsk_" in place]
    assert not [place for place in places if CONTACT.encode() in place and place not in sent]


def _items(system: RewardDispatcher, webhook: str) -> list[dict[str, str]]:
    return wait_until(lambda: list(system.client.get(f"/v1/webhooks/{webhook}/deliveries").json()["items"]))
