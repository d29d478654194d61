"""Parses the XML of a WeChat callback: limited in size, without entities or document types (defusedxml)."""

from xml.etree.ElementTree import Element  # only the type; defusedxml parses  # nosec B405

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from conversion_tracker.ingest.adapters.wechat.callback import Callback
from referral.http.problems import Problem

MAX_BYTES = 64 * 1024
_REQUIRED = ("FromUserName", "CreateTime", "MsgType")


def parse_callback(body: bytes) -> Callback:
    """The callback of a plaintext body. Raises Problem 400 for anything that is not a callback, 422 for an encrypted one."""
    texts = {element.tag: (element.text or "").strip() for element in _root(body)}
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
    return Callback(texts["FromUserName"], int(created), texts["MsgType"], event, key)


def parse_encrypted(body: bytes) -> str:
    """The encrypted part of a callback. Raises Problem 400 if it is missing."""
    encrypted = (_root(body).findtext("Encrypt") or "").strip()
    if not encrypted:
        raise _malformed_callback("`encrypt_type` is aes, but Encrypt is missing")
    return encrypted


def _root(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _malformed_callback(f"document types and entities are not allowed ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError) as error:
        raise _malformed_callback(str(error)) from None
    return root


def _malformed_callback(reason: str) -> Problem:
    detail = f"The body is not a WeChat callback: {reason}. Send WeChat's XML unchanged."
    return Problem(400, "malformed_callback", detail)
