"""The id of a request, as in its response, its log event and its problem details."""

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ENVIRON_KEY = "referral.request_id"
_VALID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def request_id(environ: "WSGIEnvironment") -> str:
    """Returns the client's `X-Request-Id` if it is valid (1 to 64 letters, digits, `.`, `_`, `:`, `-`), otherwise a new id."""
    known: str | None = environ.get(_ENVIRON_KEY)
    if known is None:
        sent = environ.get("HTTP_X_REQUEST_ID")
        known = environ[_ENVIRON_KEY] = sent if sent and _VALID.fullmatch(sent) else _new_id()
    return known


def _new_id() -> str:
    return f"req_{random.getrandbits(64):016x}"  # ids are no secrets  # nosec B311
