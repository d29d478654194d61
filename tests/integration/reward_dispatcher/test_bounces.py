"""E-mails that come back hours later: the mailbox is closed, by whatever way the report reaches the system."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from referral.config import Settings
from referral.events.ids import format_id
from referral.return_addresses import ReturnAddresses
from referral_tools.cli import main
from tests.support.builders.participants import AMY, PROGRAM
from tests.support.builders.returned_mails import automatic_reply, complaint, exchange_report, postfix_report
from tests.support.builders.reward_dispatcher import grant
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.processes import run_module
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.promoter_mails import endings, mail_reader, run_with_mail
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server that accepts everything."""
    with run_mail_server() as server:
        yield server


@pytest.fixture
def system(settings: Settings, environ: dict[str, str], mails: MailServer) -> Iterator[RewardDispatcher]:
    """All processes, and Amy, who reads e-mails."""
    with (
        run_with_mail(settings, environ, mails, mail_reader("amy")) as running,
        run_module(running.environ, "reward_dispatcher", "worker"),
    ):
        yield running


def _send(system: RewardDispatcher, body: bytes, key: str = API_SECRET, **query: str) -> httpx.Response:
    headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {key}"}
    return system.client.post("/v1/bounces", content=body, params=query, headers=headers)


def _command(system: RewardDispatcher, *more: str, body: bytes = b"") -> Result:
    where = ["--url", str(system.client.base_url), "--key", API_SECRET]
    return CliRunner().invoke(main, ["mail", "bounces", *where, *more], input=body)


def test_a_late_bounce_closes_the_mailbox(system: RewardDispatcher, mails: MailServer, settings: Settings) -> None:
    """The server had accepted the e-mail. The same report again changes nothing; the next message stays in the wallet."""
    system.write_rewards([grant("rwd_1", beneficiary=AMY.id)])
    wait_until(lambda: endings(settings) == {"email:accepted": 1})
    [returned] = mails.senders
    assert returned.startswith("bounce+")
    passing = _command(system, body=postfix_report(returned, "4.4.1", "delayed"))
    assert (passing.exit_code, passing.output) == (0, "temporary (4.4.1)\n")
    system.write_rewards([grant("rwd_2", beneficiary=AMY.id)])
    wait_until(lambda: endings(settings) == {"email:accepted": 2})
    report = postfix_report(returned.upper())
    assert _send(system, report).json() == {"outcome": "bounced", "reason": "5.1.1"}
    assert _send(system, report).json() == {"outcome": "repeated", "reason": "5.1.1"}
    system.write_rewards([grant("rwd_3", beneficiary=AMY.id)])
    wait_until(lambda: endings(settings) == {"email:accepted": 2, "wallet:accepted": 1})
    assert len(mails.received) == 2


def test_a_maildir_is_read_once_and_a_complaint_closes_the_mailbox(
    system: RewardDispatcher, mails: MailServer, settings: Settings, tmp_path: Path
) -> None:
    """Each e-mail moves to `cur` when it is recorded; what came before the person gave their address changes nothing."""
    system.write_rewards([grant("rwd_1", beneficiary=AMY.id)])
    wait_until(lambda: endings(settings) == {"email:accepted": 1})
    returns = ReturnAddresses(settings.key_ring(), "bounce@mail.glow.example")
    earlier = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.a").write_bytes(exchange_report(returns.make(PROGRAM, AMY.id, round(earlier * 1000))))
    (tmp_path / "new" / "2.b").write_bytes(automatic_reply(mails.senders[0]))
    (tmp_path / "new" / "3.c").write_bytes(b"\r\n")
    first = _command(system, "--maildir", str(tmp_path))
    assert first.output == "1.a: bounced (5.1.10)\n2.b: ignored (no_report)\n3.c: ignored (empty)\n"
    system.write_rewards([grant("rwd_2", beneficiary=AMY.id)])
    wait_until(lambda: endings(settings) == {"email:accepted": 2})
    (tmp_path / "new" / "4.d").write_bytes(complaint(mails.senders[1]))
    assert _command(system, "--maildir", str(tmp_path)).output == "4.d: complained (abuse)\n"
    assert sorted(one.name for one in (tmp_path / "cur").iterdir()) == ["1.a:2,S", "2.b:2,S", "3.c:2,S", "4.d:2,S"]
    system.write_rewards([grant("rwd_3", beneficiary=AMY.id)])
    wait_until(lambda: endings(settings) == {"email:accepted": 2, "wallet:accepted": 1})


def test_nobody_closes_the_mailbox_of_another_person(system: RewardDispatcher, settings: Settings) -> None:
    """Without a genuine return address, with another key, or with one that is bound to another program; sizes are bounded."""
    returns = ReturnAddresses(settings.key_ring(), "bounce@mail.glow.example")
    genuine = returns.make(PROGRAM, AMY.id, 1_764_468_000_000)
    forged = genuine.replace(genuine[20], "b" if genuine[20] == "a" else "a")
    for address in (forged, "bounce@mail.glow.example", returns.make("prg_none", AMY.id, 1)):
        assert _send(system, postfix_report(address)).json() == {"outcome": "unverified", "reason": "5.1.1"}
    elsewhere = "rk_elsewhere"
    system.apply(
        api_key("elsewhere", "bounces:write", secret=elsewhere, programs=("prg_other",)),
        api_key("reader", "read", secret="rk_reader"),
    )
    wait_until(lambda: _send(system, postfix_report(forged), elsewhere).status_code == 200)
    assert _send(system, postfix_report(genuine), elsewhere).status_code == 403
    wait_until(lambda: _send(system, b"x", "rk_reader").status_code == 403)
    assert _send(system, b" ").status_code == 422
    assert _send(system, b"x" * (256 * 1024 + 1)).status_code == 413
    assert _send(system, postfix_report("other@glow.example"), recipient="x" * 300).status_code == 422
    stranger = returns.make(PROGRAM, format_id("psn", b"0123456789"), 1_764_468_000_000)
    body = postfix_report("postmaster@glow.example", returned="none@glow.example")
    assert _send(system, body, recipient=stranger).json() == {"outcome": "bounced", "reason": "5.1.1"}


def test_a_pipe_tries_again_while_the_system_is_away() -> None:
    """Status 75 keeps the e-mail in the queue of the mail server."""
    away = ["mail", "bounces", "--url", "http://127.0.0.1:9", "--key", "rk_x"]
    result = CliRunner().invoke(main, away, input=postfix_report("bounce@mail.glow.example"))
    assert result.exit_code == 75
