"""E-mails to the contact of a webhook: that it only fails, is full, or was disabled. In English and Chinese.

They have the schedule and the lines of any delivery, at the endpoint `mail:` and the webhook's id. So one is sent once, and again
only if the worker is killed between the server's reply and the line: then with the same `Message-ID`.
"""

from typing import assert_never
from urllib.parse import urlsplit

from referral.encryption import DecryptionFailed
from referral.events.deliveries import EndpointDisabled, EndpointFull, EndpointWarned
from referral.events.entities import Webhook
from referral.key_ring import KeyRing
from referral.mail import Mail, Mailer, MailFailed
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.message_body import EndpointNotice
from reward_dispatcher.domain.endpoint_health import DISABLED_AFTER_MS, MAX_UNDELIVERED, MAX_WAITING
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.webhook_secrets import open_contact

_DAYS = DISABLED_AFTER_MS // 86_400_000


class WarningMails:
    """Makes attempts to send e-mails; belongs to one event loop. `ring` opens the addresses of contacts.

    `fallback` is the address for webhooks without a contact; empty: they get none.
    """

    def __init__(self, mailer: Mailer | None, ring: KeyRing, fallback: str = "") -> None:
        self._mailer = mailer
        self._ring = ring
        self._fallback = fallback

    def is_wanted(self, webhook: Webhook) -> bool:
        """Whether someone gets an e-mail about a webhook."""
        return self._mailer is not None and bool(webhook.contact or self._fallback)

    async def attempt(self, webhook: Webhook, delivery: MessageDelivery) -> AttemptResult:
        """Returns how an attempt ended; missed if there is no contact or no mail server any more."""
        try:
            address = open_contact(self._ring, webhook) or self._fallback
        except DecryptionFailed:
            return AttemptResult("unsent", "unreadable")
        notice = delivery.content
        if not address or self._mailer is None or not isinstance(notice, EndpointNotice):
            return AttemptResult("missed")
        try:
            await self._mailer.send(warning_mail(address, webhook, delivery.id, notice))
        except MailFailed as error:
            return AttemptResult("failed", "status" if error.status else "connection", error.status)
        return AttemptResult("accepted")


def warning_mail(address: str, webhook: Webhook, id: str, notice: EndpointNotice) -> Mail:
    """Returns the e-mail about an endpoint. It names the program and the webhook, and no person and no secret.

    Path and query of its URL may be a secret, and are left out.
    """
    (english, chinese), (text, chinese_text) = _subject(webhook, notice), _text(notice)
    parts = urlsplit(webhook.url)
    about = f"{webhook.id} ({webhook.program})\n{parts.scheme}://{parts.netloc}"
    return Mail(id, address, f"{english} / {chinese}", f"{text}\n\n{chinese_text}\n\n{about}\n")


def _subject(webhook: Webhook, notice: EndpointNotice) -> tuple[str, str]:
    match notice:
        case EndpointWarned():
            return f"Webhook {webhook.id} only fails ({notice.percent}%)", "推送一直失败"
        case EndpointFull():
            return f"Webhook {webhook.id} is full", "待推送消息已满"
        case EndpointDisabled():
            return f"Webhook {webhook.id} was disabled", "推送已停用"
        case _:
            assert_never(notice)


def _text(notice: EndpointNotice) -> tuple[str, str]:
    match notice:
        case EndpointWarned():
            since = notice.failing_since.strftime("%Y-%m-%d %H:%M UTC")
            english = (
                f"Your receiver has accepted no message since {since}: {notice.percent}% of the {_DAYS} days after which nothing is"
                " sent to it any more. As soon as it accepts a message, the count begins anew."
            )
            return (
                english,
                f"自 {since} 起没有一条消息推送成功，已达 {_DAYS} 天停用期限的 {notice.percent}%。成功一条后即重新计算。",
            )
        case EndpointFull(limit="waiting"):
            english = (
                f"{MAX_WAITING:,} messages wait for your receiver. Further ones are missed; once it works, replay-missing sends"
                " them."
            )
            return english, f"已有 {MAX_WAITING:,} 条消息等待推送，之后的消息会被跳过；恢复后可用 replay-missing 补发。"
        case EndpointFull():
            english = (
                f"{MAX_UNDELIVERED:,} messages to your receiver have failed or were missed. Further ones cannot be sent again:"
                " read from the API what has changed."
            )
            return english, f"已有 {MAX_UNDELIVERED:,} 条消息未送达，之后的消息无法补发，请通过 API 查询变化。"
        case EndpointDisabled():
            is_gone = notice.reason == "gone"
            why = "it answered 410" if is_gone else f"it has only failed for {_DAYS} days"
            why_chinese = "接收地址返回了 410" if is_gone else f"接收地址连续 {_DAYS} 天失败"
            english = (
                f"Nothing is sent to your receiver any more: {why}. Repair it, enable it, and send what it missed."
            )
            return english, f"推送已停用：{why_chinese}。修复后请重新启用，并补发错过的消息。"
        case _:
            assert_never(notice)
