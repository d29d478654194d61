"""The id of a request: in its answer, in its log event, in the problem a caller reports."""

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PLACE = "referral.request_id"
_PLAIN = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def request_id(environ: "WSGIEnvironment") -> str:
    """The caller's `X-Request-Id` where it is plain (1 to 64 letters, digits, `.`, `_`, `:`, `-`), else a new one."""
    known: str | None = environ.get(_PLACE)
    if known is None:
        asked = environ.get("HTTP_X_REQUEST_ID")
        known = environ[_PLACE] = asked if asked and _PLAIN.fullmatch(asked) else _fresh()
    return known


def _fresh() -> str:
    return f"req_{random.getrandbits(64):016x}"
