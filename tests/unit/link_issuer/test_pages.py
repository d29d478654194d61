"""The texts of pages: of dead ends and of gifts, for every case."""

from decimal import Decimal
from typing import Any, get_args

import pytest
from flask import Flask

from link_issuer.domain.availability import UnavailableReason
from link_issuer.pages.dead_end_texts import DeadEndReason, dead_end_texts
from link_issuer.pages.gifts import gift_texts
from referral.events.program import Program
from referral.events.reward_rules import Conditions, Reward
from referral.events.rewards import RewardKind
from referral.pages import design, reward_names

REASONS: list[DeadEndReason] = ["unknown", "uncounted", *get_args(UnavailableReason)]


@pytest.fixture(scope="module")
def app() -> Flask:
    """An app with the pages' translations."""
    return design.init_app(Flask("test"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_dead_end_has_texts_of_its_own(app: Flask, language: str) -> None:
    """A title of its own for each reason, in both languages; some need no explanation."""
    with app.test_request_context(f"/?lang={language}"):
        texts = [dead_end_texts(reason) for reason in REASONS]
    assert len(set(texts)) == len(REASONS)
    assert len({title for title, _ in texts}) == len(REASONS)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_kind_of_reward_has_a_text_of_its_own(app: Flask, language: str) -> None:
    """As it is promised on share pages."""
    assert set(reward_names._KINDS) == set(get_args(RewardKind)), (
        "give each reward kind a text in referral/pages/reward_names.py"
    )
    rewards = tuple(
        Reward(id=f"r{number}", to="referee", on="conversion.cleared", kind=kind)
        for number, kind in enumerate(get_args(RewardKind))
    )
    program = Program(
        id="prg_x",
        name={"en": "X"},
        timezone="UTC",
        target_url="https://example.com",
        channels=("web",),
        rewards=rewards,
    )
    with app.test_request_context(f"/?lang={language}"):
        texts = [gift.what for gift in gift_texts(program, "referee")]
    assert len(set(texts)) == len(rewards)
    assert all(texts)


@pytest.mark.parametrize(
    ("rule", "language", "expected"),
    [
        (
            {"where": Conditions(channels=("wechat", "web"))},
            "en",
            ("when you follow", "through WeChat or the web only"),
        ),
        ({"where": Conditions(content=("hacks",))}, "zh-CN", ("关注即得", "仅限指定内容")),
        (
            {
                "on": "order.qualified",
                "min_order": Decimal(99),
                "currency": "CNY",
                "where": Conditions(first_order=True),
            },
            "en",
            ("for your first order", "orders of CN¥99 or more"),
        ),
        (
            {"to": "referrer", "on": "order.qualified", "max_amount": Decimal(50), "currency": "CNY"},
            "zh-CN",
            ("朋友下单即得", "每单最多 ¥50"),
        ),
    ],
)
def test_an_invitation_names_the_conditions_of_a_reward(
    app: Flask, rule: dict[str, Any], language: str, expected: tuple[str, str]
) -> None:
    """So that no friend is promised what the rules do not give."""
    reward = Reward(**{"id": "r", "to": "referee", "on": "conversion.cleared", "kind": "gift"} | rule)
    with app.test_request_context(f"/?lang={language}"):
        [gift] = gift_texts(_program(reward), reward.to)
    assert (gift.when, gift.only) == expected


def test_what_a_partners_friends_get_is_promised_by_that_partner_alone(app: Flask) -> None:
    """A follower's invitation, and another partner's, leave it out."""
    reward = Reward(id="r", to="referee", on="conversion.cleared", kind="gift", where=Conditions(partners=("kol_lin",)))
    with app.test_request_context("/?lang=en"):
        found = [len(gift_texts(_program(reward), "referee", partner)) for partner in ("kol_lin", "kol_mo", None)]
    assert found == [1, 0, 0]


def _program(*rewards: Reward) -> Program:
    return Program(
        id="prg_x",
        name={"en": "X"},
        timezone="UTC",
        target_url="https://example.com",
        channels=("web",),
        rewards=rewards,
    )


@pytest.mark.parametrize(
    ("rule", "language", "expected"),
    [
        ({"kind": "credit", "amount": Decimal(5), "currency": "CNY"}, "zh-CN", ("¥5 奖励金", "关注即得")),
        ({"kind": "credit", "points": 100}, "en", ("100 points", "when you follow")),
        (
            {"kind": "discount_code", "amount": Decimal("9.90"), "currency": "EUR"},
            "en",
            ("€9.90 off", "when you follow"),
        ),
        ({"kind": "credit", "percent": 5, "on": "order.qualified"}, "en", ("5% of each order back", "for your orders")),
        (
            {"kind": "shoutout", "on": "streak", "streak": 7, "to": "referrer"},
            "zh-CN",
            ("公开感谢", "连续 7 天都有朋友加入"),
        ),
        (
            {"kind": "gift", "on": "streak", "streak": 2, "streak_unit": "week", "to": "referrer"},
            "en",
            ("A gift", "for 2 weeks in a row with a friend"),
        ),
    ],
)
def test_a_share_page_says_what_a_reward_is_worth_and_when_it_is_granted(
    app: Flask, rule: dict[str, Any], language: str, expected: tuple[str, str]
) -> None:
    """For amounts, points, percentages of orders and streaks, in both languages."""
    reward = Reward(**{"id": "r", "to": "referee", "on": "conversion.cleared"} | rule)
    program = Program(
        id="prg_x",
        name={"en": "X"},
        timezone="UTC",
        target_url="https://example.com",
        channels=("web",),
        rewards=(reward,),
    )
    with app.test_request_context(f"/?lang={language}"):
        [gift] = gift_texts(program, reward.to)
    assert (gift.what, gift.when) == expected
