"""The bytes of a picture for a request: kept from before, or drawn at the expense of the caller."""

from collections.abc import Callable, Hashable

from flask import request

from link_issuer.http_api.dependencies import dependencies
from link_issuer.pictures import RETRY_AFTER_S, Busy
from referral.http.context import context
from referral.http.problems import Problem

PICTURE_RESPONSES: dict[int, dict[str, object]] = {
    429: {"description": "This address has had too many pictures drawn; Retry-After is when to retry"},
    503: {"description": "Too many pictures are being drawn; Retry-After is when to retry"},
}


def find_or_draw(key: Hashable, paint: Callable[[], bytes]) -> bytes:
    """The picture with this key. Raises Problem 429 if the caller has had too many drawn, and 503 if too many are being drawn."""
    pictures = dependencies().pictures
    kept = pictures.find(key)
    if kept is not None:
        return kept
    context().limiter.count_picture(request)
    try:
        return pictures.draw(key, paint)
    except Busy as error:
        detail = f"Too many pictures are being drawn. Retry in {RETRY_AFTER_S} seconds."
        raise Problem(503, "busy", detail, headers={"Retry-After": str(RETRY_AFTER_S)}) from error
