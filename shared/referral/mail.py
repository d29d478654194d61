"""E-mails through the SMTP server of the settings (RFC 5321). The caller decides when it is tried again.

An e-mail that is sent twice has the same `Message-ID` (RFC 5322, 3.6.4), by which mailboxes recognize it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from referral.events.value_checks import InvalidValue, ascii_name
from referral.setting_checks import read_secret

if TYPE_CHECKING:
    import aiosmtplib

    from referral.config import Settings

MAX_ADDRESS = 254  # characters of an address: RFC 5321, 4.5.3.1.3
TIMEOUT_S = 20.0
HARD_BOUNCES = frozenset({550, 551, 553, 556})
"""Replies to a recipient that their mailbox does not exist or takes no messages (RFC 5321, 4.2.3; RFC 7504)."""
_AT_ONCE = 4  # connections to the server


def ascii_address(text: str) -> str:
    """Returns an address as every mail server takes it: a host in another script in its IDNA form (RFC 5891).

    Raises InvalidValue for other characters before the @: servers without SMTPUTF8 (RFC 6531) refuse them.
    """
    name, _, host = text.rpartition("@")
    if not name.isascii():
        raise InvalidValue(
            f"must have ASCII characters only before the @, which every mail server takes; got {text!r:.64}"
        )
    try:
        return f"{name}@{ascii_name(host)}"
    except ValueError as error:
        raise InvalidValue(f"must have a valid host after the @ ({error}); got {text!r:.64}") from None


class MailFailed(Exception):
    """The server did not accept an e-mail; `status` is its reply code, None if it did not reply. The message names no address."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail of plain text to one address. `id` is the same each time that it is sent.

    `unsubscribe` is the address that ends e-mails of this kind by one POST (RFC 8058); empty for one that is not part of a list.
    `return_path` is where it comes back to if it cannot be delivered; empty: to its sender.
    """

    id: str
    to: str
    subject: str
    text: str
    unsubscribe: str = ""
    return_path: str = ""


async def _nothing() -> None:
    """What begins an e-mail that may be sent again."""


class Mailer:
    """Sends e-mails, a few at a time; belongs to one event loop."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def send(self, mail: Mail, begin: Callable[[], Awaitable[None]] = _nothing) -> None:
        """Returns once the server has accepted the e-mail. Raises MailFailed, within 20 seconds.

        `begin` is awaited once the server has accepted sender and recipient, right before the content: what fails earlier was
        certainly not delivered.
        """
        import aiosmtplib  # by processes that send e-mails alone

        try:
            async with asyncio.timeout(TIMEOUT_S), self._places:
                await self._send(mail, begin)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            raise MailFailed("the server refuses the recipient", codes[0] if codes else None) from None
        except aiosmtplib.SMTPResponseException as error:
            raise MailFailed(f"{type(error).__name__}, reply code {error.code}", error.code) from None
        except (aiosmtplib.SMTPException, MessageError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise MailFailed(type(error).__name__) from None

    async def _send(self, mail: Mail, begin: Callable[[], Awaitable[None]]) -> None:
        message = _message(mail, self._settings.smtp_sender)
        async with self._client() as client:
            await client.mail(mail.return_path or self._settings.smtp_sender)
            await client.rcpt(mail.to)
            await begin()
            await client.data(message.as_bytes())

    def _client(self) -> "aiosmtplib.SMTP":
        import aiosmtplib

        here = self._settings
        return aiosmtplib.SMTP(
            hostname=here.smtp_host,
            port=here.smtp_port,
            username=here.smtp_user or None,
            password=read_secret(here.smtp_password) or None,
            use_tls=here.smtp_tls == "tls",
            start_tls=here.smtp_tls == "starttls",
            cert_bundle=here.smtp_ca or None,
            timeout=TIMEOUT_S,
        )


def mailer_of(settings: "Settings") -> Mailer | None:
    """Returns the mailer of the settings; None without a server."""
    return Mailer(settings) if settings.smtp_host else None


def _message(mail: Mail, sender: str) -> EmailMessage:
    """Raises ValueError or MessageError if an address or the subject would break out of its header."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, Address(addr_spec=mail.to), mail.subject
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic replies
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    return message
