"""Sessions of operators: signed tokens with an idle and an absolute time-out, bound to the epoch of the operator. No I/O.

The times are those of the machine, not of a simulation: they protect a browser that was left alone.
"""

import secrets
from hashlib import blake2b
from typing import Literal

import msgspec

from referral.events.entities import Operator
from referral.key_ring import KeyRing
from referral.tokens import InvalidTokenError, RingSigner

IDLE_S, ABSOLUTE_S = 30 * 60, 12 * 3600
REFRESH_S = 60
"""A request this long after the last refresh gets a token with a new time of last use."""
BROWSER_S = 180 * 24 * 3600
"""How long a browser is known after a sign-in."""

Refusal = Literal["invalid", "idle", "expired", "ended"]
"""Why a session is not valid: forged or of another installation; unused or old for too long; ended by its operator or an admin."""


class Session(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A session: the operator's id and epoch, a random id, when it began and was last used, in seconds since the epoch."""

    operator: str
    epoch: int
    id: str
    started_s: int
    used_s: int

    @property
    def csrf_token(self) -> str:
        """What every form of this session carries. Only this browser knows the session's id, so no other site knows the token."""
        return blake2b(self.id.encode(), person=b"console csrf", digest_size=16).hexdigest()

    def at(self, now_s: int) -> "Session":
        """The session, last used now."""
        return msgspec.structs.replace(self, used_s=now_s)


class _KnownBrowser(msgspec.Struct, frozen=True, array_like=True, gc=False):
    operator: str
    until_s: int


_encode = msgspec.msgpack.Encoder().encode
_decode_session = msgspec.msgpack.Decoder(Session).decode
_decode_browser = msgspec.msgpack.Decoder(_KnownBrowser).decode


def start_session(operator: Operator, now_s: int) -> Session:
    """A new session of an operator."""
    return Session(operator.id, operator.epoch, secrets.token_urlsafe(18), now_s, now_s)


class SessionSigner:
    """Signs sessions, and the token of a known browser, with the newest key for sessions; reads those of every key."""

    def __init__(self, ring: KeyRing) -> None:
        self._sessions = RingSigner(ring, "session", "sessions")
        self._browsers = RingSigner(ring, "browser", "sessions")

    def write(self, session: Session) -> str:
        """The token of a session."""
        return self._sessions.write(_encode(session))

    def read(self, token: str) -> Session | None:
        """The session of a token, whatever its age; None for an invalid token."""
        try:
            return _decode_session(self._sessions.read(token))
        except (InvalidTokenError, msgspec.MsgspecError):
            return None

    def write_browser(self, operator: str, now_s: int) -> str:
        """The token by which a browser is known as one in which an operator has signed in."""
        return self._browsers.write(_encode(_KnownBrowser(operator, now_s + BROWSER_S)))

    def known_operator(self, token: str, now_s: int) -> str | None:
        """The id of the operator who has signed in with this browser; None for an invalid or old token."""
        try:
            known = _decode_browser(self._browsers.read(token))
        except (InvalidTokenError, msgspec.MsgspecError):
            return None
        return known.operator if now_s < known.until_s else None


def refusal_of(session: Session, operator: Operator | None, now_s: int) -> Refusal | None:
    """Why a session with a valid signature is refused; None if it is valid."""
    if operator is None or not operator.may_sign_in or operator.epoch != session.epoch:
        return "ended"
    if now_s - session.started_s >= ABSOLUTE_S:
        return "expired"
    if now_s - session.used_s >= IDLE_S:
        return "idle"
    return None
