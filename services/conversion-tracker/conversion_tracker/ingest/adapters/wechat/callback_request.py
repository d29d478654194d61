"""Reads the XML of a WeChat callback: bounded, without entities or document types (defusedxml), whatever is sent."""

from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from conversion_tracker.ingest.adapters.wechat.callback import Callback
from referral.http.problems import Problem

MAX_BYTES = 64 * 1024
_REQUIRED = ("FromUserName", "CreateTime", "MsgType")


def parse_callback(body: bytes) -> Callback:
    """What a callback says. Raises Problem 400 for what is no callback, 422 for one that only AES opens."""
    said = {element.tag: (element.text or "").strip() for element in _root(body)}
    if "Encrypt" in said and "FromUserName" not in said:
        detail = (
            "The callback is encrypted, and there is no key to open it with. Set the account's EncodingAESKey: `referral adapters "
            "set wechat-aes PROGRAM --token-file FILE`; or set its message mode to compatible (兼容模式)."
        )
        raise Problem(422, "encrypted_callback", detail)
    missing = [name for name in _REQUIRED if not said.get(name)]
    if missing or not (
        said["CreateTime"].isascii() and said["CreateTime"].isdecimal() and len(said["CreateTime"]) < 12
    ):
        raise _malformed(f"{', '.join(missing)} is missing" if missing else "CreateTime is no number of seconds")
    named = said.get("Event", ""), said.get("EventKey", "")
    return Callback(said["FromUserName"], int(said["CreateTime"]), said["MsgType"], *named)


def parse_encrypted(body: bytes) -> str:
    """The encrypted part of a callback. Raises Problem 400 where there is none."""
    said = (_root(body).findtext("Encrypt") or "").strip()
    if not said:
        raise _malformed("`encrypt_type` is aes, and Encrypt is missing")
    return said


def _root(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _malformed(f"it brings a document type or entities ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError) as error:
        raise _malformed(str(error)) from None
    return root


def _malformed(why: str) -> Problem:
    return Problem(400, "malformed_callback", f"This is no callback of WeChat: {why}. Send WeChat's XML as it comes.")
