"""One-time codes of an authenticator app: TOTP (RFC 6238) with SHA-1, 30 seconds and 6 digits, which every app supports."""

import hmac
import secrets
from base64 import b32decode, b32encode
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S = 30
DRIFT_STEPS = 1  # RFC 6238, section 5.2: at most one step for the delay of people and networks
DIGITS = 6
_SECRET_BYTES = 20  # RFC 4226, section 4: 160 bits are recommended


def generate_totp_secret() -> str:
    """A new secret in base32, as apps read it."""
    return b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def totp_code(secret: str, at_s: float) -> str:
    """The code of a time, in seconds since the epoch."""
    return _totp(secret).generate(at_s).decode()


def matched_step(secret: str, code: str, at_s: float) -> int | None:
    """The step (number of 30 seconds) of a code that is valid now, the step before or the next one; None for another code.

    Compares with all three in constant time. A step may be used once: the caller records it.
    """
    totp, now, found = _totp(secret), int(at_s) // STEP_S, None
    typed = "".join(code.split()).encode("utf-8", "replace")
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate(step * STEP_S), typed):
            found = step
    return found


def enrolment_uri(secret: str, operator: str, issuer: str) -> str:
    """The URI that an authenticator app reads from a QR code: https://github.com/google/google-authenticator/wiki/Key-Uri-Format."""
    label = f"{quote(issuer, safe='')}:{quote(operator, safe='')}"
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer, safe='')}&digits={DIGITS}&period={STEP_S}"


def _totp(secret: str) -> TOTP:
    return TOTP(b32decode(secret), DIGITS, SHA1(), STEP_S)  # noqa: S303 # nosec B303 - HMAC-SHA-1, which RFC 6238 defines
