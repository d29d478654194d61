"""Kafka with TLS, passwords and access rules, Redis with TLS and users: the whole system works, and strangers are refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from kafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from referral.config import Settings
from referral.fold.state_keys import state_key
from referral.log.acl_admin import ensure_users
from referral.log.connection import create_admin_client, create_consumer, create_producer
from referral.log.errors import AccessDenied
from referral.redis_acls import USERS
from referral.redis_client import connect_for_http
from referral_tools.campaign.client import Client
from referral_tools.cli import main
from referral_tools.stack.ports import free_ports
from referral_tools.stack.process import Process
from referral_tools.stack.security import create_authority, create_security
from referral_tools.system import TABLE, ProcessRow, System, free_base
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import run_receiver

pytestmark = pytest.mark.integration

PROGRAM: dict[str, Any] = {
    "id": "prg_tls",
    "name": {"en": "Encrypted"},
    "timezone": "Asia/Shanghai",
    "target_url": "https://example.com/follow",
    "channels": ["wechat"],
    "rewards": [
        {"id": "guide", "to": "referrer", "on": "conversion.cleared", "kind": "guide", "pool": "skincare-secrets.pdf"},
        {
            "id": "first20",
            "to": "referee",
            "on": "conversion.cleared",
            "kind": "discount_code",
            "percent": 20,
            "pool": "generated",
        },
    ],
    "boards": [{"metric": "referrals", "periods": ["month", "all"]}],
    "content": [{"id": "hacks", "format": "helpful", "mechanics": ["practical_value"], "hook": {"en": "Three steps"}}],
}
ROWS = {row.name: row for row in TABLE}
STRANGER = "stranger"
PASSWORD = "a password that no rule belongs to"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All twelve processes, each with its own users, on a stack that requires TLS and passwords."""
    home = tmp_path_factory.mktemp("secured")
    with System(home, free_base(), security=create_security(home)) as running:
        yield running


@pytest.fixture(scope="module")
def key(system: System) -> str:
    """An API key that may do everything."""
    return system.make_key()


@pytest.fixture(scope="module")
def http(system: System, key: str) -> Iterator[httpx.Client]:
    """A client of all services."""
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=150) as client:
        yield client


def settings_of(system: System, row: str, **changed: str) -> Settings:
    """The settings of a process, some of them changed."""
    environ = system.environ | system.stack.environ(ROWS[row].service, row)
    return Settings.from_env(environ | changed)


def command(system: System, *words: str) -> Result:
    """Runs `referral` with the credentials of the administrator."""
    return CliRunner().invoke(main, words, env=system.environ)


def event(kind: str, person: str, **fields: Any) -> dict[str, Any]:
    """An event of this moment."""
    now = datetime.now(UTC).isoformat()
    return {
        "type": kind,
        "program": "prg_tls",
        "id": f"{kind}-{person}",
        "person": person,
        "occurred_at": now,
        **fields,
    }


def test_a_referral_passes_through_all_processes_with_the_rights_of_each(
    system: System, key: str, http: httpx.Client
) -> None:
    """Enrolment, click, share, follow, verdict, board, reward, webhook, redemption, explanation, review and replay."""
    at = system.services
    with Client(system.front, key) as client, run_receiver() as receiver:
        client.apply("prg_tls", json.dumps(PROGRAM))
        [amy] = client.enrol("prg_tls", [{"external_id": "wx:amy", "display_name": "Amy"}])
        hook = {"program": "prg_tls", "url": receiver.url, "events": ["reward.fulfilled"]}
        made = http.post(f"{at['reward-dispatcher']}/v1/webhooks", json=hook, headers={"Idempotency-Key": "hook-1"})
        assert made.status_code == 201, made.text
        receiver.secret, receiver.public_key = made.json()["secret"], made.json()["public_key"]
        limited = http.post(
            f"{at['link-issuer']}/v1/participants/{amy.id}/links", json={"channel": "wechat", "max_uses": 5}
        )
        assert limited.status_code == 201, limited.text
        assert client.visit(limited.json()["link"])
        kit = http.get(f"{at['link-issuer']}/v1/participants/{amy.id}/share-kit", params={"channel": "wechat"})
        assert kit.status_code == 200, kit.text
        follow = event("person.followed", "wx:bo", channel="wechat", code=amy.code)
        sent = http.post(f"{at['conversion-tracker']}/v1/events", json=follow)
        assert sent.status_code in (200, 202), sent.text

        [reward] = wait_until(lambda: [one for one in client.wallet("prg_tls", "wx:bo") if one.status == "fulfilled"])
        assert client.redeem(reward, "order-1", "till-1", by_code=True)
        board = f"{at['leaderboard']}/v1/programs/prg_tls/boards/referrals"
        ranks = wait_until(lambda: http.get(board, params={"period": "all"}).json()["entries"])
        assert [(one["participant"], one["score"]) for one in ranks] == [(amy.id, 1)]
        around = http.get(f"{board}/people/wx:amy", params={"period": "all", "around": 1})
        assert around.json()["rank"] == 1

        def is_delivered() -> bool:
            system.start_stalled()  # on a busy machine Faust's consumer may not begin to read
            return reward.id in receiver.rewards()

        wait_until(is_delivered, timeout=400)
    place = f"{at['conversion-tracker']}/v1/programs/prg_tls"
    explained = http.get(f"{place}/people/wx:bo/explanation")
    assert explained.status_code == 200, explained.text
    assert http.get(f"{place}/conversions", params={"status": "held"}).status_code == 200
    job = http.post(f"{place}/replays", json=PROGRAM)
    assert job.status_code == 202, job.text
    wait_until(lambda: http.get(f"{place}/replays/{job.json()['id']}").json()["status"] == "done")
    assert http.get(f"{at['leaderboard']}/v1/programs/prg_tls/insights", params={"period": "all"}).status_code == 200


def test_topics_ensure_prints_and_adds_the_missing_access_rules(system: System) -> None:
    """The rules come from the topic table; a second run changes nothing and reports rules that are not in it."""
    applied = command(system, "topics", "ensure", "--acls", "--user", "leaderboard=second-leaderboard")
    assert applied.exit_code == 0, applied.output
    assert "User:second-leaderboard may READ topic referral.conversions: added" in applied.stdout
    assert "User:second-leaderboard may READ group referral.boards: added" in applied.stdout
    again = command(system, "topics", "ensure", "--acls")
    assert again.exit_code == 0, again.output
    assert "access rules are in order, 0 of them new" in again.stdout
    swapped = command(system, "topics", "ensure", "--acls", "--user", "link-issuer=second-leaderboard")
    assert "User:second-leaderboard may READ group referral.boards: not in the topic table" in swapped.stderr


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256"])
def test_a_service_may_do_at_kafka_what_the_topic_table_says_and_no_more(system: System, mechanism: str) -> None:
    """Leaderboard reads attributions for its own groups; it writes neither these nor in the group of another service."""
    settings = settings_of(system, "leaderboard", REFERRAL_KAFKA_MECHANISM=mechanism)
    producer = create_producer(settings, delivery_timeout_ms=5_000)
    with pytest.raises(TopicAuthorizationFailedError):
        producer.send("referral.attributions", b"{}", partition=0).get(timeout=150)
    producer.close(timeout=1)
    consumer = create_consumer(settings, group="referral.attribute")
    consumer.subscribe(["referral.events"])
    with pytest.raises(GroupAuthorizationFailedError):
        wait_until(lambda: consumer.poll(timeout_ms=500))
    consumer.close(autocommit=False, timeout_ms=500)


def _sample_keys() -> dict[str, str]:
    """A key that each process writes."""
    return {user.process: user.writes[-1].replace("*", "0}:x" if "{" in user.writes[-1] else "x") for user in USERS}


@pytest.mark.parametrize("process", [user.process for user in USERS])
def test_a_process_reaches_its_own_keys_in_redis_and_those_of_no_other_service(system: System, process: str) -> None:
    """Folds only their own state; HTTP services read their service's, and share the keys of requests; delivery reads its fold's."""
    keys, own = _sample_keys(), ROWS[process].service
    permitted = next(user.reads for user in USERS if user.process == process)
    with connect_for_http(settings_of(system, process)) as redis:
        redis.set(keys[process], "1", ex=60)
        assert redis.get(keys[process]) == b"1"
        for other in keys.keys() - {process}:
            shared = keys[other] == keys[process]
            reads = ROWS[process].serves and ROWS[other].service == own
            reads |= any(keys[other].startswith(pattern.rstrip("*")) for pattern in permitted)
            if not (shared or reads or (keys[other].startswith("http:") and ROWS[process].serves)):
                with pytest.raises(NoPermissionError):
                    redis.get(keys[other])
            if not shared and not keys[other].startswith("http:"):
                with pytest.raises(NoPermissionError):
                    redis.set(keys[other], "1")
        for words in (
            ("KEYS", "*"),
            ("SCAN", "0"),
            ("FLUSHALL",),
            ("CONFIG", "GET", "*"),
            ("ACL", "LIST"),
            ("SHUTDOWN",),
        ):
            with pytest.raises(NoPermissionError):
                redis.execute_command(*words)


def test_an_http_service_cannot_change_what_a_fold_derived(system: System) -> None:
    """Whoever takes over a service that strangers reach cannot write a reward or a rank."""
    with connect_for_http(settings_of(system, "reward-dispatcher")) as redis, pytest.raises(NoPermissionError):
        redis.set(state_key("rd", "ledger", 0, "reward:x"), b"forged")


def test_redis_accepts_nobody_without_a_user(system: System) -> None:
    """The default user is off."""
    assert system.stack.security is not None
    _, _, address = system.stack.redis.partition("@")
    authority = str(system.stack.security.ca)
    with Redis.from_url(f"rediss://{address}", ssl_ca_certs=authority) as redis, pytest.raises(AuthenticationError):
        redis.ping()


@pytest.fixture(scope="module")
def mistakes(system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Settings with one mistake each."""
    unrelated = tmp_path_factory.mktemp("unrelated") / "ca.pem"
    create_authority(unrelated)
    ensure_users(system.settings, {STRANGER: PASSWORD})
    wrong_redis = system.stack.redis.replace("operator", "nobody")
    return {
        "Kafka password": {"REFERRAL_KAFKA_PASSWORD": "wrong"},
        "Kafka user without access rules": {"REFERRAL_KAFKA_USER": STRANGER, "REFERRAL_KAFKA_PASSWORD": PASSWORD},
        "Kafka authority": {"REFERRAL_KAFKA_CA": str(unrelated)},
        "Kafka protocol": {"REFERRAL_KAFKA_SECURITY": "sasl_plaintext", "REFERRAL_KAFKA_CA": ""},
        "Redis password": {"REFERRAL_REDIS": wrong_redis},
        "Redis authority": {"REFERRAL_REDIS_CA": str(unrelated)},
    }


NAMED = {
    "Kafka password": ("refuses the user", "REFERRAL_KAFKA_PASSWORD"),
    "Kafka user without access rules": (STRANGER, "referral topics ensure --acls"),
    "Kafka authority": ("certificate", "REFERRAL_KAFKA_CA"),
    "Kafka protocol": ("REFERRAL_KAFKA_SECURITY",),
    "Redis password": ("REFERRAL_REDIS",),
    "Redis authority": ("REFERRAL_REDIS_CA",),
}
"""What readiness reports of each mistake: what is wrong, and what to correct."""

CASES = [
    *(("leaderboard", mistake) for mistake in NAMED),
    *(("attribute", mistake) for mistake in NAMED if mistake != "Kafka protocol"),
    *(("delivery", mistake) for mistake in NAMED if mistake.startswith("Kafka")),
]


@pytest.fixture(scope="module")
def readiness(system: System, mistakes: dict[str, dict[str, str]]) -> Iterator[dict[tuple[str, str], str]]:
    """The readiness of a service, a fold and the delivery worker with each mistake; all are started at once."""
    started: list[Process] = []
    addresses: dict[tuple[str, str], str] = {}
    try:
        for (name, mistake), port in zip(CASES, free_ports(len(CASES)), strict=True):
            started.append(_start(system, ROWS[name], port, mistakes[mistake]))
            addresses[name, mistake] = f"http://127.0.0.1:{port}/readyz"
        yield {case: wait_until(partial(_reason, address)) for case, address in addresses.items()}
    finally:
        for process in started:
            process.kill()


def _start(system: System, row: ProcessRow, port: int, mistake: dict[str, str]) -> Process:
    ports = {
        "REFERRAL_HTTP_PORT": str(port),
        "REFERRAL_LIVE_PORT": "0",
        "REFERRAL_METRICS_PORT": "0" if row.serves else str(port),
    }
    return system.process(row, ports | {"REFERRAL_WORKER": "mistaken"} | mistake).start()


def _reason(address: str) -> str | None:
    """The checks that fail, once they have been made."""
    try:
        answer = httpx.get(address, timeout=150)
    except httpx.TransportError:
        return None
    failed = json.dumps(answer.json()["checks"])
    return None if answer.status_code == 200 or "not started yet" in failed else failed


@pytest.mark.parametrize(("process", "mistake"), CASES)
def test_readiness_names_what_is_refused_and_what_corrects_it(
    readiness: dict[tuple[str, str], str], process: str, mistake: str
) -> None:
    """A process with a wrong password, certificate or user neither works nor dies silently."""
    for words in NAMED[mistake]:
        assert words in readiness[process, mistake]
    assert PASSWORD not in readiness[process, mistake]


def test_a_command_with_the_wrong_password_says_so(system: System) -> None:
    """An operator's command ends with the same reason."""
    wrong = system.environ | {"REFERRAL_KAFKA_PASSWORD": "wrong"}
    for words in (("keys", "list"), ("topics", "ensure")):
        ended = CliRunner().invoke(main, words, env=wrong)
        assert (ended.exit_code, "refuses the user 'admin'" in ended.output) == (1, True), ended.output


def test_a_user_without_rights_cannot_add_access_rules(system: System, mistakes: dict[str, dict[str, str]]) -> None:
    """Only an administrator creates topics and rules."""
    environ = system.environ | mistakes["Kafka user without access rules"]
    ended = CliRunner().invoke(main, ("topics", "ensure", "--acls"), env=environ)
    assert ended.exit_code == 1
    assert STRANGER in ended.output


@pytest.mark.parametrize("words", ["show", "doctor", "ensure"])
@pytest.mark.parametrize("user", [STRANGER, "leaderboard"])
def test_a_user_who_may_not_see_all_topics_is_told_so(
    system: System, mistakes: dict[str, dict[str, str]], words: str, user: str
) -> None:
    """A user without any rule, and a service: neither may see all settings. It is no report of missing topics."""
    service = system.stack.environ("leaderboard", "leaderboard")
    environ = system.environ | (service if user == "leaderboard" else mistakes["Kafka user without access rules"])
    ended = CliRunner().invoke(main, ("topics", words), env=environ)
    assert (ended.exit_code, "use one that may alter the cluster" in ended.output) == (1, True), ended.output
    assert user in ended.output
    assert "does not exist" not in ended.output


def test_a_changed_password_takes_effect_for_new_connections(system: System) -> None:
    """The old password is refused from then on; other users keep theirs."""
    ensure_users(system.settings, {"temporary": "first password"})
    environ = {"REFERRAL_KAFKA_USER": "temporary", "REFERRAL_KAFKA_PASSWORD": "first password"}
    first = settings_of(system, "leaderboard", **environ)
    create_admin_client(first).close()
    ensure_users(system.settings, {"temporary": "second password"})
    second = settings_of(system, "leaderboard", **environ | {"REFERRAL_KAFKA_PASSWORD": "second password"})
    create_admin_client(second).close()
    with pytest.raises(AccessDenied, match="refuses the user 'temporary'"):
        wait_until(lambda: create_admin_client(first).close())
