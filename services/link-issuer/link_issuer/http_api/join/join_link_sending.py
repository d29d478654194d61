"""Asks for a link of the join page by e-mail. The answer is the same whether anyone is known by the address or not."""

from dataclasses import dataclass

import msgspec
from redis.exceptions import RedisError

from link_issuer.domain.mail_address import as_mail_address
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.visitor_network import visitor_network
from link_issuer.pages.join_mail import join_mail_text
from referral.events.deliveries import ChannelClosed
from referral.events.ids import random_id
from referral.events.program import Program
from referral.events.promoter_messages import people_endpoint
from referral.events.timestamps import to_datetime, to_ms
from referral.http.context import context
from referral.log.publisher import Publisher
from referral.mail import Mail
from referral.people.join_links import write_join_link
from referral.return_addresses import ReturnAddresses
from referral.telemetry.metrics import counter
from referral.topics import DELIVERIES


class TooManyMails(Exception):
    """This mailbox, network or program was sent enough: in `wait_s` seconds the next e-mail may be sent."""

    def __init__(self, wait_s: int) -> None:
        super().__init__()
        self.wait_s = wait_s


class MailsUnavailable(Exception):
    """No e-mail can be sent now."""


@dataclass(frozen=True, slots=True)
class _Recipient:
    """A person, as a link names them, and their mailbox."""

    external_id: str
    address: str


def can_send_mails() -> bool:
    """Whether this system has a mail server."""
    return dependencies().join_mails.is_open


def send_to_address(rules: Program, address: str) -> None:
    """Sends a link to who is known by this address, in its normal form, whether they are enrolled or not.

    Raises TooManyMails and MailsUnavailable.
    """
    _count(rules.id, address)
    _send(rules, _Recipient(f"web:{address}", address))


def send_to_contact(rules: Program, person: str, typed: str) -> None:
    """Sends a link to a participant if they have given this address; the caller learns nothing of it.

    Raises TooManyMails and MailsUnavailable, which depend on what was typed alone.
    """
    address = as_mail_address(typed)
    _count(rules.id, address or "")
    profile = context().people.snapshot().profile(person)
    contact = as_mail_address(profile.contact) if profile and profile.contact else None
    if profile is not None and address is not None and address == contact:
        _send(rules, _Recipient(profile.external_id, address))


def _count(program: str, address: str) -> None:
    hashed = context().pseudonyms.fingerprint(b"join mailbox", address.encode())[:16]
    try:
        wait_s = dependencies().join_mail_limit.seconds_to_wait(program, visitor_network(b"join network"), hashed)
    except RedisError:
        raise MailsUnavailable from None
    if wait_s:
        counter("join_links").labels("email", "limited").inc()
        raise TooManyMails(wait_s)


def _send(rules: Program, to: _Recipient) -> None:
    person, now_ms = context().pseudonyms.person_id(rules.id, to.external_id), context().clock.now_ms()
    if _is_closed(rules.id, person):
        counter("join_links").labels("email", "closed").inc()
        return
    path = write_join_link(context().key_ring, rules.id, to.external_id, now_ms)
    subject, text = join_mail_text(rules, f"{dependencies().public_url}{path}")
    returns = ReturnAddresses(context().key_ring, context().settings.smtp_bounces).make(rules.id, person, now_ms)
    mail = Mail(random_id("msg"), to.address, subject, text, return_path=returns)
    publisher = dependencies().redirect_resolver.publisher
    endpoint, at = people_endpoint(rules.id, person), to_datetime(now_ms)
    line = ChannelClosed(
        occurred_at=at, program=rules.id, webhook=endpoint, person=person, channel="email", reason="bounced"
    )
    if not dependencies().join_mails.send(mail, lambda: _close(publisher, line)):
        raise MailsUnavailable


def _close(publisher: Publisher, line: ChannelClosed) -> None:
    """Writes that a mailbox does not exist. Raises NotDurable and Overloaded."""
    publisher.publish(DELIVERIES, [(line.webhook, msgspec.json.encode(line))])


def _is_closed(program: str, person: str) -> bool:
    """Whether the mailbox takes nothing, and the person has not changed what they gave about themselves since."""
    closed_ms = dependencies().closed_mailboxes.closed_ms(program, person)
    profile = context().people.snapshot().profile(person)
    return closed_ms is not None and (profile is None or to_ms(profile.recorded_at) <= closed_ms)
