"""Subscription messages of WeChat over real processes: one for each consent, whatever is killed; then the next channel."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.encryption import seal
from referral.events.deliveries import DeliveryAttempted, DeliveryFact, WechatConsentGiven
from referral.events.entities import AdapterSecret
from referral.events.people import Profile
from referral.events.promoter_messages import people_endpoint
from referral.events.wechat_rules import WechatAccount, WechatSubscription
from referral.log.records import split
from referral.topics import DELIVERIES
from referral_tools.wechat_stand_in.account import Account
from referral_tools.wechat_stand_in.server import serve_account
from tests.support.builders.participants import AMY, PROGRAM, START, person
from tests.support.builders.reward_dispatcher import grant
from tests.support.processes import run_module, start_module, stop_process
from tests.support.records import write_lines
from tests.support.stored_data import topic_records
from tests.support.systems.promoter_mails import mail_reader, message_terms
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
MODULE = "reward_dispatcher"
APPID, SECRET, TEMPLATE = "wx0123456789abcdef", "secret-of-the-app", "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3"
PEOPLE = 30


def follower(number: int) -> Profile:
    """Returns someone who follows the account, wants messages and gave no address."""
    external_id = f"wechat:o{number}"
    return replace(mail_reader("x"), id=person(external_id).id, external_id=external_id, contact=None)


@contextmanager
def serve_wechat(
    settings: Settings, environ: dict[str, str], *people: Profile
) -> Iterator[tuple[RewardDispatcher, Account]]:
    """Everything but the worker, with an account that has an approved template; no customer message is allowed to anyone."""
    account = Account(APPID, SECRET, lambda: 0.0, templates={TEMPLATE: frozenset({"thing1", "thing2"})})
    rules = WechatSubscription(template=TEMPLATE, fields={"thing1": "program", "thing2": "news"})
    terms = message_terms()
    terms = replace(terms, program=replace(terms.program, wechat=WechatAccount(appid=APPID, subscription=rules)))
    sealed = seal(settings.key_ring(), PROGRAM, "wechat-app", SECRET)
    secret = AdapterSecret(recorded_at=START, program=PROGRAM, name="wechat-app", sealed=(sealed,))
    with ExitStack() as stack:
        here = {**environ, "REFERRAL_WECHAT_API": stack.enter_context(serve_account(account))}
        system = stack.enter_context(serve_reward_dispatcher(settings, here, terms, secret, AMY, *people))
        stack.enter_context(run_module(system.environ, MODULE, "fold", "ledger", "deliveries"))
        yield system, account


def give_consents(system: RewardDispatcher, account: Account, people: list[Profile]) -> None:
    """Everyone allows one message; their callback arrived twice."""
    lines = []
    for one in people:
        account.answer_request(one.external_id.removeprefix("wechat:"), TEMPLATE, "accept")
        endpoint = people_endpoint(PROGRAM, one.id)
        line = WechatConsentGiven(
            occurred_at=START, program=PROGRAM, webhook=endpoint, person=one.id, template=TEMPLATE
        )
        lines += [(endpoint, msgspec.json.encode(line))] * 2
    write_lines(system.settings, DELIVERIES, lines)


def endings(settings: Settings) -> Counter[str]:
    """Counts how attempts ended, by channel and outcome."""
    found: Counter[str] = Counter()
    for record in topic_records(settings, DELIVERIES):
        for raw in split(record.content.partition(b"\n")[2]):
            if raw.startswith(b'{"type":"delivery.attempted"'):
                line = msgspec.json.decode(raw, type=DeliveryFact)
                assert isinstance(line, DeliveryAttempted)
                found[f"{line.channel}:{line.outcome}"] += 1
    return found


def test_a_consent_is_used_once_although_the_worker_is_killed(settings: Settings, environ: dict[str, str]) -> None:
    """At random moments, by SIGKILL: what was begun is unconfirmed. The second message is in the wallet; WeChat refuses none."""
    people, chance = [follower(number) for number in range(PEOPLE)], Random(20261130)
    with serve_wechat(settings, environ, *people) as (system, account):
        give_consents(system, account, people)
        system.write_rewards(grant(f"rwd_1{one.id}", beneficiary=one.id) for one in people)
        for _ in range(2):
            worker = start_module(system.environ, MODULE, "worker")
            enough = len(account.notices) + chance.randint(1, 6)
            try:
                wait_until(lambda least=enough: len(account.notices) >= least or endings(settings).total() >= PEOPLE)
            finally:
                worker.kill()
                worker.wait(150)
        worker = start_module(system.environ, MODULE, "worker")
        try:
            wait_until(lambda: endings(settings).total() >= PEOPLE)
            system.write_rewards(grant(f"rwd_2{one.id}", beneficiary=one.id) for one in people)
            wait_until(lambda: endings(settings).total() >= 2 * PEOPLE)
        finally:
            stop_process(worker)
        ended = endings(settings)
    assert not account.errors, "WeChat refused a message"
    assert max(len(some) for some in account.notices.values()) == 1
    assert ended["wechat_subscription:accepted"] + ended["None:unconfirmed"] == PEOPLE
    assert len(account.notices) >= ended["wechat_subscription:accepted"]
    assert ended["wallet:accepted"] == PEOPLE
    sent = next(iter(account.notices.values()))[0]
    assert sent["data"] == {"thing1": {"value": "Glow"}, "thing2": {"value": sent["data"]["thing2"]["value"]}}  # type: ignore[index]
    assert "/w/" in str(sent["page"])


def test_a_refused_message_goes_to_the_next_channel(settings: Settings, environ: dict[str, str]) -> None:
    """WeChat has a consent no more that this system has: the person took it back, and the callback was lost."""
    one = follower(1)
    with serve_wechat(settings, environ, one) as (system, account):
        give_consents(system, account, [one])
        account.refuse_notices("o1", TEMPLATE)
        with run_module(system.environ, MODULE, "worker"):
            system.write_rewards([grant("rwd_1", beneficiary=one.id)])
            wait_until(lambda: endings(settings)["wallet:accepted"] == 1)
    assert account.errors == {43101: 1}
    assert account.notices == {}
