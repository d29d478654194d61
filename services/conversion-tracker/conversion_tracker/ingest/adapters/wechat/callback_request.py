"""Parses the XML of a WeChat callback: limited in size, without entities or document types (defusedxml).

Messages contain characters that XML does not allow, such as emoji cut in half and control characters of old phones. They are
replaced by U+FFFD, since WeChat shows the sender an error for every callback that is refused.
"""

import re
from xml.etree.ElementTree import Element  # only the type; defusedxml parses  # nosec B405

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from conversion_tracker.ingest.adapters.wechat.callback import Callback, ConsentAnswer
from referral.http.problems import Problem

MAX_BYTES = 64 * 1024
_REQUIRED = ("FromUserName", "CreateTime", "MsgType")
_REPLACEMENT = "\ufffd"
# Everything but Char of https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHARACTER_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_TEMPLATE = re.compile(r"[0-9A-Za-z_-]{16,64}", re.ASCII)
_ANSWERS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")
_MAX_ANSWERS = 10
_MAX_KEY = 128
_MAX_TEXT = 64  # longer than any keyword


class UnusableCallback(Exception):
    """A callback from which no event can be made, although WeChat sent it: characters are lost where they matter."""


def parse_callback(body: bytes) -> Callback:
    """The callback of a plaintext body.

    Raises Problem 400 for anything that is not a callback, 422 for an encrypted one, and UnusableCallback.
    """
    try:
        return _to_callback(parse_fields(body))
    except Problem as problem:
        if problem.status == 400 and _REPLACEMENT in _to_xml(body):
            raise UnusableCallback(problem.detail) from None
        raise


def parse_fields(body: bytes) -> dict[str, str]:
    """The text of each element of a body; of one with parts, their names and texts in lines. Raises Problem 400."""
    return {element.tag: _text_of(element) for element in _root(body)}


def _text_of(element: Element) -> str:
    if len(element) == 0:
        return (element.text or "").strip()
    return "\n".join(f"{part.tag}={(part.text or '').strip()}" for part in element.iter() if part is not element)


def _answers(texts: dict[str, str]) -> tuple[ConsentAnswer, ...]:
    """What was answered for each template: of a request, or of the page on which a person refuses further messages."""
    lines = [line.partition("=") for name in _ANSWERS for line in texts.get(name, "").split("\n")]
    templates = [value for name, _, value in lines if name == "TemplateId"][:_MAX_ANSWERS]
    answers = [value for name, _, value in lines if name == "SubscribeStatusString"][:_MAX_ANSWERS]
    return tuple(
        ConsentAnswer(template, answer == "accept")
        for template, answer in zip(templates, answers, strict=False)
        if _TEMPLATE.fullmatch(template) and answer in ("accept", "reject")
    )


def _to_callback(texts: dict[str, str]) -> Callback:
    if "Encrypt" in texts and "FromUserName" not in texts:
        detail = (
            "The callback is encrypted, and the EncodingAESKey is not set. Set it: `referral adapters set wechat-aes PROGRAM "
            "--token-file FILE`; or set the account's message mode to compatible (兼容模式)."
        )
        raise Problem(422, "encrypted_callback", detail)
    missing = [name for name in _REQUIRED if not texts.get(name)]
    if missing:
        raise _malformed_callback(f"{', '.join(missing)} is missing")
    created = texts["CreateTime"]
    if not (created.isascii() and created.isdecimal() and len(created) < 12):
        raise _malformed_callback("CreateTime must be a number of seconds")
    event, key = texts.get("Event", ""), texts.get("EventKey", "")
    if not _OPENID.fullmatch(texts["FromUserName"]):
        raise UnusableCallback("FromUserName is not an openid")
    if _REPLACEMENT in key or len(key) > _MAX_KEY:
        key = ""  # the event remains, without the scene
    account, message, text = (texts.get(name, "") for name in ("ToUserName", "MsgId", "Content"))
    return Callback(
        texts["FromUserName"],
        int(created),
        texts["MsgType"],
        event,
        key,
        account[:64],
        message[:32],
        text[:_MAX_TEXT],
        _answers(texts),
    )


def parse_encrypted(body: bytes) -> str:
    """The encrypted part of a callback. Raises Problem 400 if it is missing."""
    encrypted = (_root(body).findtext("Encrypt") or "").strip()
    if not encrypted:
        raise _malformed_callback("`encrypt_type` is aes, but Encrypt is missing")
    return encrypted


def _root(body: bytes) -> Element:
    try:
        root: Element = fromstring(_to_xml(body), forbid_dtd=True)
    except DefusedXmlException as error:
        raise _malformed_callback(f"document types and entities are not allowed ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError) as error:
        raise _malformed_callback(str(error)) from None
    return root


def _to_xml(body: bytes) -> str:
    """The body with only such characters as XML allows, also where it refers to them by number."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    return _CHARACTER_REFERENCE.sub(_allowed_reference, _NOT_XML.sub(_REPLACEMENT, text))


def _allowed_reference(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    is_allowed = number <= 0x10FFFF and not _NOT_XML.match(chr(number))
    return reference[0] if is_allowed else _REPLACEMENT


def _malformed_callback(reason: str) -> Problem:
    detail = f"The body is not a WeChat callback: {reason}. Send WeChat's XML unchanged."
    return Problem(400, "malformed_callback", detail)
