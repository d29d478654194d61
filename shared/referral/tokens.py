"""Signed tokens for redirects, share pages, guides, wallets and dashboards: they cannot be forged or changed.

itsdangerous signs them (HMAC-SHA256) with the newest key for tokens. A token is `KEY.CONTENT.SIGNATURE`, with the id of its key,
or `CONTENT.SIGNATURE` for REFERRAL_SIGNING_KEY. Each kind of token has its own key, derived from the one of the ring, so that a
token of one kind is invalid for another. Signing a click token takes 3 µs and reading it 5, without a look-up or system call.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Literal, TypeVar, get_args

import msgspec
from itsdangerous import BadSignature, Signer

from referral.events.facts import ClickToken, ShareToken
from referral.key_ring import KeyPurpose, KeyRing

WalletTokenKind = Literal["wallet", "wallet-open"]
"""The link to a wallet, and what the browser that opened it has in its place."""
EmbedScope = Literal["wallet", "board", "share"]
"""What a page in a frame shows."""
TokenKind = (
    Literal["click", "guide", "share", "session", "browser", "dashboard", "embed", "unsubscribe", "join", "digest"]
    | WalletTokenKind
)
Content = TypeVar("Content")
REMOVED_KEY = "signed with a key that was removed"

_encode = msgspec.msgpack.Encoder().encode
_decode_click = msgspec.msgpack.Decoder(ClickToken).decode
_decode_share = msgspec.msgpack.Decoder(ShareToken).decode


class InvalidTokenError(Exception):
    """The token is invalid; the message is `malformed`, `forged` (also a token of another kind), `expired` or REMOVED_KEY."""


class ExpiringToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of a guide or dashboard token: the subject's id, and when it expires (milliseconds since the epoch)."""

    subject: str
    expires_ms: int


class WalletToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of a link to a wallet, and of the session that it opens: whose wallet, and the link's own id.

    Times are milliseconds since the epoch. `issued_ms` and `link_expires_ms` are the link's, in the session too: a revocation ends
    both, and no session outlives its link.
    """

    id: str
    program: str
    person: str
    issued_ms: int
    link_expires_ms: int
    expires_ms: int


class EmbedToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of the token of a frame: what it shows, and whose it is (a person id; empty for a board). Times are milliseconds."""

    scope: EmbedScope
    program: str
    person: str
    issued_ms: int
    expires_ms: int


class JoinToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of the join page's cookie: whose handle a browser claims, and the nonce of the claim."""

    program: str
    person: str
    nonce: str


_decode_embed = msgspec.msgpack.Decoder(EmbedToken).decode
_decode_join = msgspec.msgpack.Decoder(JoinToken).decode
_decode_expiring = msgspec.msgpack.Decoder(ExpiringToken).decode
_decode_pair = msgspec.msgpack.Decoder(tuple[str, str]).decode
_decode_wallet = msgspec.msgpack.Decoder(WalletToken).decode


class TokenSigner:
    """Signs tokens with the newest key of a ring, and reads those of all its keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._click = RingSigner(ring, "click")
        self._share = RingSigner(ring, "share")
        self._guide = RingSigner(ring, "guide")
        self._dashboard = RingSigner(ring, "dashboard")
        self._unsubscribe = RingSigner(ring, "unsubscribe")
        self._embed = RingSigner(ring, "embed")
        self._join = RingSigner(ring, "join")
        self._digest = RingSigner(ring, "digest")
        self._wallet = {kind: RingSigner(ring, kind) for kind in get_args(WalletTokenKind)}

    def sign_click(self, token: ClickToken) -> str:
        """The token that the redirect of a click carries."""
        return self._click.write(_encode(token))

    def read_click(self, token: str) -> ClickToken:
        """The content of a click token, whatever its age. Raises InvalidTokenError."""
        return _decoded(_decode_click, self._click.read(token))

    def peek_click(self, token: str) -> ClickToken:
        """The content of a click token without checking its signature: for lines of the log, checked when they were accepted.

        Raises InvalidTokenError.
        """
        try:
            return _decode_click(_payload(token.rpartition(".")[0].rpartition(".")[2].encode()))
        except ValueError as error:  # binascii's and msgspec's errors are ValueErrors
            raise InvalidTokenError("malformed") from error

    def sign_share(self, token: ShareToken) -> str:
        """The token with which a share page reports shares."""
        return self._share.write(_encode(token))

    def read_share(self, token: str) -> ShareToken:
        """The content of a share page's token, whatever its age. Raises InvalidTokenError."""
        return _decoded(_decode_share, self._share.read(token))

    def sign_guide(self, reward: str, expires_ms: int) -> str:
        """The token of a download link for a reward that expires at `expires_ms`."""
        return self._guide.write(_encode(ExpiringToken(reward, expires_ms)))

    def read_guide(self, token: str, now_ms: int) -> str:
        """The reward of a download link that has not expired. Raises InvalidTokenError."""
        content = _decoded(_decode_expiring, self._guide.read(token))
        _require_valid(content.expires_ms, now_ms)
        return content.subject

    def sign_dashboard(self, link: str, expires_ms: int) -> str:
        """The token of a link to a growth dashboard, by the link's id, which expires at `expires_ms`."""
        return self._dashboard.write(_encode(ExpiringToken(link, expires_ms)))

    def read_dashboard(self, token: str, now_ms: int) -> str:
        """The id of a dashboard link that has not expired; it may have been revoked. Raises InvalidTokenError."""
        content = _decoded(_decode_expiring, self._dashboard.read(token))
        _require_valid(content.expires_ms, now_ms)
        return content.subject

    def sign_unsubscribe(self, program: str, person: str) -> str:
        """The token with which a person ends the messages of a program. It does not expire (RFC 8058: it must work later)."""
        return self._unsubscribe.write(_encode((program, person)))

    def read_unsubscribe(self, token: str) -> tuple[str, str]:
        """The program and the person of such a token. Raises InvalidTokenError."""
        return _decoded(_decode_pair, self._unsubscribe.read(token))

    def sign_embed(self, token: EmbedToken) -> str:
        """The token of a frame."""
        return self._embed.write(_encode(token))

    def read_embed(self, token: str) -> EmbedToken:
        """The content of a frame's token, whether it has expired or not. Raises InvalidTokenError."""
        return _decoded(_decode_embed, self._embed.read(token))

    def sign_join(self, token: JoinToken) -> str:
        """The cookie of a browser that has joined."""
        return self._join.write(_encode(token))

    def read_join(self, token: str) -> JoinToken:
        """The content of the join page's cookie. Raises InvalidTokenError."""
        return _decoded(_decode_join, self._join.read(token))

    def sign_digest(self, program: str, expires_ms: int) -> str:
        """The token of a request for the digest of a program, from one service to another, until `expires_ms`."""
        return self._digest.write(_encode(ExpiringToken(program, expires_ms)))

    def read_digest(self, token: str, now_ms: int) -> str:
        """The program of such a token that has not expired. Raises InvalidTokenError."""
        content = _decoded(_decode_expiring, self._digest.read(token))
        _require_valid(content.expires_ms, now_ms)
        return content.subject

    def sign_wallet(self, kind: WalletTokenKind, token: WalletToken) -> str:
        """A link to a wallet, or the session that it opens."""
        return self._wallet[kind].write(_encode(token))

    def read_wallet(self, kind: WalletTokenKind, token: str, now_ms: int) -> WalletToken:
        """The content of a wallet's token that has not expired. Raises InvalidTokenError."""
        content = self.read_wallet_of_any_age(kind, token)
        _require_valid(content.expires_ms, now_ms)
        return content

    def read_wallet_of_any_age(self, kind: WalletTokenKind, token: str) -> WalletToken:
        """The content of a wallet's token, whether it has expired or not. Raises InvalidTokenError."""
        return _decoded(_decode_wallet, self._wallet[kind].read(token))


def _decoded(decode: Callable[[bytes], Content], payload: bytes) -> Content:
    """The content of a payload. Raises InvalidTokenError."""
    try:
        return decode(payload)
    except msgspec.MsgspecError as error:
        raise InvalidTokenError("malformed") from error


def _require_valid(expires_ms: int, now_ms: int) -> None:
    if expires_ms <= now_ms:
        raise InvalidTokenError("expired")


class RingSigner:
    """Signs and reads the payloads of one kind of token with the keys of a ring."""

    def __init__(self, ring: KeyRing, kind: TokenKind, purpose: KeyPurpose = "tokens") -> None:
        self._signers = {key.id: _signer(key.value, kind) for key in ring.all(purpose)}
        newest = ring.newest(purpose).id
        self._newest = self._signers[newest]
        self._prefix = f"{newest}.".encode() if newest else b""

    def write(self, payload: bytes) -> str:
        """The token of a payload, signed with the newest key."""
        return self._newest.sign(self._prefix + urlsafe_b64encode(payload).rstrip(b"=")).decode()

    def read(self, token: str) -> bytes:
        """The payload of a token with a valid signature, which itsdangerous compares in constant time. Raises InvalidTokenError."""
        key, has_key, content = token.partition(".")
        if "." not in content:  # a token without an id has one dot, before the signature
            key, has_key = "", ""
        signer = self._signers.get(key)
        if signer is None:
            raise InvalidTokenError(REMOVED_KEY if has_key or "." in token else "malformed")
        try:
            return _payload(signer.unsign(token)[len(key) + len(has_key) :])
        except BadSignature as error:
            raise InvalidTokenError("forged" if "." in token else "malformed") from error
        except ValueError as error:  # not Base64 or not ASCII, so never signed by us
            raise InvalidTokenError("malformed") from error


def _signer(key: str, kind: TokenKind) -> Signer:
    derived = hashlib.blake2b(key.encode(), person=f"rt-{kind}".encode(), digest_size=32).digest()
    return Signer(derived, sep=".", key_derivation="none", digest_method=hashlib.sha256)


def _payload(encoded: bytes) -> bytes:
    return urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
