"""The WeChat account of the demo at the stand-in: its section of the program, its secrets in the catalog, and its people."""

from collections.abc import Iterator
from contextlib import contextmanager

from referral.catalog.writer import CatalogWriter
from referral.clock import FileClock
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.timestamps import to_datetime
from referral_tools.campaign.client import Client
from referral_tools.campaign.wechat_player import TURNS, WechatPlayer
from referral_tools.system import System
from referral_tools.wechat_stand_in.account import Account
from referral_tools.wechat_stand_in.follower import Callbacks
from referral_tools.wechat_stand_in.server import serve_account

_APPID, _SECRET, _TOKEN = "wx00000000000000de", "demo-app-secret-of-the-stand-in", "demotoken1"  # nosec B105
_BEFORE_THE_END = 30  # steps: more than a day


@contextmanager
def wechat_stand_in(clock: FileClock) -> Iterator[tuple[Account, str]]:
    """Yields an account in the campaign's time, and the address of its API."""
    account = Account(_APPID, _SECRET, lambda: clock.now_ms() / 1000)
    with serve_account(account) as address:
        yield account, address


def with_account(document: dict[str, object]) -> dict[str, object]:
    """Returns the program with the account of the stand-in."""
    section = document.get("wechat")
    return {**document, "wechat": {**(section if isinstance(section, dict) else {}), "appid": _APPID}}


def wechat_player(
    system: System, client: Client, program: str, account: Account, clock: FileClock, steps: int
) -> WechatPlayer:
    """Stores the secrets of the account; returns the player of its people, who come a day before the end."""
    settings, now = system.settings, to_datetime(clock.now_ms())
    writer = CatalogWriter(settings, clock)
    secrets = {"wechat": _TOKEN, "wechat-app": _SECRET}
    ring = settings.key_ring()
    entities = [
        AdapterSecret(recorded_at=now, program=program, name=name, sealed=(seal(ring, program, name, secret),))
        for name, secret in secrets.items()
    ]
    list(writer.write(entities))  # returns once they are durable
    writer.close()
    callbacks = Callbacks(account, f"{system.front}/v1/adapters/wechat/{program}", _TOKEN)
    first = max(0, steps - _BEFORE_THE_END)
    return WechatPlayer(client, program, account, callbacks, range(first, first + TURNS))
