"""The digest to a growth team over real processes: one e-mail for each period, although the worker starts again."""

import pytest
from msgspec.structs import replace

from referral.clock import FileClock
from referral.config import Settings
from referral.digest_targets import digest_secret_name
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.promoter_messages import Digest
from referral.events.timestamps import DAY_MS, to_datetime
from tests.support.builders.participants import PROGRAM
from tests.support.digest_source import run_leaderboard
from tests.support.mail_server import run_mail_server
from tests.support.processes import run_module
from tests.support.systems.promoter_mails import AT_ONCE, run_with_mail
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
MODULE = "reward_dispatcher"


def test_each_period_has_one_mail(settings: Settings, environ: dict[str, str], clock: FileClock) -> None:
    """A worker that starts again on the same day sends nothing; the next day brings the next digest."""
    name, set_at_ms = digest_secret_name("email"), clock.now_ms()
    sealed = seal(settings.key_ring(), PROGRAM, name, "growth@glow.example")
    target = AdapterSecret(recorded_at=to_datetime(set_at_ms), program=PROGRAM, name=name, sealed=(sealed,))
    daily = replace(AT_ONCE, digest=Digest(every="day"))
    with (
        run_mail_server() as mails,
        run_leaderboard() as (url, asked),
        run_with_mail(settings, {**environ, "REFERRAL_LEADERBOARD": url}, mails, messages=daily) as system,
    ):
        system.apply(target)
        clock.set(set_at_ms + DAY_MS)
        for _ in range(2):
            with run_module(system.environ, MODULE, "worker"):
                wait_until(lambda: len(mails.received) >= 1)
        clock.set(set_at_ms + 2 * DAY_MS)
        with run_module(system.environ, MODULE, "worker"):
            wait_until(lambda: len(mails.received) >= 2)
    assert mails.recipients == [["growth@glow.example"]] * 2
    assert [mail["Subject"] for mail in mails.received] == ["Glow: growth"] * 2
    assert len({mail["Message-ID"] for mail in mails.received}) == 2
    assert len(set(asked)) == len(asked) == 2
