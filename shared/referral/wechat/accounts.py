"""Access to the WeChat account of a program: its AppID from the program file, its sealed app secret from the catalog."""

from dataclasses import dataclass, field

import structlog

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.encryption import DecryptionFailed, unseal
from referral.events.program import Program
from referral.key_ring import KeyRing

APP_SECRET = "wechat-app"  # noqa: S105 - its name  # nosec B105
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WechatAccess:
    """An account that messages can be sent by, and the rules of its program. `version` changes with the program."""

    program: Program
    version: str
    appid: str
    secret: str = field(repr=False)


class WechatAccounts:
    """`catalog` must not wait for the log."""

    def __init__(self, catalog: Catalog, ring: KeyRing, clock: Clock) -> None:
        self._catalog = catalog
        self._ring = ring
        self._clock = clock

    def find(self, program: str) -> WechatAccess | None:
        """Returns the account; None without an AppID in the program file or an app secret that can be read."""
        version = self._catalog.program_at(program, self._clock.now_ms())
        secret = self._catalog.adapter_secret(program, APP_SECRET)
        if version is None or version.program.wechat.appid is None or secret is None or not secret.sealed:
            return None
        try:
            opened = unseal(self._ring, program, APP_SECRET, secret.sealed[0])
        except DecryptionFailed as error:
            log.error("no WeChat messages are sent", program=program, reason=str(error))
            return None
        number = version.recorded_at.isoformat()
        return WechatAccess(version.program, number, version.program.wechat.appid, opened)
