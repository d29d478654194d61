"""`GET` and `POST /v1/adapters/wechat/{program}`: the callback URL of a WeChat official account.

WeChat calls again, up to three times, unless the response is `success`; so `success` means that the event is durably written to the
log. In plaintext mode the signature does not cover the body (callback.py cites WeChat's page), so every signature is bound to the
content that it is first received with. In encrypted mode it does: a captured request can only be repeated, and is the same event.
"""

import hashlib
import time

import msgspec
import structlog
from flask import Response, request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.mapped_event import IgnoredReason, MappedEvent
from conversion_tracker.ingest.adapters.wechat.authentication import (
    AES_KEY_SECRET,
    TOKEN_SECRET,
    decrypt_message,
    has_aes_key,
    require_plaintext_signature,
    wechat_account,
    wechat_program,
)
from conversion_tracker.ingest.adapters.wechat.callback import (
    Callback,
    event_id,
    external_id,
    millisecond_in_second,
    to_event,
)
from conversion_tracker.ingest.adapters.wechat.callback_request import (
    MAX_BYTES,
    UnusableCallback,
    parse_callback,
    parse_encrypted,
    parse_fields,
)
from conversion_tracker.ingest.adapters.wechat.join_response import (
    asks_to_join,
    expired_reply,
    has_expired_request,
    join_reply,
    without_request,
)
from conversion_tracker.ingest.adapters.wechat.reply_response import (
    ImmediateReply,
    answer,
    answer_with_text,
    begin_conversation,
    render,
)
from conversion_tracker.ingest.adapters.wechat.store import CallbackStore
from conversion_tracker.ingest.adapters.wechat.wechat_openapi import GET_ECHO, POST_CALLBACK
from conversion_tracker.ingest.ingest_response import publish_accepted, validate_mapped
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.program import Program
from referral.events.wechat_rules import WechatAccount
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit

log = structlog.get_logger()
blueprint = Blueprint("wechat", __name__, description="Callbacks of a WeChat official account.")
_ROUTE = "/v1/adapters/wechat/<program>"
_SOURCE_POINTERS = {
    "": "",
    "/person": "/FromUserName",
    "/occurred_at": "/CreateTime",
    "/code": "/EventKey",
    "/data": "/EventKey",
}
_WORTH_REPEATING = ("in_the_future", "unknown_program")
"""Errors that a repetition of the callback may not have; any other would meet each repetition too."""
_encode = msgspec.json.Encoder().encode


@blueprint.get(_ROUTE)
@blueprint.doc(**GET_ECHO)
def echo(program: str) -> Response:
    """Confirm to WeChat that the URL belongs to the account: returns `echostr`, decrypted if it is encrypted."""
    echostr = request.args.get("echostr", "")[:1024]
    if "msg_signature" in request.args:
        return Response(decrypt_message(program, echostr, wechat_account(program)), mimetype="text/plain")
    require_plaintext_signature(program)
    _bind_signature(program, "echo", echostr.encode())
    return Response(echostr, mimetype="text/plain")


@blueprint.post(_ROUTE)
@blueprint.doc(**POST_CALLBACK)
@without_rate_limit
def callback(program: str) -> Response:
    """Accept a callback: a follow (the scene of the QR code is the referral code), a scan or an unfollow becomes an event.

    The response is the reply that the program file has for it, or for a message or menu click; otherwise `success`, also to
    callbacks that cannot be used. After any other response WeChat calls again. Encrypted callbacks (安全模式)
    are decrypted with the account's EncodingAESKey.
    """
    started_s = time.monotonic()
    request.max_content_length = MAX_BYTES
    try:
        received = _read_callback(program)
        reason = _accept(without_request(received), program)
    except UnusableCallback as unusable:
        log.warning("callback ignored", program=program, reason=str(unusable)[:200])
        dependencies().count_ignored(TOKEN_SECRET, "unusable")
        return Response("success", mimetype="text/plain")
    rules = wechat_program(program)
    reply = _answer(received, rules, started_s) if rules else None
    if reason is not None and reply is None:
        dependencies().count_ignored(TOKEN_SECRET, reason)
    if rules is None:
        return Response("success", mimetype="text/plain")
    return render(reply, received, rules, encrypted=_is_encrypted(program, rules.wechat))


def _answer(received: Callback, rules: Program, started_s: float) -> ImmediateReply | None:
    if asks_to_join(received, rules):
        return answer_with_text(begin_conversation(received, rules, started_s), join_reply(received, rules))
    if has_expired_request(received, rules):
        talk = begin_conversation(without_request(received), rules, started_s)
        return answer_with_text(talk, expired_reply(rules))
    return answer(begin_conversation(without_request(received), rules, started_s))


def _read_callback(program: str) -> Callback:
    """The authenticated callback. Raises Problem and UnusableCallback."""
    account = wechat_account(program)
    if _is_encrypted(program, account):
        return parse_callback(decrypt_message(program, parse_encrypted(request.get_data(cache=False)), account))
    require_plaintext_signature(program)
    body = request.get_data(cache=False)
    _bind_signature(program, "callback", _signed_content(body))
    return parse_callback(body)


def _accept(callback: Callback, program: str) -> IgnoredReason | None:
    """Publishes the event of a callback; returns why there is none. Raises Problem 422 for an event in the future, and 503."""
    person = context().pseudonyms.person_id(program, external_id(callback))
    if to_event(callback, program, person) is None:
        return "no_event"
    number = _store().arrival_number(program, person, callback.created_s, event_id(callback, person))
    millisecond = millisecond_in_second(number, callback.created_s, context().clock.now_ms())
    fact = to_event(callback, program, person, millisecond)
    result = validate_mapped([MappedEvent(_encode(fact), _SOURCE_POINTERS)], check_program_exists)
    if any(error.code not in _WORTH_REPEATING for error in result.rejected):
        raise UnusableCallback(result.rejected[0].detail)
    publish_accepted(result)
    return None


def _is_encrypted(program: str, account: WechatAccount) -> bool:
    """Whether to read the callback's encrypted part, whose signature covers the body; in compatible mode WeChat sends both.

    Raises Problem 403 for plaintext if the program accepts only encryption, or the account's EncodingAESKey is set.
    """
    is_sent, has_key = request.args.get("encrypt_type") == "aes", has_aes_key(program)
    if not is_sent and (account.mode == "encrypted" or has_key):
        because = f"its key {AES_KEY_SECRET} is set" if has_key else "`wechat.mode` is encrypted"
        detail = (
            f"{program} accepts only encrypted callbacks, because {because}. Set the account's message mode to 安全模式, or remove "
            f"the key: `referral adapters remove {AES_KEY_SECRET} {program}`."
        )
        raise Problem(403, "plaintext_refused", detail)
    return is_sent and (account.mode == "encrypted" or has_key)


def _signed_content(body: bytes) -> bytes:
    """What of a plaintext body is read: its fields but `Encrypt`, which a repetition may encrypt again. The body if it has none."""
    try:
        fields = parse_fields(body)
    except Problem:
        return body
    return _encode(sorted(item for item in fields.items() if item[0] != "Encrypt"))


def _bind_signature(program: str, kind: str, content: bytes) -> None:
    """Binds the signature to this content. Raises Problem 403 if it is bound to another; not checked if Redis is unavailable."""
    digest = hashlib.blake2b(_encode([program, kind]) + content, digest_size=16).digest()
    if not _store().bind_signature(request.args["signature"], digest):
        detail = "This signature was already used for another callback. Sign each request separately."
        raise Problem(403, "replayed_signature", detail)


def _store() -> CallbackStore:
    return CallbackStore(context().redis)
