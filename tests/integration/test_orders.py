"""Orders as events, through every service: what friends order pays their referrer, and a code that an order carries is used."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from link_issuer.programs.yaml_form import read_yaml
from referral.config import Settings
from referral.events.entities import ProgramVersion
from referral.program_file.check import check_program_file
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM, START
from tests.support.settings import api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event
from tests.support.systems.events_to_rewards import serve_events_to_rewards
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import wait_until_equal

pytestmark = pytest.mark.integration

SHOP = Path("examples/programs/shop-rewards.yaml")


def _terms() -> ProgramVersion:
    """The example program of a shop, under the id of the tests."""
    program = check_program_file(read_yaml(SHOP.read_text("utf-8")).content).program
    assert program is not None
    return ProgramVersion(
        recorded_at=START, program=replace(program, id=PROGRAM), version=1, effective_from=START - timedelta(days=365)
    )


@dataclass
class Shop:
    """A shop that reports its orders, and reads what became of them."""

    tracker: ConversionTracker
    dispatcher: RewardDispatcher
    sent: int = 0

    def report(self, person: str, kind: str, *, minutes_ago: float = 0, **more: object) -> dict[str, Any]:
        """Posts an event and returns it."""
        self.sent += 1
        when = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()
        sent = event(person, kind, number=self.sent, occurred_at=when, **more)
        assert self.tracker.post(sent).get_json() == {"accepted": 1, "rejected": [], "warnings": []}
        return sent

    def follow(self, person: str, channel: str) -> None:
        """A friend of Amy follows."""
        self.report(person, "person.followed", minutes_ago=60, code="AMY88", channel=channel)

    def pay(self, person: str, order: str, amount: str, currency: str = "CNY", **more: object) -> dict[str, Any]:
        """A friend pays an order."""
        return self.report(
            person, "order.paid", minutes_ago=30, data={"order": order, "amount": amount, "currency": currency, **more}
        )

    def balance(self, person: str) -> dict[str, str]:
        """What a person has to spend, or owes, in words, by unit."""
        answer = self.dispatcher.client.get(f"/v1/programs/{PROGRAM}/people/{person}/balance")
        assert answer.status_code == 200, answer.text
        return {one["unit"]: one["in_words"] for one in answer.json()["items"]}

    def rewards(self, person: str, rule: str) -> dict[str, tuple[str, object]]:
        """The rewards of a rule by the order that they are for: status and value."""
        wallet = [one for one in self.dispatcher.wallet(person) if one["rule"] == rule]
        return {str(one["trigger"]).rpartition(":")[2]: (str(one["status"]), one["value"]) for one in wallet}

    def code(self, person: str) -> str:
        """The code of a friend, once they have it."""
        wait_until_equal(lambda: [one["status"] for one in self._codes(person)], ["fulfilled"])
        return str(self._codes(person)[0]["code"])

    def _codes(self, person: str) -> list[dict[str, object]]:
        return [one for one in self.dispatcher.wallet(person) if one["kind"] == "discount_code"]

    def order(self, person: str, order: str) -> dict[str, Any]:
        """What became of the code of an order."""
        answer = self.dispatcher.client.get(f"/v1/programs/{PROGRAM}/people/{person}/orders/{order}")
        found: dict[str, Any] = answer.json()
        return found

    def outcome(self, person: str, order: str) -> tuple[object, object]:
        """Whether the code of an order was taken, and why not."""
        found = self.order(person, order)
        return found.get("code"), found.get("reason")

    def left(self, code: str) -> int:
        """How much of a code is left, in fen."""
        return int(self.dispatcher.client.get(f"/v1/codes/{code}").json()["left"])


@pytest.fixture
def shop(settings: Settings, environ: dict[str, str]) -> Iterator[Shop]:
    """The shop's program, with every fold from events to rewards."""
    records = (_terms(), AMY, BO, *PROFILES[:2], api_key("all", "admin"))
    with serve_events_to_rewards(settings, environ, *records) as (tracker, dispatcher):
        yield Shop(tracker, dispatcher)


def test_what_friends_order_pays_their_referrer_and_a_refund_takes_its_share_back(shop: Shop) -> None:
    """Percent with a ceiling, a fixed amount by a condition, tiers; refunds in part and as a whole; a debt after it was spent."""
    for number, channel in enumerate(["wechat", "xiaohongshu", "wechat"], 1):
        shop.follow(f"xhs:u{number}", channel)
    wait_until_equal(lambda: shop.balance("xhs:amy"), {"points": "45 points to spend"})  # 10 + 10 + 25

    shop.pay("xhs:u1", "o1", "199.00")  # 5% is 9.95, and 2.00 for the first order from WeChat
    shop.pay("xhs:u1", "o2", "1000.00")  # 5% would be 50.00: at most 20.00
    shop.pay("xhs:u2", "o3", "49.99")  # too small
    shop.pay("xhs:u2", "o4", "80.00", "EUR")  # another currency
    wait_until_equal(lambda: shop.balance("xhs:amy").get("CNY"), "31.95 CNY to spend")
    assert shop.rewards("xhs:amy", "share5") == {"o1": ("fulfilled", [995, "CNY"]), "o2": ("fulfilled", [2000, "CNY"])}
    assert shop.rewards("xhs:amy", "wechat2") == {"o1": ("fulfilled", [200, "CNY"])}

    refund = shop.report("xhs:u1", "order.refunded", data={"order": "o1", "amount": "99.00"})
    shop.tracker.post(refund)  # delivered twice
    wait_until_equal(lambda: shop.balance("xhs:amy").get("CNY"), "26.01 CNY to spend")  # 5.00 + 1.01 + 20.00
    shop.report("xhs:u1", "order.cancelled", minutes_ago=20, data={"order": "o2"})
    wait_until_equal(lambda: shop.balance("xhs:amy").get("CNY"), "6.01 CNY to spend")
    shop.report("xhs:u1", "order.reinstated", minutes_ago=10, data={"order": "o2"})
    wait_until_equal(lambda: shop.balance("xhs:amy").get("CNY"), "26.01 CNY to spend")

    body = {"program": PROGRAM, "person": "xhs:amy", "unit": "CNY", "amount": 2500, "order_id": "amys"}
    assert shop.dispatcher.client.post("/v1/redemptions", json=body).status_code == 201
    shop.report("xhs:u1", "order.refunded", data={"order": "o2"})
    owed = "18.99 CNY was used and taken back since: the next credit pays it"  # 25.00 of 6.01
    wait_until_equal(lambda: shop.balance("xhs:amy").get("CNY"), owed)
    assert shop.balance("xhs:amy")["points"] == "45 points to spend"


def test_an_order_with_a_code_uses_it_and_its_refunds_give_it_back(shop: Shop) -> None:
    """By anyone, in part, once; cancelled, reinstated, refunded; and the record says why a code was not taken."""
    shop.follow("xhs:u1", "wechat")
    code = shop.code("xhs:u1")
    paid = shop.pay("xhs:u7", "o1", "100.00", reward_code=f" {code.lower()} ", reward_amount="12.00")
    wait_until_equal(lambda: shop.outcome("xhs:u7", "o1"), ("taken", None))
    shop.tracker.post(paid)  # delivered twice
    assert shop.left(code) == 1800

    shop.report("xhs:u7", "order.refunded", minutes_ago=25, data={"order": "o1", "amount": "25.00"})
    wait_until_equal(lambda: shop.left(code), 2100)
    shop.report("xhs:u7", "order.cancelled", minutes_ago=20, data={"order": "o1"})
    wait_until_equal(lambda: shop.left(code), 3000)
    shop.report("xhs:u7", "order.reinstated", minutes_ago=15, data={"order": "o1"})
    wait_until_equal(lambda: shop.left(code), 1800)
    assert [one["change"] for one in shop.order("xhs:u7", "o1")["changes"]] == ["reinstated"]

    shop.pay("xhs:u8", "o2", "50.00", reward_code="NOSUCHCODE")
    shop.pay("xhs:u8", "2026/03", "50.00", "EUR", reward_code=code)
    shop.pay("xhs:u8", "o4", "50.00", reward_code=code, reward_amount="18.01")
    wait_until_equal(lambda: shop.outcome("xhs:u8", "o2"), ("refused", "unknown"))
    wait_until_equal(lambda: shop.outcome("xhs:u8", "2026/03"), ("refused", "wrong_currency"))
    wait_until_equal(lambda: shop.outcome("xhs:u8", "o4"), ("refused", "insufficient"))
    assert "report the order again" in shop.order("xhs:u8", "o2")["detail"]
    shop.pay("xhs:u8", "o2", "50.00", reward_code=code)
    wait_until_equal(lambda: shop.outcome("xhs:u8", "o2"), ("taken", None))
    assert shop.order("xhs:u8", "o9")["code"] == "unknown_order"
    log = b"".join(line for topic in ("events", "rewards") for _, line in shop.tracker.lines(topic))
    assert code.encode() not in log.upper(), "a code of a reward is on the log in clear"
