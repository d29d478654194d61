"""An SMTP server that records e-mails."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from referral_tools.stack.ports import free_ports


@dataclass
class MailServer:
    """Accepted e-mails in order, with their recipients and return paths (`senders`).

    `reply` returns the reply to the n-th e-mail; "" accepts it. `attempts` counts them. `logins` counts the passwords that it was
    sent. `refuses` returns the reply to a recipient; `refused` counts those.
    """

    port: int
    reply: Callable[[int], str] = lambda _: ""
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    attempts: int = 0
    logins: int = 0
    refuses: Callable[[str], str] = lambda _: ""
    refused: int = 0

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Takes a recipient, unless `refuses` has a reply for the address."""
        if refusal := self.refuses(address):
            self.refused += 1
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the name is aiosmtpd's
        """Records an e-mail."""
        self.attempts += 1
        if refusal := self.reply(self.attempts):
            return refusal
        self.recipients.append(envelope.rcpt_tos)
        self.senders.append(envelope.mail_from)
        self.received.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


@dataclass(frozen=True)
class MailSecurity:
    """TLS from the beginning of a connection or by STARTTLS, with this certificate; only this user may send."""

    certificate: Path
    key: Path
    from_beginning: bool
    user: str
    password: str

    def options(self, server: MailServer) -> dict[str, Any]:
        """The arguments of aiosmtpd's controller."""
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.certificate, self.key)
        encryption = {"ssl_context": tls} if self.from_beginning else {"tls_context": tls, "require_starttls": True}
        # aiosmtpd counts TLS from the beginning as none when it decides whether a password may be sent
        login = {
            "authenticator": partial(self._authenticate, server),
            "auth_required": True,
            "auth_require_tls": not self.from_beginning,
        }
        return encryption | login

    def _authenticate(
        self, counted: MailServer, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        counted.logins += 1
        given = (data.login, data.password) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == (self.user.encode(), self.password.encode()), handled=False)


@contextmanager
def run_mail_server(
    reply: Callable[[int], str] = lambda _: "",
    security: MailSecurity | None = None,
    refuses: Callable[[str], str] = lambda _: "",
) -> Iterator[MailServer]:
    """Yields a server on a free port of this machine; without `security` it takes e-mails from anyone, without TLS."""
    server = MailServer(free_ports(1)[0], reply, refuses=refuses)
    options = security.options(server) if security else {}
    controller = Controller(server, hostname="localhost" if security else "127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
