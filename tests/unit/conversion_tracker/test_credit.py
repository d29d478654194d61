"""Attribution models side by side: whose the credit is under each, and that it always adds up to one."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion_tracker.attribution.attribution_rules import AttributionRules, attribution_rules
from conversion_tracker.attribution.credit import FULL_CREDIT, CreditModel, credit_by_model
from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.person_response import attribution_response
from referral.events.facts import Fact
from referral.people.people_view import people_in_memory
from tests.support.builders.conversion_tracker import (
    FRIEND,
    catalog,
    follow,
    friend_tag,
    program_version,
    scan,
    token,
    unfollow,
)
from tests.support.builders.participants import AMY, BO, PROGRAM, SELF, profile
from tests.support.examples import examples
from tests.support.scenarios.attribution import AttributionRun

RULES: AttributionRules = attribution_rules(program_version())
REFERRERS = KnownReferrers(catalog(), people_in_memory([profile("amy"), profile("bo")]))
FOUR = [
    scan(1, 1, "AMY88"),
    scan(2, 2, "BO88"),
    friend_tag(3, 3, AMY.id),
    scan(4, 4, SELF.code),
    follow(5, 5, mention="@bo"),
]


def _shares(facts: Sequence[Fact], model: CreditModel) -> list[tuple[str, int]]:
    """The events of the touches that have a share, and how large it is."""
    return [
        (touch.event, part)
        for touch, part in credit_by_model(AttributionRun().take(facts).person.history.timeline(), RULES)[model].items()
    ]


@pytest.mark.parametrize(
    ("model", "shares"),
    [
        ("first_touch", [("evt_1", 10_000)]),
        ("last_touch", [("evt_2", 10_000)]),
        ("linear", [("evt_1", 2500), ("evt_2", 2500), ("evt_3", 2500), ("evt_5", 2500)]),
        ("position_based", [("evt_1", 4000), ("evt_2", 1000), ("evt_3", 1000), ("evt_5", 4000)]),
    ],
)
def test_four_touches_under_each_model(model: CreditModel, shares: list[tuple[str, int]]) -> None:
    """First and last stay within the strongest kind, as what pays does; the others weigh all but what is no evidence."""
    assert _shares(FOUR, model) == shares


@pytest.mark.parametrize(("count", "shares"), [(1, [10_000]), (2, [5000, 5000]), (3, [4000, 2000, 4000])])
def test_position_based_with_few_touches(count: int, shares: list[int]) -> None:
    """One has all, two have half each, of three the middle one has the fifth."""
    facts = [*(scan(number, number, "AMY88") for number in range(1, count + 1)), follow(9, 9)]
    assert [part for _, part in _shares(facts, "position_based")] == shares


def test_a_third_each_adds_up_to_one() -> None:
    """What does not divide goes to the oldest, so that no report is a hundredth short."""
    facts = [*(scan(number, number, "AMY88") for number in (1, 2, 3)), follow(9, 9)]
    assert [part for _, part in _shares(facts, "linear")] == [3334, 3333, 3333]


SCENES = st.sampled_from(["AMY88", "BO88", SELF.code, "NOBODY"])
TOUCHES = st.lists(st.tuples(st.floats(0, 20).map(lambda day: round(day, 3)), SCENES), max_size=80)


@settings(max_examples=examples(200))
@given(TOUCHES, st.one_of(st.none(), st.integers(0, 20)), st.one_of(st.none(), st.integers(0, 20)))
def test_every_model_gives_the_whole_credit_or_none(
    touches: list[tuple[float, str]], followed: int | None, clicked: int | None
) -> None:
    """Whatever happened, also more than a state remembers: either all models credit somebody, or none does."""
    facts: list[Fact] = [scan(number, days, scene) for number, (days, scene) in enumerate(touches)]
    if followed is not None:
        facts.append(follow(999, followed, click=token(BO, clicked) if clicked is not None else None))
    course = AttributionRun().take(facts).person.history.timeline()
    totals = {sum(shares.values()) for shares in credit_by_model(course, RULES).values()}
    assert totals in ({FULL_CREDIT}, {0})
    assert all(
        touch.referrer in (AMY.id, BO.id) for shares in credit_by_model(course, RULES).values() for touch in shares
    )


def test_the_people_api_shows_each_touchs_credit_and_each_referrers_part() -> None:
    """Side by side, with what pays by its name; touches that have no part show nothing of it."""
    shown = attribution_response(PROGRAM, FRIEND, AttributionRun().take(FOUR).person, RULES, REFERRERS)
    models, touches = shown.models, shown.touches
    parts = [(one.referrer.external_id, one.share) for one in models.position_based]
    assert sorted(parts) == [("xhs:amy", 0.5), ("xhs:bo", 0.5)]
    assert models.first_touch is not None
    assert models.last_touch is not None
    assert (models.first_touch.id, models.last_touch.id, models.pays) == (AMY.id, BO.id, "last_touch")
    assert [one.credit.linear for one in touches] == [0.25, 0.25, 0.25, 0, 0.25]
    assert [one.credit.last_touch for one in touches if one.won] == [1]


def test_the_people_api_shows_when_the_referral_qualified_while_it_stands() -> None:
    """The moment of the follow where that pays; nothing once it fell."""
    followed = AttributionRun().take([follow(1, 2, code="AMY88")])
    shown = attribution_response(PROGRAM, FRIEND, followed.person, RULES, REFERRERS)
    assert shown.qualified_at == follow(1, 2).occurred_at
    left = followed.take([unfollow(2, 3)])
    assert attribution_response(PROGRAM, FRIEND, left.person, RULES, REFERRERS).qualified_at is None
