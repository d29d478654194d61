"""E-mails over a real SMTP server of this machine: accepted, refused, unreachable, silent."""

import asyncio
import dataclasses
import socket

import pytest

from referral import mail
from referral.config import ConfigError, Settings
from referral.mail import Mail, Mailer, MailFailed, mailer_of
from referral_tools.stack.ports import free_ports
from tests.support.mail_server import run_mail_server
from tests.support.settings import SIGNING_KEY, UNREACHABLE

MAIL = Mail(
    "msg_1", "ops@shop.example", "Webhook whk_1 is full / 待推送消息已满", "Many messages wait.\n\n消息已满。\n"
)


def _mailer(port: int) -> Mailer:
    found = mailer_of(
        dataclasses.replace(
            UNREACHABLE, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none", smtp_sender="rewards@glow.example"
        )
    )
    assert found is not None
    return found


def test_an_accepted_mail_has_its_id_and_says_that_no_person_wrote_it() -> None:
    """Sent again, it has the same Message-ID; both languages arrive as they are."""
    with run_mail_server() as server:
        for _ in range(2):
            asyncio.run(_mailer(server.port).send(MAIL))
    first, again = server.received
    assert first["Message-ID"] == again["Message-ID"] == "<msg_1@glow.example>"
    assert (first["From"], first["To"], first["Auto-Submitted"]) == (
        "rewards@glow.example",
        "ops@shop.example",
        "auto-generated",
    )
    assert first["Subject"] == MAIL.subject
    assert first.get_content().replace("\r\n", "\n") == MAIL.text


def test_a_refusal_has_the_code_and_not_the_address() -> None:
    """The reason may be logged."""
    with (
        run_mail_server(lambda _: "552 mailbox of ops@shop.example is full") as server,
        pytest.raises(MailFailed) as found,
    ):
        asyncio.run(_mailer(server.port).send(MAIL))
    assert found.value.status == 552
    assert "ops@" not in str(found.value)


def test_a_server_that_does_not_answer_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether nothing listens, or the connection stays silent."""
    [closed] = free_ports(1)
    with pytest.raises(MailFailed):
        asyncio.run(_mailer(closed).send(MAIL))
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MailFailed) as found:
        asyncio.run(_mailer(silent.getsockname()[1]).send(MAIL))
    assert found.value.status is None


@pytest.mark.parametrize("to", ["ops@shop.example\r\nBcc: all@shop.example", "ops@shop.example, all@shop.example\n"])
def test_an_address_cannot_add_headers(to: str) -> None:
    """Nothing is sent."""
    with run_mail_server() as server, pytest.raises(MailFailed):
        asyncio.run(_mailer(server.port).send(dataclasses.replace(MAIL, to=to)))
    assert server.attempts == 0


def test_without_a_server_there_is_no_mailer() -> None:
    """The default."""
    assert mailer_of(UNREACHABLE) is None


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"HOST": "mail.example"}, "needs REFERRAL_SMTP_SENDER"),
        ({"USER": "glow"}, "belong together"),
        ({"USER": "glow", "PASSWORD": "x7-hidden", "TLS": "none"}, "in clear"),
        ({"PASSWORD": "file:/nowhere/x7-hidden"}, "REFERRAL_SMTP_PASSWORD (a secret, not shown)"),
        ({"SENDER": "a@b.example, c@d.example"}, "write one address"),
        ({"HOST": "mail.example/path"}, "host name"),
    ],
)
def test_settings_that_would_not_work_are_refused(values: dict[str, str], part: str) -> None:
    """With the remedy; the password is not shown."""
    environ = {f"REFERRAL_SMTP_{name}": value for name, value in values.items()}
    with pytest.raises(ConfigError) as found:
        Settings.from_env({"REFERRAL_SIGNING_KEY": SIGNING_KEY, **environ})
    assert part in str(found.value)
    assert "x7-hidden" not in str(found.value)
