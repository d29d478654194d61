"""Links that prove who someone is on the join page: sent to the mailbox or the WeChat account that is the person's id.

A link has the platform's id of the person, sealed with the key ring for its program, so that no address of a page names anyone.
It proves the browser in which it is opened, once, within half an hour: to ask for it gives nothing.
"""

import msgspec

from referral.encryption import DecryptionFailed, seal, unseal
from referral.key_ring import KeyRing

VALID_MS = 30 * 60 * 1000
MAX_TOKEN = 1024
"""Characters of a token: an id of 128 characters of four bytes each takes 800."""
_NAME = "join-link"
_encode = msgspec.json.Encoder().encode


class InvalidJoinLink(Exception):
    """The token was not made here for this program, or its time is over."""


class JoinLink(msgspec.Struct, frozen=True, array_like=True):
    """Content of a link: the platform's id in its normal form, and when it was made (ms)."""

    external_id: str
    issued_ms: int


_decode = msgspec.json.Decoder(JoinLink).decode


def write_join_link(ring: KeyRing, program: str, external_id: str, now_ms: int) -> str:
    """The path of a link, `/j/{program}/open/{token}`."""
    content = _encode(JoinLink(external_id, now_ms)).decode()
    return f"/j/{program}/open/{seal(ring, program, _NAME, content)}"


def read_join_link(ring: KeyRing, program: str, token: str, now_ms: int) -> JoinLink:
    """The content of a token that is valid now. Raises InvalidJoinLink."""
    if len(token) > MAX_TOKEN:
        raise InvalidJoinLink("too long")
    try:
        link = _decode(unseal(ring, program, _NAME, token))
    except (DecryptionFailed, msgspec.MsgspecError) as error:
        raise InvalidJoinLink("not made here") from error
    if not link.issued_ms <= now_ms < link.issued_ms + VALID_MS:
        raise InvalidJoinLink("expired")
    return link
