"""Wallets in the test process: reward-dispatcher's app on a fixed catalog and clock, rewards given as accounts, and fixed parts."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from referral.catalog.memory_follower import MemoryFollower
from referral.clock import ManualClock
from referral.entitlement.grants import ReferrerGrants
from referral.events.money import Value
from referral.events.promoter_messages import MessageItem, people_endpoint
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.state_keys import state_key
from referral.http.context import Context
from referral.redis_client import RedisClient
from referral.tokens import TokenSigner, WalletToken
from referral.topics import DELIVERIES, partition_of
from reward_dispatcher.domain.account import Account, Use, new_account
from reward_dispatcher.domain.balance import in_balance
from reward_dispatcher.domain.outbox import Outbox
from reward_dispatcher.http_api.app import app as make_app
from reward_dispatcher.store import WalletPage
from reward_dispatcher.wallet_parts import BoardPlace, Friend, Friends, OwnPost, OwnPosts, WalletParts
from tests.support.builders.participants import AMY, PROFILES, PROGRAM
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.records import DirectoryRecord, split_records
from tests.support.settings import API_SECRET, GUIDES, UNREACHABLE, api_key

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NOW_MS = to_ms(NOW)
FRIENDS = Friends(
    (
        Friend("cnv_1", "B…", NOW - timedelta(days=3), "counts", (), appealed=False, may_appeal=False),
        Friend("cnv_2", None, NOW - timedelta(days=2), "checking", ("network_burst",), appealed=False, may_appeal=True),
        Friend("cnv_3", "小…", NOW - timedelta(days=1), "rejected", ("same_device",), appealed=True, may_appeal=False),
    ),
    3,
)
PLACE = BoardPlace(12, 2, 104, 1)
POSTS = OwnPosts(
    (
        OwnPost("glow30", "#Glow30", "pst_1", "https://example.com/posts/1", "counts", None, False, False),
        OwnPost("glow30", "#Glow30", "pst_2", None, "refused", "copied", False, True),
    ),
    2,
)


class StoredRewards:
    """Stands in for the ledger's state: these accounts are the wallet of everyone."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.stored = list(accounts)

    def wallet(self, program: str, person: str, start: int, count: int) -> WalletPage:
        """Returns all of them."""
        return WalletPage(self.stored[start : start + count], len(self.stored))

    def balance(self, program: str, person: str) -> list[Account]:
        """Returns those that take part in balances."""
        return [one for one in self.stored if in_balance(one)]

    def account(self, reward: str) -> Account | None:
        """Returns one of them."""
        return next((one for one in self.stored if one.id == reward), None)

    def accounts(self, rewards: Sequence[str]) -> list[Account]:
        """Returns those with these ids."""
        return [one for one in self.stored if one.id in rewards]


class FixedGrants:
    """Stands in for the state of the decide fold: two friends of everyone count; `grants` can be changed."""

    def __init__(self) -> None:
        self.grants = ReferrerGrants(2)

    def of_referrer(self, program: str, referrer: str) -> ReferrerGrants:
        """Returns the grants."""
        return self.grants


class FixedParts:
    """Stands in for the services that have the other parts; `parts` can be changed."""

    def __init__(self, parts: WalletParts) -> None:
        self.parts = parts

    def read(self, session: str) -> WalletParts:
        """Returns the parts."""
        return self.parts

    def close(self) -> None:
        """Does nothing."""


def example_accounts() -> list[Account]:
    """Returns a reward in each state, with a code, a file, a wait, a use, an expiry and a revocation."""
    amy = AMY.id
    code = replace(
        new_account(grant("rwd_code", beneficiary=amy, expires_days=60)), status="fulfilled", code="GLOW2026XP"
    )
    guide = replace(
        code, id="rwd_guide", rule="guide", kind="guide", percent=None, code=None, file="skincare-secrets.pdf"
    )
    waiting = replace(
        code, id="rwd_wait", status="held", code=None, hold_reason="holding_period", due_ms=NOW_MS + 3 * DAY_MS
    )
    return [
        code,
        replace(guide, expires_ms=None, worth="¥99"),
        waiting,
        replace(waiting, id="rwd_hand", rule="bonus3", kind="early_access", percent=None, hold_reason="manual"),
        replace(code, id="rwd_used", status="redeemed", redeemed_ms=NOW_MS - DAY_MS, order="order-1"),
        replace(code, id="rwd_late", status="expired", expires_ms=NOW_MS - DAY_MS),
        replace(code, id="rwd_back", status="revoked", revocation_reason="unfollowed"),
    ]


def example_credits() -> list[Account]:
    """Returns ¥12.50 of credit, ¥5 of which end in ten days, 100 points, and ¥3 that were used and taken back of another kind."""
    [code, *_] = example_accounts()
    credit = replace(
        code, id="rwd_yuan", kind="credit", percent=None, code=None, expires_ms=None, value=Value(750, "CNY")
    )
    use = Use("rdm_1", "order-1", 300, NOW_MS - DAY_MS)
    return [
        credit,
        replace(credit, id="rwd_soon", value=Value(500, "CNY"), expires_ms=NOW_MS + 10 * DAY_MS),
        replace(credit, id="rwd_points", value=Value(100, "points")),
        replace(credit, id="rwd_debt", value=Value(300, "EUR"), status="redeemed", clawback=True, uses=(use,)),
    ]


def wallet_app(
    redis_url: str,
    accounts: Sequence[Account] = (),
    parts: WalletParts | None = None,
    records: Iterable[DirectoryRecord] = (reward_terms(), AMY, *PROFILES),
) -> Flask:
    """Returns the app; its broker is unreachable, and an API key may do everything."""
    settings = dataclasses.replace(UNREACHABLE, redis=redis_url, guides=str(GUIDES))
    catalog, people = split_records([*records, api_key("tests", "admin", secret=API_SECRET)])
    app = make_app(settings, MemoryFollower(catalog, people))
    app.test_client_class = Browser
    shared: Context = app.extensions["referral"]
    app.extensions["referral"] = dataclasses.replace(shared, clock=ManualClock(NOW_MS))
    app.extensions["rewards"] = dataclasses.replace(
        app.extensions["rewards"],
        store=StoredRewards(accounts),
        grants=FixedGrants(),
        wallet_parts=FixedParts(parts or WalletParts(FRIENDS, PLACE, POSTS)),
    )
    return app


def store_messages(app: Flask, redis: RedisClient, items: Iterable[MessageItem]) -> None:
    """Writes Amy's outbox with these items of messages, as the fold does."""
    endpoint = people_endpoint(PROGRAM, AMY.id)
    partition = partition_of(endpoint, DELIVERIES.partitions or app.extensions["referral"].settings.partitions)
    key = state_key("rd", "deliveries", partition, f"outbox:{endpoint}|{AMY.id}")
    redis.set(key, msgspec.msgpack.encode(Outbox(shown=tuple(items))))


class Browser(FlaskClient):
    """A client that states, as browsers do, that its forms are of the page's own site."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"


def wallet_link(app: Flask, id: str = "wlk_1", *, person: str = AMY.id, issued_ms: int = NOW_MS, days: int = 30) -> str:
    """Returns the path of a link to a person's wallet."""
    expires_ms = issued_ms + days * DAY_MS
    token = WalletToken(id, PROGRAM, person, issued_ms, expires_ms, expires_ms)
    shared: Context = app.extensions["referral"]
    return f"/w/{TokenSigner(shared.key_ring).sign_wallet('wallet', token)}"


def opened_wallet(app: Flask, id: str = "wlk_1") -> FlaskClient:
    """Returns a browser that has opened Amy's wallet, which reads English."""
    browser = app.test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert browser.post(wallet_link(app, id)).status_code == 303
    return browser
