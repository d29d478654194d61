"""Messages to promoters: their texts, how many were sent, and a test by e-mail."""

import asyncio
from typing import get_args

from marshmallow import Schema, ValidationError, fields, validate

from referral.events.ids import random_id
from referral.events.program import Program
from referral.events.promoter_messages import MESSAGE_KINDS, MessageKind, people_endpoints
from referral.events.value_checks import InvalidValue
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.mail import MAX_ADDRESS, Mail, MailFailed, ascii_address, mailer_of
from referral.pages.languages import Language, first_language
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.promoter_messages_response import MessageResponse, MessagesResponse, TestMailResponse
from reward_dispatcher.pages.message_previews import preview_message

blueprint = Blueprint("messages", __name__, description="Messages to promoters.")
_LANGUAGE = validate.OneOf(get_args(Language))


def _address(text: str) -> None:
    if "@" not in text.strip("@"):
        raise ValidationError("must be an e-mail address such as amy@example.com")
    try:
        ascii_address(text)
    except InvalidValue as error:
        raise ValidationError(str(error)) from None


class MessagesQuery(Schema):
    """The language of the texts."""

    lang = fields.Str(load_default=None, validate=_LANGUAGE, metadata={"description": "by default the program's first"})


class TestMailRequest(Schema):
    """Which message to send, and where. The address is stored nowhere."""

    __test__ = False  # pytest collects classes by their names

    address = fields.Str(required=True, validate=[validate.Length(3, MAX_ADDRESS), _address])
    kind = fields.Str(required=True, validate=validate.OneOf(MESSAGE_KINDS))
    lang = fields.Str(load_default=None, validate=_LANGUAGE)


@blueprint.get("/v1/programs/<program>/messages")
@requires("read")
@blueprint.arguments(MessagesQuery, location="query")
@response(MessagesResponse)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Redis is unavailable.")
def messages(query: dict[str, str | None], program: str) -> MessagesResponse:
    """The text of each kind of message, about people and rewards that do not exist, and what became of the messages of 30 days."""
    rules = rules_of(program)
    healths = dependencies().deliveries.healths(people_endpoints(program))
    days = [day for health in healths for day in health.days]
    return MessagesResponse(
        program=program,
        items=[_message(rules, kind, _language(query["lang"], rules)) for kind in MESSAGE_KINDS],
        waiting=sum(health.waiting for health in healths),
        delivered=sum(day.delivered for day in days),
        failed=sum(day.failed for day in days),
        missed=sum(day.missed for day in days),
    )


@blueprint.post("/v1/programs/<program>/messages/test")
@requires("rewards:write")
@idempotent
@blueprint.arguments(TestMailRequest)
@response(TestMailResponse)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(409, description="There is no mail server.")
@blueprint.alt_response(502, description="The mail server did not accept the e-mail.")
def test_message(body: dict[str, str], program: str) -> TestMailResponse:
    """Sends the example of a message to an address, once; returns when the mail server has accepted it."""
    rules, kind = rules_of(program), _kind(body["kind"])
    return TestMailResponse(program, kind, send_test(rules, kind, _language(body["lang"], rules), body["address"]))


def send_test(rules: Program, kind: MessageKind, language: Language, address: str) -> str:
    """Sends the example of a message to a valid address, once; returns its subject. Raises Problem 409 and 502."""
    mailer = mailer_of(context().settings)
    if mailer is None:
        detail = "This system has no mail server: set REFERRAL_SMTP_HOST and REFERRAL_SMTP_SENDER, and restart it."
        raise Problem(409, "no_mail_server", detail)
    text = preview_message(rules, kind, language, context().clock.now_ms(), _public_url())
    mail = Mail(random_id("msg"), ascii_address(address), text.subject, f"{text.text}\n")
    try:
        asyncio.run(mailer.send(mail))
    except MailFailed as error:
        raise Problem(502, "mail_refused", f"The mail server did not accept the e-mail: {error}.") from None
    return text.subject


def rules_of(program: str) -> Program:
    """The rules in force, otherwise the newest ones. Raises Problem 404."""
    newest = require_program(program)
    found = context().catalog.program_at(program, context().clock.now_ms())
    return (found or newest).program


def _message(rules: Program, kind: MessageKind, language: Language) -> MessageResponse:
    text = preview_message(rules, kind, language, context().clock.now_ms(), _public_url())
    is_sent = rules.messages is not None and kind in rules.messages.kinds
    return MessageResponse(kind=kind, sent=is_sent, subject=text.subject, text=text.text)


def _language(wanted: str | None, rules: Program) -> Language:
    return next((one for one in get_args(Language) if one == wanted), first_language(rules.name))


def _kind(name: str) -> MessageKind:
    return next(kind for kind in MESSAGE_KINDS if kind == name)


def _public_url() -> str:
    return context().settings.public_url
