"""An SMTP server that records e-mails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from referral_tools.stack.ports import free_ports


@dataclass
class MailServer:
    """Accepted e-mails in order. `reply` returns the reply to the n-th e-mail; "" accepts it. `attempts` counts them."""

    port: int
    reply: Callable[[int], str] = lambda _: ""
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    attempts: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the name is aiosmtpd's
        """Records an e-mail."""
        self.attempts += 1
        if refusal := self.reply(self.attempts):
            return refusal
        self.recipients.append(envelope.rcpt_tos)
        self.received.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def run_mail_server(reply: Callable[[int], str] = lambda _: "") -> Iterator[MailServer]:
    """Yields a server on a free port of this machine, without TLS."""
    server = MailServer(free_ports(1)[0], reply)
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
