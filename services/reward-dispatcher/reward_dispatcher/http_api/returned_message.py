"""Reads an e-mail that came back: its report, and the return addresses that it names. Nothing in it is trusted."""

from collections.abc import Iterator
from email import policy
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser, HeaderParser
from itertools import islice

from msgspec import Struct

from reward_dispatcher.domain.returned_mail import RecipientStatus, ReturnedVerdict, complaint_verdict, delivery_verdict

MAX_BYTES = 256 * 1024
_MAX_PARTS, _MAX_RECIPIENTS, _MAX_FIELD = 50, 50, 1000
_RECEIVED_BY = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_parse = BytesParser(policy=policy.compat32).parsebytes  # it takes every header, also malformed ones
_parse_headers = HeaderParser(policy=policy.compat32).parsestr


class ReturnedMessage(Struct, frozen=True):
    """The verdict of a report, and texts with return addresses, the most reliable first."""

    verdict: ReturnedVerdict
    addresses: tuple[str, ...]


def read_message(body: bytes, recipient: str = "") -> ReturnedMessage:
    """The report in an e-mail as it was received; `recipient` is the address that it was delivered to, if the caller knows it.

    An automatic reply (RFC 3834), a disposition notification (RFC 8098) or any other e-mail is `ignored`.
    """
    try:
        message = _parse(body)
        parts = list(islice(message.walk(), _MAX_PARTS))
    except (MessageError, RecursionError, ValueError, LookupError):
        return ReturnedMessage(ReturnedVerdict("ignored", "unreadable"), ())
    own = (recipient, *(_field(message, name) for name in _RECEIVED_BY))
    return ReturnedMessage(_verdict(message, parts), tuple(filter(None, (*own, *_original_senders(parts)))))


def _verdict(message: Message, parts: list[Message]) -> ReturnedVerdict:
    if message.get_content_type() != "multipart/report":
        return ReturnedVerdict("ignored", "no_report")
    for part in parts:
        match part.get_content_type():
            case "message/delivery-status" | "message/global-delivery-status":  # RFC 6533 for the second
                return delivery_verdict(_recipients(part))
            case "message/feedback-report":
                return complaint_verdict(_fields(part, "Feedback-Type"))
    return ReturnedVerdict("ignored", "no_report")


def _recipients(part: Message) -> Iterator[RecipientStatus]:
    """The fields of each recipient: groups of lines, which `email` parses as messages. The first group is about the e-mail."""
    for group in islice(_groups(part), _MAX_RECIPIENTS):
        fields = [_field(group, name) for name in ("Action", "Status", "Diagnostic-Code")]
        if fields[0] or fields[1]:
            yield RecipientStatus(*fields)


def _original_senders(parts: list[Message]) -> Iterator[str]:
    """The envelope sender of the e-mail that came back, as reports quote it."""
    for part in parts:
        match part.get_content_type():
            case "message/feedback-report":
                yield _fields(part, "Original-Mail-From")
            case "message/rfc822" | "message/global":
                yield _fields(part, "Return-Path")
            case "text/rfc822-headers":
                text = part.get_payload(decode=True)
                yield (
                    _field(_parse_headers(text.decode("ascii", "replace")), "Return-Path")
                    if isinstance(text, bytes)
                    else ""
                )


def _groups(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (one for one in payload if isinstance(one, Message))


def _fields(part: Message, name: str) -> str:
    return next(filter(None, (_field(one, name) for one in _groups(part))), "")


def _field(message: Message, name: str) -> str:
    return str(message.get(name, ""))[:_MAX_FIELD]
