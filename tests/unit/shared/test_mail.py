"""E-mails over a real SMTP server of this machine: accepted, refused, unreachable, silent."""

import asyncio
import dataclasses
import socket
from pathlib import Path

import pytest

from referral import mail
from referral.config import ConfigError, Settings
from referral.events.value_checks import InvalidValue
from referral.mail import Mail, Mailer, MailFailed, ascii_address, mailer_of
from referral_tools.stack.ports import free_ports
from referral_tools.stack.security import StackSecurity, create_authority, create_security
from tests.support.mail_server import MailSecurity, run_mail_server
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


def test_a_return_path_is_the_envelope_sender_alone() -> None:
    """People see and answer the sender."""
    with run_mail_server() as server:
        asyncio.run(_mailer(server.port).send(dataclasses.replace(MAIL, return_path="bounce+x@mail.glow.example")))
        asyncio.run(_mailer(server.port).send(MAIL))
    assert server.senders == ["bounce+x@mail.glow.example", "rewards@glow.example"]
    assert {str(one["From"]) for one in server.received} == {"rewards@glow.example"}


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
        ({"CONTACT": "ops@glow.example"}, "needs REFERRAL_SMTP_HOST"),
        ({"USER": "glow", "PASSWORD": "x7-hidden", "TLS": "none"}, "in clear"),
        ({"PASSWORD": "file:/nowhere/x7-hidden"}, "REFERRAL_SMTP_PASSWORD (a secret, not shown)"),
        ({"SENDER": "a@b.example, c@d.example"}, "write one address"),
        ({"CONTACT": "müller@glow.example"}, "of ASCII characters"),
        ({"CONTACT": "ops.@glow.example"}, "write one address"),
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


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> StackSecurity:
    """A certificate authority of this test, and a certificate for localhost."""
    return create_security(tmp_path_factory.mktemp("mail"))


def _secured(certificates: StackSecurity, *, from_beginning: bool) -> MailSecurity:
    return MailSecurity(certificates.certificate, certificates.key, from_beginning, "glow", "right")


def _signed_in(port: int, *, from_beginning: bool, **more: str) -> Settings:
    return dataclasses.replace(
        UNREACHABLE,
        smtp_host="localhost",
        smtp_port=port,
        smtp_sender="rewards@glow.example",
        smtp_tls="tls" if from_beginning else "starttls",
        smtp_user="glow",
        **more,  # type: ignore[arg-type] # texts only
    )


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # TLS from the beginning
@pytest.mark.parametrize("from_beginning", [True, False], ids=["tls", "starttls"])
def test_a_mail_is_sent_encrypted_with_a_login(
    from_beginning: bool, certificates: StackSecurity, tmp_path: Path
) -> None:
    """The certificate is checked with REFERRAL_SMTP_CA; the password comes from a file. A wrong one is refused, and not logged."""
    password = tmp_path / "password"
    password.write_text("right\n", "utf-8")
    ca = str(certificates.ca)
    with run_mail_server(security=_secured(certificates, from_beginning=from_beginning)) as server:
        for secret in (f"file:{password}", "wr0ng"):
            settings = _signed_in(server.port, from_beginning=from_beginning, smtp_ca=ca, smtp_password=secret)
            if secret == "wr0ng":
                with pytest.raises(MailFailed) as refused:
                    asyncio.run(Mailer(settings).send(MAIL))
                assert refused.value.status == 535
                assert "wr0ng" not in str(refused.value)
            else:
                asyncio.run(Mailer(settings).send(MAIL))
    assert [one["Subject"] for one in server.received] == [MAIL.subject]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # TLS from the beginning
@pytest.mark.parametrize("from_beginning", [True, False], ids=["tls", "starttls"])
def test_a_server_with_another_certificate_gets_neither_mail_nor_password(
    from_beginning: bool, certificates: StackSecurity, tmp_path: Path
) -> None:
    """Its authority is unknown, or the certificate is for another host."""
    create_authority(tmp_path / "other.pem")
    own, other = str(certificates.ca), str(tmp_path / "other.pem")
    with run_mail_server(security=_secured(certificates, from_beginning=from_beginning)) as server:
        settings = _signed_in(server.port, from_beginning=from_beginning, smtp_ca=other, smtp_password="right")
        for one in (settings, dataclasses.replace(settings, smtp_ca=own, smtp_host="localhost.localdomain")):
            with pytest.raises(MailFailed):
                asyncio.run(Mailer(one).send(MAIL))
    assert server.attempts == server.logins == 0


def test_a_server_without_encryption_gets_nothing_if_it_is_required() -> None:
    """STARTTLS that is not offered ends the attempt: nothing goes in clear."""
    with run_mail_server() as server, pytest.raises(MailFailed):
        asyncio.run(Mailer(dataclasses.replace(_mailer(server.port)._settings, smtp_tls="starttls")).send(MAIL))
    assert server.attempts == 0


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("ops@例え.jp", "ops@xn--r8jz45g.jp"),
        ("Ops+webhooks@Shop.example", "Ops+webhooks@Shop.example"),
        ("ops@faß.example", "ops@xn--fa-hia.example"),
    ],
)
def test_an_address_is_stored_as_every_mail_server_takes_it(text: str, stored: str) -> None:
    """A host in another script in its IDNA form."""
    assert ascii_address(text) == stored


@pytest.mark.parametrize("text", ["é@例え.jp", "运营@shop.example", "ops@-例え..jp"])
def test_an_address_that_needs_another_kind_of_mail_server_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(InvalidValue, match=r"must have (ASCII characters only before|a valid host after) the @"):
        ascii_address(text)
