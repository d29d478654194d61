"""The mailboxes of promoters: an SMTP server that counts e-mails by recipient and Message-ID."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Protocol

from aiosmtpd.controller import Controller

from referral_tools.stack.ports import free_ports


class _Envelope(Protocol):
    """An accepted e-mail, as aiosmtpd has it."""

    content: bytes
    rcpt_tos: list[str]


class Mailboxes:
    """`received` counts each e-mail by recipient and Message-ID: one that came twice has the count 2."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: Counter[tuple[str, str]] = Counter()

    async def handle_DATA(self, server: object, session: object, envelope: _Envelope) -> str:  # noqa: N802 - the name is aiosmtpd's
        """Counts an e-mail."""
        id = str(message_from_bytes(envelope.content)["Message-ID"])
        self.received.update((address, id) for address in envelope.rcpt_tos)
        return "250 OK"

    @property
    def sent(self) -> int:
        """How many different e-mails came."""
        return len(self.received)

    @property
    def doubled(self) -> int:
        """How many came once more than they should."""
        return self.received.total() - len(self.received)

    def settings(self) -> dict[str, str]:
        """The settings with which a system sends its e-mails here."""
        return {
            "REFERRAL_SMTP_HOST": "127.0.0.1",
            "REFERRAL_SMTP_PORT": str(self.port),
            "REFERRAL_SMTP_TLS": "none",
            "REFERRAL_SMTP_SENDER": "hello@glow.example",
        }


@contextmanager
def run_mailboxes() -> Iterator[Mailboxes]:
    """Yields mailboxes on a free port of this machine."""
    mailboxes = Mailboxes(free_ports(1)[0])
    controller = Controller(mailboxes, hostname="127.0.0.1", port=mailboxes.port)
    controller.start()
    try:
        yield mailboxes
    finally:
        controller.stop()
