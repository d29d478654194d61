"""Consents to subscription messages: one message each, in whatever order they are given, used, repeated and ended."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.deliveries import DeliveryStarted, WechatConsentGiven, WechatConsentsEnded
from referral.events.promoter_messages import people_endpoint
from referral.events.timestamps import to_datetime
from referral.events.wechat_rules import TemplateContent, WechatSubscription
from referral.wechat.subscription_message import subscription_message
from referral_tools.wechat_stand_in.account import Account, ApiError
from reward_dispatcher.domain.outbox import Outbox
from reward_dispatcher.domain.wechat_consents import (
    MAX_KEPT,
    Consents,
    add_consent,
    consents_left,
    end_consents,
    use_consent,
)
from reward_dispatcher.folds.deliveries_fold import DeliveriesFold
from tests.support.builders.participants import AMY, PROGRAM
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.folds import FoldFeed

TEMPLATE, OTHER = "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3", "9nLIlbOQZC5Y89AZteFEux3WCXRRRG5W"
FIELDS: dict[str, TemplateContent] = {"thing1": "program", "thing2": "news", "time3": "date"}
RULES = WechatSubscription(template=TEMPLATE, fields=FIELDS)
ENDPOINT = people_endpoint(PROGRAM, AMY.id)
AT = datetime(2026, 11, 30, 16, 5, tzinfo=UTC)
steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["accept", "repeat", "send", "send", "refuse"])), max_size=80
)


def account() -> Account:
    """Returns an account with one approved template."""
    return Account("wx", "secret", lambda: 0.0, templates={TEMPLATE: frozenset(FIELDS)})


def message(news: str = "A friend came", language: str = "en") -> dict[str, object]:
    """Returns a message to o1."""
    return subscription_message(reward_terms().program, RULES, "o1", news, "https://r.example/w/1", language, AT)


@given(steps)
def test_the_stand_in_never_refuses_what_consents_permit(actions: list[tuple[int, str]]) -> None:
    """Consents are at most those that WeChat counts, also if callbacks come twice."""
    now_ms, consents, there, given_ms = 1_000, tuple[()](), account(), list[int]()
    found: Consents = consents
    for wait, action in actions:
        now_ms += wait * 1000 + 1000
        if action == "accept":
            there.answer_request("o1", TEMPLATE, "accept")
            given_ms.append(now_ms)
            found = add_consent(found, TEMPLATE, now_ms)
        elif action == "repeat" and given_ms:
            found = add_consent(found, TEMPLATE, given_ms[-1])
        elif action == "refuse":
            there.refuse_notices("o1", TEMPLATE)
            found = end_consents(found, TEMPLATE, now_ms)
        elif action == "send" and consents_left(found, TEMPLATE):
            found = use_consent(found, TEMPLATE)
            there.notify(message())
        assert len(found) <= MAX_KEPT


def test_each_consent_allows_one_message_of_its_template() -> None:
    """A request that was refused, or is of another template, allows none; no more than 20 are kept."""
    consents = add_consent(add_consent((), TEMPLATE, 1), OTHER, 2)
    assert (consents_left(consents, TEMPLATE), consents_left(consents, OTHER)) == (1, 1)
    used = use_consent(consents, TEMPLATE)
    assert consents_left(used, TEMPLATE) == 0
    assert use_consent(used, TEMPLATE) == used
    assert consents_left(end_consents(used, None, 2), OTHER) == 0
    assert consents_left(end_consents(used, TEMPLATE, 2), OTHER) == 1
    for at_ms in range(3, 60):
        used = add_consent(used, TEMPLATE, at_ms)
    assert consents_left(used, TEMPLATE) == MAX_KEPT - 1


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("news", ["Yours now: a very long name of a reward", "到账了", "two\nlines", " "])
def test_values_fit_the_fields_of_the_template(news: str, language: str) -> None:
    """In one line of at most 20 characters; the time is that of the program's zone."""
    there = account()
    there.answer_request("o1", TEMPLATE, "accept")
    there.notify(message(news, language))
    [sent] = there.notices["o1"]
    assert (sent["touser"], sent["template_id"], sent["page"]) == ("o1", TEMPLATE, "https://r.example/w/1")
    assert sent["data"]["time3"] == {"value": "2026年12月1日 00:05"}  # type: ignore[index]


def test_the_fold_uses_one_consent_for_each_attempt_that_began() -> None:
    """A repeated line adds none; who leaves has none."""
    common = {"program": PROGRAM, "webhook": ENDPOINT}
    given = WechatConsentGiven(occurred_at=AT, person=AMY.id, template=TEMPLATE, **common)
    later = replace(given, occurred_at=to_datetime(1_800_000_000_000))
    feed = FoldFeed(DeliveriesFold(), Catalog([reward_terms()]))
    feed.feed([given, given, later])
    assert _left(feed) == 2
    started = DeliveryStarted(
        occurred_at=AT,
        message=f"{AMY.id}-1",
        number=1,
        channel="wechat_subscription",
        items=1,
        template=TEMPLATE,
        **common,
    )
    feed.feed([started])
    assert _left(feed) == 1
    feed.feed([replace(started, channel="email", template=None)])
    assert _left(feed) == 1
    feed.feed([WechatConsentsEnded(occurred_at=later.occurred_at, person=AMY.id, **common)])
    assert _left(feed) == 0


def test_the_stand_in_refuses_a_message_without_consent() -> None:
    """So that a test against it means something."""
    there = account()
    for change, code in (({}, 43101), ({"template_id": OTHER}, 40037), ({"data": {"thing1": {"value": "x"}}}, 47003)):
        with pytest.raises(ApiError) as refused:
            there.notify(message() | change)
        assert refused.value.code == code


def _left(feed: FoldFeed) -> int:
    found = feed.state(f"outbox:{ENDPOINT}|{AMY.id}")
    assert isinstance(found, Outbox)
    return consents_left(found.consents, TEMPLATE)
