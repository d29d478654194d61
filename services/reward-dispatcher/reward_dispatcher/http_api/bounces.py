"""E-mails that came back: the mailbox of a person is closed when it does not exist, or when they complained.

Whose mailbox it is follows from the return address, which only this system can make; not from the report, which anyone can write.
"""

from datetime import timedelta
from hashlib import blake2b
from typing import Annotated, Literal

import msgspec
from flask import g, request
from marshmallow import fields, validate
from msgspec import Meta, Struct
from redis.exceptions import RedisError

from referral.events.deliveries import ChannelClosed
from referral.events.promoter_messages import people_endpoint
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from referral.mail import MAX_ADDRESS
from referral.return_addresses import ReturnAddresses, ReturnedMail
from referral.telemetry.metrics import counter
from referral.tokens import InvalidTokenError
from referral.topics import DELIVERIES
from referral.validation.strict_schema import StrictSchema
from reward_dispatcher.domain.returned_mail import ReturnedVerdict
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.returned_message import MAX_BYTES, read_message

blueprint = Blueprint("bounces", __name__, description="E-mails that came back.")
_KNOWN_S = int(timedelta(days=7).total_seconds())
_MAIL = {"schema": {"type": "string", "maxLength": MAX_BYTES}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The e-mail as it was received, with all headers; at most 256 KiB.",
        "content": {"message/rfc822": _MAIL, "text/plain": _MAIL},
    }
}
_encode = msgspec.json.Encoder().encode


class BounceQuery(StrictSchema):
    """Where the e-mail was delivered to."""

    recipient = fields.Str(
        load_default="",
        validate=validate.Length(max=MAX_ADDRESS),
        metadata={"description": "the address that it was delivered to; from its headers if left out"},
    )


class BounceResponse(Struct):
    """What became of an e-mail."""

    outcome: Annotated[
        Literal["bounced", "complained", "temporary", "ignored", "unverified", "repeated"],
        Meta(
            description="bounced, complained: nothing is sent to the mailbox any more; temporary: counted; ignored: no report of"
            " a failure; unverified: it names no genuine return address; repeated: it was sent before"
        ),
    ]
    reason: Annotated[
        str, Meta(description="such as the code 5.1.1, the type of a complaint, or what the e-mail is instead")
    ]


@blueprint.post("/v1/bounces")
@requires("bounces:write")
@without_rate_limit
@idempotent
@blueprint.arguments(BounceQuery, location="query")
@response(BounceResponse)
@blueprint.doc(**_BODY)
@blueprint.alt_response(403, description="The key is bound to other programs than that of the e-mail.")
@blueprint.alt_response(413, description="More than 256 KiB.")
@blueprint.alt_response(422, description="The body is empty.")
@blueprint.alt_response(503, description="Not recorded: send it again.")
def take_back(query: dict[str, str]) -> BounceResponse:
    """Reads a delivery report (RFC 3464) or a complaint (RFC 5965) about an e-mail to a person. The same again changes nothing."""
    body = request.get_data()
    if len(body) > MAX_BYTES:
        detail = (
            f"The body has {len(body):,} bytes; at most {MAX_BYTES:,} are read. Send the headers and the report alone."
        )
        raise Problem(413, "too_large", detail)
    if not body.strip():
        raise Problem(422, "empty_body", "The body must be an e-mail as it was received, with its headers.")
    result = _result(body, query["recipient"])
    counter("returned_mails").labels(result.outcome).inc()
    return result


def _result(body: bytes, recipient: str) -> BounceResponse:
    found = read_message(body, recipient)
    about = _find_mail(found.addresses)
    if found.verdict.outcome == "ignored":
        return BounceResponse("ignored", found.verdict.reason)
    if about is None:
        return BounceResponse("unverified", found.verdict.reason)
    mail, program = about
    require_program_access(g.key, program)
    mark = f"rd:returned:{blake2b(body, digest_size=16).hexdigest()}"
    if _is_known(mark):
        return BounceResponse("repeated", found.verdict.reason)
    _record(mail, program, found.verdict)
    _remember(mark)
    return BounceResponse(found.verdict.outcome, found.verdict.reason)


def _find_mail(addresses: tuple[str, ...]) -> tuple[ReturnedMail, str] | None:
    """The e-mail that came back, and its program; None if no address is genuine."""
    returns = ReturnAddresses(context().key_ring, context().settings.smtp_bounces)
    for one in addresses:
        try:
            mail = returns.read(one)
        except InvalidTokenError:
            continue
        program = mail.find_program(context().catalog.programs())
        if program is not None:
            return mail, program
    return None


def _record(mail: ReturnedMail, program: str, verdict: ReturnedVerdict) -> None:
    """Closes the mailbox as of when the e-mail was sent, so that an address which was given later stays open."""
    reason: Literal["bounced", "complained"]
    match verdict.outcome:
        case "bounced" | "complained":
            reason = verdict.outcome
        case _:
            return
    if context().people.snapshot().is_erased(mail.person):
        return
    line = ChannelClosed(
        occurred_at=to_datetime(mail.sent_ms),
        program=program,
        webhook=people_endpoint(program, mail.person),
        person=mail.person,
        channel="email",
        reason=reason,
    )
    dependencies().publisher.publish(DELIVERIES, [(line.webhook, _encode(line))])


def _is_known(mark: str) -> bool:
    try:
        return context().redis.get(mark) is not None
    except RedisError:
        return False


def _remember(mark: str) -> None:
    """Once it is recorded: a report that failed in between is read again."""
    try:
        context().redis.set(mark, "1", ex=_KNOWN_S)
    except RedisError:
        return
