"""The channels to focus on, what rewards may still cost, and the client that reads rewards and budgets."""

from datetime import date, timedelta

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.focus import ENOUGH_SHARE, MOST_CHANNELS, focus_on
from leaderboard.domain.liability import LONGEST_DAYS, budget_end, rule_liability
from leaderboard.rewards_client import BudgetAmounts, RewardsClient

CHANNELS = st.dictionaries(st.sampled_from(["wechat", "weibo", "web", "douyin", "unknown"]), st.integers(0, 300))
TODAY = date(2026, 11, 24)


@given(channels=CHANNELS, before=CHANNELS)
def test_the_focus_is_on_the_channels_that_bring_most(channels: dict[str, int], before: dict[str, int]) -> None:
    """At most three, no channel left out that brings more than one of them, and no more than are needed for 80%."""
    found = focus_on(channels, before)
    known = {name: number for name, number in channels.items() if name != "unknown" and number}
    if sum(known.values()) < 30:
        assert found.channels == ()
        return
    chosen = [one.channel for one in found.channels]
    assert len(chosen) <= MOST_CHANNELS
    assert len(chosen) >= min(2, len(known))
    assert sorted(known.values(), reverse=True)[: len(chosen)] == [known[name] for name in chosen]
    if len(chosen) == MOST_CHANNELS:
        assert sum(known[name] for name in chosen[:2]) < ENOUGH_SHARE * sum(known.values())
    assert found.share.cases == sum(known[name] for name in chosen)


STATUSES = st.dictionaries(
    st.sampled_from(["pending", "held", "fulfilled", "redeemed", "clawback", "revoked", "expired"]), st.integers(0, 90)
)


@given(by_status=STATUSES)
def test_what_is_outstanding_is_used_between_its_bounds(by_status: dict[str, int]) -> None:
    """Never more than there is; without a reward that was used or expired nothing is estimated."""
    found = rule_liability("first20", by_status)
    assert found.outstanding == sum(by_status.get(name, 0) for name in ("pending", "held", "fulfilled"))
    decided = sum(by_status.get(name, 0) for name in ("redeemed", "clawback", "expired"))
    assert found.use_rate.n == decided
    if not decided:
        assert found.likely.value is None
        return
    assert found.likely.low is not None
    assert found.likely.high is not None
    assert found.likely.value is not None
    assert -1e-9 <= found.likely.low <= found.likely.value + 1e-9
    assert found.likely.value <= found.likely.high + 1e-9 <= found.outstanding + 1e-6


def test_a_budget_ends_when_its_rest_is_spent_at_the_recent_rate() -> None:
    """50 fen a referral and 28 referrals in 28 days are 50 a day: of 1,000 something is left for 20 days."""
    end = budget_end(spent=5_000, free=1_000, qualified=100, recent=28, recent_days=28, today=TODAY)
    assert (end.per_day.value, end.on) == (50, TODAY + timedelta(days=20))
    assert end.earliest is not None
    assert end.latest is not None
    assert end.earliest < TODAY + timedelta(days=20) < end.latest


@given(
    spent=st.integers(0, 10**9),
    free=st.integers(-(10**6), 10**9),
    qualified=st.integers(0, 10**6),
    recent=st.integers(0, 10**5),
)
def test_the_end_of_a_budget_is_between_its_bounds_or_not_known(
    spent: int, free: int, qualified: int, recent: int
) -> None:
    """What is overspent ends today; what nothing is known of has no end."""
    end = budget_end(spent, free, qualified, recent, 28, TODAY)
    if end.on is not None:
        assert TODAY <= end.on <= TODAY + timedelta(days=LONGEST_DAYS)
        assert end.earliest is not None
        assert end.earliest <= end.on
        assert end.latest is None or end.on <= end.latest
    if not spent or not qualified:
        assert (end.on, end.earliest, end.latest) == (None, None, None)


SUMMARY = {"by_rule": {"first20": {"fulfilled": 3}}, "program": "prg_glow", "granted": 3}
BUDGET = {"id": "total", "currency": "CNY", "total": 100, "spent": 30, "held": 10, "free": 60, "stopped": {"count": 0}}


def client(status: int = 200, body: bytes | None = None) -> RewardsClient:
    """A client of a service with these rewards; with another status or body for all requests if given."""

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer key"
        found = SUMMARY if request.url.path.endswith("/rewards/summary") else {"items": [BUDGET]}
        return httpx.Response(status, content=msgspec.json.encode(found) if body is None else body)

    return RewardsClient("http://rewards/", httpx.MockTransport(respond))


def test_rewards_and_budgets_are_read_with_the_callers_key() -> None:
    """Fields that are not needed are ignored."""
    found = client().read("prg_glow", "Bearer key")
    assert (found.by_rule, found.unavailable) == ({"first20": {"fulfilled": 3}}, None)
    assert found.budgets == [BudgetAmounts("total", "CNY", 100, 30, 10, 60)]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, None, "reward-dispatcher responded 403."),
        (503, None, "reward-dispatcher responded 503."),
        (200, b"<html>", "reward-dispatcher sent an unexpected response."),
        (200, b"{}", "reward-dispatcher sent an unexpected response."),
    ],
)
def test_what_cannot_be_read_is_not_available_with_the_reason(status: int, body: bytes | None, reason: str) -> None:
    """No figure is better than a wrong one."""
    found = client(status, body).read("prg_glow", "Bearer key")
    assert (found.budgets, found.by_rule, found.unavailable) == ([], {}, reason)


def test_a_service_that_is_away_is_not_available() -> None:
    """The connection is refused, or it takes too long."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    found = RewardsClient("http://rewards", httpx.MockTransport(refuse)).read("prg_glow", "Bearer key")
    assert found.unavailable == "reward-dispatcher did not respond."
