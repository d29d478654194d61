"""Messages to promoters by e-mail, with one-click unsubscription (RFC 8058)."""

from referral.clock import Clock
from referral.events.promoter_messages import ChannelName
from referral.mail import HARD_BOUNCES, Mail, Mailer, MailFailed
from referral.return_addresses import ReturnAddresses
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.channels import Commit, Recipient, WrittenMessage


class EmailChannel:
    """E-mails through the mail server of the settings; closed without one."""

    name: ChannelName = "email"

    def __init__(self, mailer: Mailer | None, returns: ReturnAddresses, clock: Clock) -> None:
        self._mailer = mailer
        self._returns = returns
        self._clock = clock

    def is_open(self, recipient: Recipient) -> bool:
        """Whether the person agreed, gave an address that works, and there is a mail server."""
        return self._mailer is not None and recipient.agreed and recipient.email_open and bool(_address(recipient))

    async def send(self, recipient: Recipient, message: WrittenMessage, commit: Commit) -> AttemptResult:
        """Sends the e-mail. Without a reply to its content, no one knows whether it arrives: it is `unconfirmed`.

        `gone`: the mailbox does not exist; `unsent`: the server refuses this e-mail for ever.
        """
        if self._mailer is None:
            return AttemptResult("unsent")
        is_begun = False

        async def begin() -> None:
            nonlocal is_begun
            await commit()
            is_begun = True

        try:
            await self._mailer.send(self._mail(recipient, message), begin)
        except MailFailed as error:
            return _failure(error, is_begun=is_begun)
        return AttemptResult("accepted")

    def _mail(self, recipient: Recipient, message: WrittenMessage) -> Mail:
        text = "\n\n".join(part for part in (message.text, message.footer) if part)
        return_path = self._returns.make(recipient.program, recipient.person, self._clock.now_ms())
        return Mail(
            message.id, _address(recipient), message.subject, f"{text}\n", message.unsubscribe, return_path=return_path
        )


def _failure(error: MailFailed, *, is_begun: bool) -> AttemptResult:
    if error.status is None:
        return AttemptResult("unconfirmed" if is_begun else "failed", "connection")
    if error.status in HARD_BOUNCES and not is_begun:
        return AttemptResult("gone", "status", error.status)
    return AttemptResult("unsent" if error.status >= 500 else "failed", "status", error.status)


def _address(recipient: Recipient) -> str:
    contact = recipient.profile.contact if recipient.profile else None
    return contact if contact and "@" in contact else ""
