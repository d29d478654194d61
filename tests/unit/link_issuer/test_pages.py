"""The texts of pages: of dead ends and of gifts, for every case."""

from typing import get_args

import pytest
from flask import Flask

from link_issuer.domain.availability import UnavailableReason
from link_issuer.pages import gifts
from link_issuer.pages.dead_end_texts import DeadEndReason, dead_end_texts
from link_issuer.pages.gifts import gift_texts
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import RewardKind
from referral.pages import design

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
    assert set(gifts._KINDS) == set(get_args(RewardKind)), "give each reward kind a text in link_issuer/pages/gifts.py"
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
