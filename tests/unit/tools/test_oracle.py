"""The oracle: its figures for cases that can be checked by hand, and its properties for any case."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from referral.events.attribution_rules import Attribution
from referral.events.facts import Fact
from referral.events.reward_rules import Caps, Reward
from referral_tools.oracle import Figures, Journal, Oracle, RedemptionAnswer
from referral_tools.oracle.expected_rewards import NotComputable
from tests.support.builders.journals import (
    AMY,
    BEN,
    enrolment,
    follow,
    hour,
    journal,
    journal_person_id,
    journal_program,
    order_payment,
    order_refund,
    post,
    post_removal,
    unfollow,
)

DEFAULT = Attribution()


def facts_of(one: Journal, attribution: Attribution = DEFAULT) -> Figures:
    """The oracle's figures."""
    return Oracle(journal_program(attribution), journal_person_id).facts(one)


def referrer(figures: Figures, number: int) -> str | None:
    """Returns the referrer of friend `number`."""
    brought = figures.standing[f"xhs:f{number}"].referrer
    return brought.external_id if brought else None


def test_a_follower_without_evidence_found_the_account() -> None:
    """Followers are referred or discovered, and nothing else."""
    figures = facts_of(journal(follow(1, 5), follow(2, 6, code="amy88")))
    assert (figures.followers, figures.referred, figures.discovered) == (2, 1, 1)
    assert figures.referral_share == 0.5


def test_a_code_outranks_a_click_whichever_came_last() -> None:
    """The program's order of evidence decides before time does."""
    assert referrer(facts_of(journal(follow(1, 5, code="BEN88", click="token_amy"))), 1) == "xhs:ben"


def test_of_two_codes_the_last_wins_or_the_first_under_first_touch() -> None:
    """Within a kind of evidence the model decides."""
    both = journal(order_payment(1, 3, code="AMY88"), follow(1, 5, code="BEN88"))
    assert referrer(facts_of(both), 1) == "xhs:ben"
    assert referrer(facts_of(both, Attribution(model="first_touch")), 1) == "xhs:amy"


def test_a_click_outside_the_window_does_not_count() -> None:
    """Evidence is good for `window_days`, to the moment."""
    inside, outside = follow(1, 1 + 30 * 24, click="token_amy"), follow(2, 1.01 + 30 * 24, click="token_amy")
    figures = facts_of(journal(inside, outside))
    assert (referrer(figures, 1), referrer(figures, 2)) == ("xhs:amy", None)


def test_self_referrals_do_not_count_and_a_code_counts_only_once_it_exists() -> None:
    """Own codes, unknown codes, unknown tokens and codes of the future are no evidence."""
    one = journal(
        follow(1, 2, code="NOBODY"),
        follow(2, 2, click="forged"),
        follow(3, 2, code="LATE88"),
        follow(4, 4, code="late88"),
    )
    one.participants.append(enrolment("late", 3))
    one.participants.append(replace(enrolment("self", 0), external_id="xhs:f5"))
    one.facts.append(follow(5, 4, code="SELF88"))
    figures = facts_of(one)
    assert [referrer(figures, number) for number in (1, 2, 3, 4, 5)] == [None, None, None, "xhs:late", None]


def test_a_code_counts_in_the_second_it_was_drawn_in_and_a_mention_from_the_moment() -> None:
    """A handle is known before its owner takes part: a mention just before enrolment names no participant."""
    half_a_second = 0.5 / 3600
    one = journal(
        follow(1, 3, code="LATE88"), follow(2, 3, mention="@late"), follow(3, 3 + half_a_second, mention="@late")
    )
    one.participants.append(enrolment("late", 3 + half_a_second))
    figures = facts_of(one)
    assert [referrer(figures, number) for number in (1, 2, 3)] == ["xhs:late", None, "xhs:late"]


def test_a_person_who_returns_is_credited_to_their_first_referrer() -> None:
    """A second follow neither pays again nor moves the credit."""
    away: list[Fact] = [follow(1, 2, code="AMY88"), unfollow(1, 3)]
    assert facts_of(journal(*away)).followers == 0
    back = journal(*away, follow(1, 4, code="BEN88"))
    assert referrer(facts_of(back), 1) == "xhs:amy"
    assert facts_of(back).standing["xhs:f1"].followed_at == hour(4)
    assert referrer(facts_of(back, Attribution(refollow="never")), 1) is None


def test_where_an_order_pays_everything_but_the_attribution_hangs_on_the_order() -> None:
    """One bought enough, one too little, one gave it back: three followers, and one conversion at the hour of the order."""
    asked = Attribution(qualifies_on="order.paid", min_amount=Decimal(99), currency="CNY")
    follows = [follow(number, 2, code="AMY88") for number in (1, 2, 3)]
    one = journal(
        *follows, order_payment(1, 5), order_payment(2, 5, amount=98), order_payment(3, 5), order_refund(3, 900, of=5)
    )
    figures = facts_of(one, asked)
    assert (figures.referred, len(figures.conversions), figures.rewards_by_rule["first20"]) == (3, 1, 1)
    assert figures.standing["xhs:f1"].qualified_at == hour(5)
    assert [(place.score, place.reached_at) for place in figures.boards["all"]] == [(1, int(hour(5).timestamp()))]


def test_if_retention_pays_the_clock_decides() -> None:
    """Two days after the current follow, if that time has been reached."""
    one = journal(follow(1, 2, code="AMY88"), follow(2, 9, code="AMY88"))
    one.clock = hour(51)
    figures = facts_of(one, Attribution(qualifies_on="person.retained", retained_days=2))
    assert [figures.standing[f"xhs:f{number}"].qualified_at for number in (1, 2)] == [hour(50), None]
    assert len(figures.conversions) == 1


def test_a_milestone_is_valid_exactly_while_so_many_friends_count() -> None:
    """Three friends: a guide, three codes, three tickets and the bonus; one leaves, and the bonus goes."""
    three = [follow(number, number, code="AMY88") for number in (1, 2, 3)]
    owed = {"guide": 1, "first20": 3, "bonus3": 1, "ticket": 3}
    assert facts_of(journal(*three)).rewards_by_rule == owed
    assert facts_of(journal(*three, unfollow(2, 9))).rewards_by_rule == {"guide": 1, "first20": 2, "ticket": 2}


def test_a_reward_that_was_used_stays_when_its_reason_falls() -> None:
    """Used is used; a second order for the same reward would show as a doubled redemption."""
    one = journal(follow(1, 1, code="AMY88"))
    reward = next(each for each in facts_of(one).owed.values() if each.rule == "first20")
    one.facts.append(unfollow(1, 2))
    for order, used in (("order_1", True), ("order_2", False), ("order_1", True)):
        one.redemptions.append(RedemptionAnswer(reward.id, reward.rule, reward.beneficiary, order, used))
    figures = facts_of(one)
    assert (figures.kept_conversions, figures.redeemed, figures.used[reward]) == ({reward.id: reward}, 1, {"order_1"})
    assert figures.wallets == {"xhs:f1": {reward.id}}


def test_a_removed_post_does_not_count_even_if_its_removal_was_reported_first() -> None:
    """Posts are those that were published and are not gone."""
    assert facts_of(journal(post_removal(1, "p1", 2), post(1, "p1", 1), post(1, "p2", 1))).total.posts == 1


def test_boards_go_by_the_calendar_of_the_program_and_ties_by_who_was_there_first() -> None:
    """Hour 0 is midnight in Shanghai: the hour before belongs to yesterday, last ISO week and the same month."""
    figures = facts_of(
        journal(
            follow(1, -0.5, code="AMY88"),
            follow(2, 2, code="BEN88"),
            follow(3, 3, code="AMY88"),
            follow(4, 3.5, code="BEN88"),
            follow(5, 23.9, code="CAT88"),
        ),
        Attribution(window_days=30),
    )
    assert figures.standing["xhs:f1"].referrer is None  # the code did not exist yet
    early = journal(
        *(follow(n, at, code=f"{who}88") for n, (who, at) in enumerate([("AMY", 2), ("BEN", 3), ("AMY", 5)]))
    )
    assert [(p.external_id, p.score) for p in facts_of(early).boards["2026-W45"]] == [("xhs:amy", 2), ("xhs:ben", 1)]
    tie = [(place.rank, place.external_id, place.score) for place in figures.boards["2026-11-02"]]
    assert tie == [(1, "xhs:ben", 2), (2, "xhs:amy", 1), (3, "xhs:cat", 1)]
    assert set(figures.boards) == {"2026-11-02", "2026-W45", "2026-11", "all"}


def test_equal_scores_reached_in_the_same_second_go_by_participant_id() -> None:
    """The order of a board is total: two readers never see two orders."""
    places = facts_of(journal(follow(1, 2, code="AMY88"), follow(2, 2, code="BEN88"))).boards["all"]
    assert [place.participant for place in places] == sorted([AMY.id, BEN.id])


histories = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(0, 900),
        st.sampled_from(["AMY88", "ben88", "NOBODY", None]),
        st.sampled_from(["token_amy", "token_cat", "forged", None]),
        st.sampled_from(["follow", "follow", "unfollow", "order"]),
    ),
    max_size=25,
)


def built(steps: list[tuple[int, int, str | None, str | None, str]]) -> Journal:
    """A journal of these steps."""
    return journal(*(made(*step) for step in steps))


def made(who: int, at: int, code: str | None, click: str | None, what: str) -> Fact:
    """The fact of one step."""
    match what:
        case "unfollow":
            return unfollow(who, at)
        case "order":
            return order_payment(who, at, code=code)
        case _:
            return follow(who, at, code=code, click=click)


@given(histories, st.randoms(use_true_random=False))
def test_order_and_repetition_of_what_was_accepted_change_nothing(
    steps: list[tuple[int, int, str | None, str | None, str]], random: Random
) -> None:
    """A journal is a set: any permutation, with anything repeated, gives the same figures."""
    one = built(steps)
    shuffled = [*one.facts, *random.sample(one.facts, len(one.facts) // 2)]
    random.shuffle(shuffled)
    assert facts_of(replace(one, facts=shuffled)) == facts_of(one)


@given(histories)
def test_figures_add_up(steps: list[tuple[int, int, str | None, str | None, str]]) -> None:
    """Each referral is on one row of each kind of board, pays its friend once."""
    figures = facts_of(built(steps))
    assert figures.referred + figures.discovered == figures.followers
    assert len(figures.conversions) == figures.referred
    assert sum(place.score for place in figures.boards.get("all", [])) == figures.referred
    days = [places for period, places in figures.boards.items() if period.count("-") == 2]
    assert sum(place.score for places in days for place in places) == figures.referred
    assert figures.rewards_by_rule["first20"] == figures.rewards_by_rule["ticket"] == figures.referred


def _among_themselves(*facts: Fact) -> Figures:
    """Amy, Ben and Cat follow each other's codes: friends 1, 2 and 3 are they."""
    one = journal(*facts)
    names = (("AMY88", 1), ("BEN88", 2), ("CAT88", 3))
    one.participants[:] = [replace(enrolment(code[:3].lower()), external_id=f"xhs:f{number}") for code, number in names]
    return facts_of(one)


def test_the_newest_referral_of_a_cycle_is_a_referral_that_does_not_count() -> None:
    """Amy refers Ben, Ben Cat, Cat Amy: two count. All three follow, and were referred."""
    figures = _among_themselves(follow(2, 2, code="AMY88"), follow(3, 3, code="BEN88"), follow(1, 4, code="CAT88"))
    assert figures.referred == 3
    assert {one.person for one in figures.conversions.values()} == {"xhs:f2", "xhs:f3"}
    assert {place.external_id for place in figures.boards["all"]} == {"xhs:f1", "xhs:f2"}


def test_a_refused_referral_counts_again_once_the_cycle_is_open() -> None:
    """Ben leaves, so Amy has no referral; then Ben's referral of her counts."""
    both = follow(2, 2, code="AMY88"), follow(1, 3, code="BEN88")
    assert [one.person for one in _among_themselves(*both).conversions.values()] == ["xhs:f2"]
    left = _among_themselves(*both, unfollow(2, 4))
    assert [one.person for one in left.conversions.values()] == ["xhs:f1"]
    back = _among_themselves(*both, unfollow(2, 4), follow(2, 5))
    assert [one.person for one in back.conversions.values()] == ["xhs:f1"]


def test_rules_that_depend_on_the_order_of_the_log_are_refused() -> None:
    """A cap that stops a referral, streaks, tiers and conditions: their figures do not follow from who stands."""
    program = journal_program(DEFAULT)
    two = journal(follow(1, 5, code="AMY88"), follow(2, 6, code="AMY88"))
    within = structs.replace(program, caps=Caps(per_referrer={"month": 2}))
    assert Oracle(within, journal_person_id).facts(two).referred == 2
    streak = Reward(id="s", to="referrer", on="streak", streak=2, kind="shoutout")
    for beyond in (
        structs.replace(program, caps=Caps(per_referrer={"month": 1})),
        structs.replace(program, rewards=(*program.rewards, streak)),
    ):
        with pytest.raises(NotComputable):
            Oracle(beyond, journal_person_id).facts(two)
