"""Sign-in to the console: name, password and one-time code in one step, so that no answer reveals which of them was wrong."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import msgspec

from referral.catalog.view import Catalog
from referral.console.credentials import Credentials, NamedOperator, find_operator, hash_password, password_matches
from referral.console.session_store import SessionStore
from referral.console.totp import generate_totp_secret, matched_step
from referral.encryption import DecryptionFailed, seal, unseal
from referral.events.entities import Operator
from referral.key_ring import KeyRing

ENROLMENT_S = 15 * 60
_PLACE, _NAME = "operator", "enrolment"  # what an enrolment is sealed for
_ANY_SECRET = "A" * 32

Verdict = Literal["signed_in", "first_sign_in", "refused"]


class OperatorEnrolment(msgspec.Struct, frozen=True, array_like=True):
    """Who may choose a password and connect an app with this secret, until a time in seconds since the epoch."""

    operator: str
    epoch: int
    totp: str
    until_s: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, and when (in seconds since the epoch)."""

    name: str
    password: str
    code: str
    now_s: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt led to. `named` is the operator of that name, if any, also when the attempt is refused."""

    verdict: Verdict
    named: NamedOperator | None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OperatorEnrolment).decode


class SignIn:
    """Checks attempts. Every attempt takes the same work: one password, one code, and a look at every operator."""

    def __init__(self, ring: KeyRing, sessions: SessionStore) -> None:
        self._ring, self._sessions = ring, sessions

    def check(self, catalog: Catalog, attempt: Attempt, now_ms: int) -> Outcome:
        """What an attempt leads to. A code is used up by it. Raises RedisError, and DecryptionFailed without the key.

        `now_ms` is the time of the log, by which a first password ends.
        """
        named = find_operator(self._ring, catalog.operators(), attempt.name)
        credentials = named.credentials if named else None
        has_password = password_matches(credentials.password if credentials else _any_hash(), attempt.password)
        secret = credentials.totp if credentials else None
        step = matched_step(secret or _ANY_SECRET, attempt.code, attempt.now_s)
        verdict = verdict_of(named, has_password=has_password, has_code=step is not None, now_ms=now_ms)
        if named is not None and verdict == "signed_in" and step is not None:
            verdict = "signed_in" if self._sessions.use_code(named.operator.id, step) else "refused"
        return Outcome(verdict, named)

    def begin_enrolment(self, operator: Operator, now_s: int) -> tuple[OperatorEnrolment, str]:
        """An enrolment with a new secret, and its sealed form."""
        enrolment = OperatorEnrolment(operator.id, operator.epoch, generate_totp_secret(), now_s + ENROLMENT_S)
        return enrolment, seal(self._ring, _PLACE, _NAME, _encode(enrolment).decode())

    def read_enrolment(self, sealed: str, catalog: Catalog, now_s: int) -> tuple[OperatorEnrolment, Operator] | None:
        """An enrolment and its operator; None if it is forged, too old, or the operator has changed since it began."""
        try:
            enrolment = _decode(unseal(self._ring, _PLACE, _NAME, sealed))
        except (DecryptionFailed, msgspec.MsgspecError):
            return None
        operator = catalog.operator(enrolment.operator)
        if (
            operator is None
            or operator.epoch != enrolment.epoch
            or not operator.may_sign_in
            or now_s >= enrolment.until_s
        ):
            return None
        return enrolment, operator

    def use_code(self, operator: str, secret: str, code: str, now_s: int) -> bool:
        """Whether a code is valid for a secret and was not used before; uses it up. Raises RedisError."""
        step = matched_step(secret, code, now_s)
        return step is not None and self._sessions.use_code(operator, step)


def verdict_of(named: NamedOperator | None, *, has_password: bool, has_code: bool, now_ms: int) -> Verdict:
    """What a sign-in leads to. Without an authenticator app, the first password leads to the choice of one's own, until it ends."""
    if named is None or not named.operator.may_sign_in or not has_password:
        return "refused"
    if named.credentials.totp is None:
        return "first_sign_in" if is_first_password_valid(named.credentials, now_ms) else "refused"
    return "signed_in" if has_code else "refused"


def is_first_password_valid(credentials: Credentials, now_ms: int) -> bool:
    """Whether a password that an admin was shown has not ended."""
    return credentials.password_until_ms is not None and now_ms < credentials.password_until_ms


@cache
def _any_hash() -> str:
    """A hash that is compared where there is no operator."""
    return hash_password("")
