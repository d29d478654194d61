"""QR codes of a WeChat account, one for each participant who asked for a poster: their scene is the referral code. Pure.

An account has at most 100,000 permanent ones, which cannot be deleted (read 2026-11). So the first 90,000 are permanent, and later
ones are valid for 30 days and renewed with the poster.
https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
"""

from typing import Literal

from msgspec import Struct

from referral.events.timestamps import DAY_MS

MAX_PERMANENT = 90_000
RENEW_BEFORE_MS = 7 * DAY_MS
"""A poster is never sent with a code that is valid for less."""


class WechatScene(Struct, frozen=True, array_like=True, tag="scene"):
    """The content of a participant's QR code, and until when it is valid (ms since the epoch); None: for ever."""

    url: str
    expires_ms: int | None = None

    def is_usable(self, now_ms: int) -> bool:
        """Whether a new poster may have this code."""
        return self.expires_ms is None or self.expires_ms - now_ms >= RENEW_BEFORE_MS


class WechatSceneCount(Struct, frozen=True, array_like=True, tag="scenes"):
    """How many permanent QR codes the account has."""

    permanent: int = 0


def scene_kind(count: WechatSceneCount) -> Literal["permanent", "temporary"]:
    """Returns the kind of the next QR code."""
    return "permanent" if count.permanent < MAX_PERMANENT else "temporary"
