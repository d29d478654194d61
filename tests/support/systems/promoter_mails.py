"""Reward-dispatcher with a mail server, and a program that sends messages to promoters at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec
from msgspec.structs import replace

from referral.config import Settings
from referral.events.deliveries import DeliveryAttempted, DeliveryFact
from referral.events.entities import ProgramVersion
from referral.events.people import Profile
from referral.events.promoter_messages import Messages, QuietHours
from referral.log.records import split
from referral.topics import DELIVERIES
from tests.support.builders.participants import AMY, profile
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.mail_server import MailServer
from tests.support.processes import run_module
from tests.support.stored_data import topic_records
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher

MODULE = "reward_dispatcher"
AT_ONCE = Messages(quiet_hours=QuietHours(start="00:00", to="00:00"), per_week=50, bundle_minutes=0)


def message_terms(messages: Messages = AT_ONCE) -> ProgramVersion:
    """Returns the Glow program with messages."""
    version = reward_terms()
    return replace(version, program=replace(version.program, messages=messages))


def mail_reader(name: str) -> Profile:
    """Returns someone who agreed to e-mails."""
    return replace(profile(name), contact=f"{name}@mail.example", consents=("messages",), language="en")


def endings(settings: Settings) -> Counter[str]:
    """Counts how the messages to people ended, by channel and outcome."""
    found: Counter[str] = Counter()
    for record in topic_records(settings, DELIVERIES):
        for raw in split(record.content.partition(b"\n")[2]):
            if b'"message":"psn_' in raw and raw.startswith(b'{"type":"delivery.attempted"'):
                line = msgspec.json.decode(raw, type=DeliveryFact)
                assert isinstance(line, DeliveryAttempted)
                found[f"{line.channel}:{line.outcome}"] += 1
    return found


@contextmanager
def run_with_mail(
    settings: Settings, environ: dict[str, str], mails: MailServer, *people: Profile, messages: Messages = AT_ONCE
) -> Iterator[RewardDispatcher]:
    """Everything but the worker, with an SMTP server."""
    smtp = {
        "REFERRAL_SMTP_HOST": "127.0.0.1",
        "REFERRAL_SMTP_PORT": str(mails.port),
        "REFERRAL_SMTP_TLS": "none",
        "REFERRAL_SMTP_SENDER": "hello@glow.example",
        "REFERRAL_SMTP_BOUNCES": "bounce@mail.glow.example",
    }
    with ExitStack() as stack:
        records = (message_terms(messages), AMY, *people)
        system = stack.enter_context(serve_reward_dispatcher(settings, {**environ, **smtp}, *records))
        stack.enter_context(run_module(system.environ, MODULE, "fold", "ledger", "deliveries"))
        yield system
