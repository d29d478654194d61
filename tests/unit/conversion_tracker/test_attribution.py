"""Attribution: the rules by example, and the property that order and repetition of events do not matter."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.attribution.ignored_facts import ignored_facts
from conversion_tracker.attribution.person import Person
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralQualified, ReferralReversed, ReferralUnattributed
from referral.events.entities import Link, LinkUsed, Participant, ProgramVersion, UseReturned
from referral.events.facts import ClickToken, ContentShown, EventWithdrawn, Fact, Follow
from referral.events.line import type_tag
from referral.events.timestamps import to_datetime, to_ms
from referral_tools.oracle.expected_attribution import expected_referral as oracle
from referral_tools.oracle.journal import Click, Enrolled
from referral_tools.oracle.participant_directory import Directory
from tests.support.builders.conversion_tracker import (
    FRIEND,
    TOKENS,
    catalog,
    follow,
    friend_tag,
    order_payment,
    order_refund,
    program_version,
    scan,
    token,
    unfollow,
)
from tests.support.builders.participants import AMY, BO, PROGRAM, SELF, day, mention_id, person_id
from tests.support.examples import examples
from tests.support.scenarios.attribution import AttributionRun


def _said(run: AttributionRun) -> list[str]:
    return [type_tag(line).removeprefix("referral.") for line in run.stage_lines]


def _winner(run: AttributionRun) -> str | None:
    """Returns the referrer; None if the friend is unattributed."""
    first = run.effective_lines()[0]
    return first.referrer if isinstance(first, ReferralAttributed) else None


def _reason(run: AttributionRun) -> str:
    (only,) = run.effective_lines()
    assert isinstance(only, ReferralUnattributed)
    return only.reason


def test_a_follow_with_a_code_is_attributed_and_qualified_at_once() -> None:
    """A follow is what the program pays for, and the code names the referrer."""
    run = AttributionRun().take([follow(1, 2, code="amy88", channel="wechat", device="d1")])
    (attributed,) = run.outputs
    assert attributed.stages == ("attributed", "qualified")
    assert (attributed.referrer, attributed.person, attributed.occurred_at) == (AMY.id, FRIEND, day(2))
    assert (attributed.evidence.kind, attributed.evidence.code, attributed.evidence.event) == ("code", "AMY88", "evt_1")
    assert (attributed.version, attributed.device, attributed.followed_at) == (1, "d1", day(2))


def test_a_withdrawn_follow_is_as_if_it_had_never_been_sent() -> None:
    """It is reversed as a correction; another follow then has its own evidence; the withdrawn one changes nothing."""
    run = AttributionRun().take([follow(1, 2, code="AMY88")])
    withdrawal = EventWithdrawn(
        occurred_at=day(3),
        id="wdr_1",
        program=PROGRAM,
        person=FRIEND,
        event="evt_1",
        was="person.followed",
        by="opr_lin",
    )
    run.take([withdrawal, follow(1, 2, code="AMY88"), withdrawal])
    reversed_ = run.outputs[-1]
    assert isinstance(reversed_, ReferralReversed)
    assert (reversed_.reason, reversed_.undoes) == ("corrected", ("attributed", "qualified"))
    run.take([follow(2, 4, code=BO.code)])
    assert _winner(run) == BO.id


def test_a_referral_carries_the_data_of_the_first_follow_and_the_number_of_follows() -> None:
    """Screening reads them there: what the first follow had, and each follow, in any order of arrival."""
    told = {"device": "d1", "network": "n1", "look_alike": "lka_1", "data": Follow(handle_matches=(0, 2))}
    facts = [
        follow(1, 2, code="AMY88", **told),
        unfollow(2, 3),
        follow(3, 4, network="n2"),
        unfollow(4, 5),
        follow(5, 6),
    ]
    for order in (facts, facts[::-1], facts[2:] + facts[:2]):
        _, qualified = AttributionRun().take(order).effective_lines()
        assert isinstance(qualified, ReferralQualified)
        assert (qualified.device, qualified.network) == ("d1", "n1")
        assert (qualified.look_alike, qualified.handle_matches) == ("lka_1", (0, 2))
        assert (qualified.spells, qualified.occurred_at) == (3, day(6))


def test_a_reversal_names_what_the_evidence_named() -> None:
    """So that figures by channel, content and call to action take it away without knowing the referral."""
    named = Follow(content="hacks", cta="tag")
    run = AttributionRun().take([follow(1, 2, code="AMY88", channel="wechat", data=named), unfollow(2, 3)])
    attributed, gone = run.outputs
    assert (attributed.evidence.content, attributed.evidence.cta) == ("hacks", "tag")
    assert (gone.channel, gone.content, gone.cta, gone.partner) == ("wechat", "hacks", "tag", None)


@pytest.mark.parametrize(
    ("facts", "winner"),
    [
        ([follow(1, 2, click=token(AMY, 1))], AMY),
        ([follow(1, 2, mention="@Amy")], AMY),
        ([scan(1, 1, "AMY88"), follow(2, 2)], AMY),
        ([friend_tag(1, 1, AMY.id), follow(2, 2)], AMY),
        ([scan(1, 1, "BO88"), follow(2, 2, mention="@amy")], BO),
        ([follow(1, 2, code="AMY88", click=token(BO, 1))], AMY),
        ([scan(1, 1, "AMY88"), scan(2, 1.5, "BO88"), follow(3, 2)], BO),
    ],
    ids=["click", "mention", "scan", "tag", "scan before mention", "code before click", "last touch"],
)
def test_the_strongest_kind_of_evidence_wins_and_within_a_kind_the_newest(
    facts: list[Fact], winner: Participant
) -> None:
    """Every kind of evidence counts by itself; between kinds the program's order decides, within one the last touch."""
    assert _winner(AttributionRun().take(facts)) == winner.id


def test_a_program_may_pay_the_first_touch() -> None:
    """The model is the program's to choose."""
    facts = [scan(1, 1, "AMY88"), scan(2, 1.5, "BO88"), follow(3, 2)]
    assert _winner(AttributionRun(catalog(program_version(model="first_touch"))).take(facts)) == AMY.id


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([follow(1, 2)], "no_evidence"),
        ([follow(1, 2, code="NOBODY")], "unknown_code"),
        ([follow(1, 2, mention="@nobody")], "unknown_mention"),
        ([follow(1, 2, code=SELF.code)], "self_referral"),
        ([follow(1, 25, click=token(AMY, -10))], "expired"),
        ([follow(1, 2, click=token(AMY, 3))], "no_evidence"),
        ([follow(1, 10, code="AMY88")], "program_closed"),
    ],
    ids=["none", "unknown code", "unknown mention", "self", "expired", "clicked after the follow", "closed"],
)
def test_a_follower_without_a_referrer_is_unattributed_with_the_reason(facts: list[Fact], reason: str) -> None:
    """A discovery follower stays in the figures, and support can see why there is no referrer."""
    assert (
        _reason(
            AttributionRun(
                catalog(program_version(ends_at=day(10)) if reason == "program_closed" else program_version())
            ).take(facts)
        )
        == reason
    )


def test_own_evidence_does_not_hide_the_evidence_of_another_person() -> None:
    """A person who uses their own code after a friend's link was referred by the friend."""
    assert _winner(AttributionRun().take([follow(1, 2, code=SELF.code, click=token(AMY, 1))])) == AMY.id


CY = Participant(
    recorded_at=to_datetime(to_ms(day(5)) + 900),
    id=person_id("xhs:cy"),
    program=PROGRAM,
    code="CY88",
    mention=mention_id("@cy"),
)
CY_LINK = Link(recorded_at=CY.recorded_at, id="lnk_1", code="CYGLOW", program=PROGRAM, participant=CY.id)
SECOND = 1 / 86_400


def _known_late() -> Catalog:
    """Returns the catalog with a participant enrolled 0.9 s after day 5."""
    known = catalog()
    for entity in (CY, CY_LINK):
        known.apply(entity)
    return known


def test_a_code_counts_from_the_second_it_was_made_in() -> None:
    """Platforms often tell whole seconds; a code must not count for what happened before it was there."""
    assert _winner(AttributionRun(_known_late()).take([follow(1, 5, code="CY88")])) == CY.id
    assert _reason(AttributionRun(_known_late()).take([follow(1, 4.99, code="CY88")])) == "unknown_code"


@pytest.mark.parametrize("said", [{"mention": "@cy"}, {"code": "CYGLOW"}, {"tag": CY.id}])
def test_what_can_be_known_before_it_is_recorded_counts_only_from_then(said: dict[str, str]) -> None:
    """A mention, tag or chosen code of a person just before enrolment names no participant, live or on replay."""

    def verdict(days: float) -> str | None:
        tags = [friend_tag(1, days, said["tag"])] if "tag" in said else []
        evidence = {kind: name for kind, name in said.items() if kind != "tag"}
        return _winner(AttributionRun(_known_late()).take([*tags, follow(2, days, **evidence)]))

    assert (verdict(5), verdict(5 + SECOND)) == (None, CY.id)


def test_a_link_that_was_switched_off_counts_for_nothing_once_every_fold_has_read_of_it() -> None:
    """Five seconds after, so that what was decided live is decided again on a replay; what happened before keeps its referrer."""
    known = _known_late()
    known.apply(replace(CY_LINK, disabled=True, disabled_at=day(6)))
    verdicts = [
        AttributionRun(known).take([follow(1, days, code="CYGLOW")])
        for days in (5.5, 6 + 4 * SECOND, 6 + 5 * SECOND, 7)
    ]
    assert [_winner(run) for run in verdicts] == [CY.id, CY.id, None, None]
    assert _reason(verdicts[-1]) == "expired"


def _cy_click(days: float) -> str:
    """The token of a click on the link, so many days after the start."""
    click = ClickToken(
        id="clk_cy", program=PROGRAM, participant=CY.id, code=CY_LINK.code, clicked_at_ms=to_ms(day(days))
    )
    return TOKENS.sign_click(click)


def test_a_click_of_a_link_that_was_switched_off_since_counts_for_nothing() -> None:
    """From then on, also if the link was opened before; a follow before keeps its referrer."""
    known = _known_late()
    known.apply(replace(CY_LINK, disabled=True, disabled_at=day(6)))
    verdicts = [
        AttributionRun(known).take([follow(1, days, click=_cy_click(5.2))])
        for days in (5.5, 6 + 4 * SECOND, 6 + 5 * SECOND, 7)
    ]
    assert [_winner(run) for run in verdicts] == [CY.id, CY.id, None, None]
    assert _reason(verdicts[-1]) == "expired"


def _exhausted(uses: int = 1, returned: int = 0) -> Catalog:
    """The catalog with a link for one use that was opened `uses` times on day 6, of which `returned` were returned."""
    known = _known_late()
    known.apply(replace(CY_LINK, max_uses=1))
    known.apply(LinkUsed(recorded_at=day(6), code=CY_LINK.code, uses=uses))
    for number in range(returned):
        known.apply(UseReturned(recorded_at=day(6.5), code=CY_LINK.code, click=f"clk_{number}"))
    return known


def test_the_code_of_an_exhausted_link_counts_for_nothing_once_every_fold_has_read_of_it() -> None:
    """Five seconds after; what happened before keeps its referrer, and a use that was returned opens the link again."""
    verdicts = [
        AttributionRun(_exhausted()).take([follow(1, days, code=CY_LINK.code)])
        for days in (5.5, 6 + 4 * SECOND, 6 + 5 * SECOND, 7)
    ]
    assert [_winner(run) for run in verdicts] == [CY.id, CY.id, None, None]
    assert _reason(verdicts[-1]) == "expired"
    assert _winner(AttributionRun(_exhausted(returned=1)).take([follow(1, 7, code=CY_LINK.code)])) == CY.id
    assert _winner(AttributionRun(_exhausted(2, returned=1)).take([follow(1, 7, code=CY_LINK.code)])) is None


def test_the_click_that_exhausted_a_link_counts_and_no_later_one() -> None:
    """A link for one person pays for that person, who follows after the link was used up."""
    assert _winner(AttributionRun(_exhausted()).take([follow(1, 8, click=_cy_click(6))])) == CY.id
    assert _reason(AttributionRun(_exhausted()).take([follow(1, 8, click=_cy_click(6 + 5 * SECOND))])) == "expired"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(1, 5))
def test_a_link_is_exhausted_since_its_count_first_reached_the_limit(counts: list[int], limit: int) -> None:
    """In whatever order the snapshots of the count are read, as long as the newest reaches it first."""
    known = _known_late()
    link = replace(CY_LINK, max_uses=limit)
    for number, uses in enumerate(counts):
        known.apply(LinkUsed(recorded_at=day(6 + number), code=link.code, uses=uses))
    newest = next(number for number, uses in enumerate(counts) if uses == max(counts))
    assert known.exhausted_since(link) == (day(6 + newest) if max(counts) >= limit else None)
    assert known.exhausted_since(CY_LINK) is None


def test_the_rules_are_those_in_force_at_the_follow() -> None:
    """A new version changes nothing that happened before it took effect, whenever it arrives."""
    known = catalog(program_version(1), program_version(2, day(5), evidence=("mention",)))
    assert _winner(AttributionRun(known).take([follow(1, 4, code="AMY88")])) == AMY.id
    assert _reason(AttributionRun(known).take([follow(1, 6, code="AMY88")])) == "no_evidence"


def test_an_unfollow_reverses_and_a_refollow_restores_the_same_referral() -> None:
    """The second follow is credited to who won at the first, with the same ids, and cannot be won by another."""
    run = AttributionRun().take([follow(1, 2, code="AMY88"), unfollow(2, 3), follow(3, 4, code="BO88")])
    assert _said(run) == ["attributed", "qualified", "reversed", "attributed", "qualified"]
    first, reversed_, second = run.outputs
    assert isinstance(reversed_, ReferralReversed)
    assert (reversed_.reason, reversed_.since, reversed_.occurred_at) == ("unfollowed", day(2), day(3))
    assert first.id == second.id == reversed_.id
    assert _winner(run) == AMY.id
    assert run.effective_lines()[0].occurred_at == day(4)


def test_a_program_may_refuse_to_restore_and_the_follower_counts_as_nobodys() -> None:
    """`refollow: never` keeps the referral reversed; the person follows all the same and is counted once."""
    facts = [follow(1, 2, code="AMY88"), unfollow(2, 3), follow(3, 4)]
    assert _reason(AttributionRun(catalog(program_version(refollow="never"))).take(facts)) == "refollowed"


def test_one_person_counts_once_however_often_they_follow() -> None:
    """Client retries (the same id) and repeated follows (another id) change nothing."""
    run = AttributionRun().take([follow(1, 2, code="AMY88"), follow(1, 2, code="AMY88"), follow(2, 3, code="BO88")])
    assert _said(run) == ["attributed", "qualified"]


def test_an_earlier_follow_that_arrives_late_corrects_what_was_published() -> None:
    """Corrections are ordinary outputs: the old verdict is reversed, the new one published."""
    run = AttributionRun().take([follow(2, 3, code="BO88"), follow(1, 2, code="AMY88")])
    assert _said(run) == ["attributed", "qualified", "reversed", "attributed", "qualified"]
    assert run.outputs[1].reason == "corrected"
    assert _winner(run) == AMY.id


def test_what_comes_beyond_the_lateness_bound_changes_no_verdict_and_is_counted() -> None:
    """An import of old events must not overturn months of paid rewards; the state counts them."""
    run = (
        AttributionRun()
        .take([follow(2, 30, code="BO88")], recorded_on=30)
        .take([follow(1, 2, code="AMY88")], recorded_on=40)
    )
    assert _winner(run) == BO.id
    assert run.person.late_facts == 1


def test_what_is_from_before_the_program_changes_no_verdict_and_is_counted() -> None:
    """The program's rules did not exist; the state counts such facts, so that the answer about the person can say why."""
    applied = Catalog([AMY, replace(program_version(), recorded_at=day(10), effective_from=day(10))])
    run = AttributionRun(applied).take([scan(1, 9, "AMY88"), follow(2, 9.9, code="AMY88"), order_payment(3, 9, "o")])
    assert (run.outputs, run.person.early_facts) == ([], 2)
    assert ignored_facts(run.person, day(10)) == [
        "2 events from before the program was applied (2026-11-11 00:00:00 UTC) changed nothing."
    ]
    run.take([follow(4, 11, code="AMY88")])
    assert (_winner(run), run.person.early_facts) == (AMY.id, 2)


MICROSECOND = 1 / 86_400_000_000  # of a day


@given(
    st.permutations(
        [follow(98, 2 + MICROSECOND, code="AMY88"), unfollow(99, 2 + 2 * MICROSECOND), follow(100, 2 + 3 * MICROSECOND)]
    )
)
def test_what_happens_within_a_millisecond_keeps_its_order(facts: list[Fact]) -> None:
    """A person who followed, left and came back within a millisecond follows, in whatever order the events arrive."""
    run = AttributionRun().take(facts)
    assert _winner(run) == AMY.id
    assert run.person.published is not None
    assert run.person.published.spells == 2


@given(
    st.permutations(
        [scan(1, 2 + 2 * MICROSECOND, "AMY88"), scan(2, 2 + MICROSECOND, "BO88"), follow(3, 2 + 3 * MICROSECOND)]
    )
)
def test_the_newest_touch_is_the_newest_to_the_microsecond(facts: list[Fact]) -> None:
    """Not the one with the greater id."""
    assert _winner(AttributionRun().take(facts)) == AMY.id


@given(st.permutations([unfollow(98, 2), follow(99, 2), scan(100, 2, "AMY88")]))
def test_facts_of_one_microsecond_are_ordered_by_type(facts: list[Fact]) -> None:
    """Evidence, follow, unfollow: whole seconds say no more."""
    run = AttributionRun().take(facts)
    assert run.effective_lines() == []
    assert run.person.history.timeline().touches[0].referrer == AMY.id
    assert run.person.history.timeline().first_follow is not None


@given(st.permutations([scan(98, 2, "AMY88"), scan(100, 2, "BO88"), follow(101, 2)]))
def test_facts_of_one_microsecond_and_type_are_ordered_by_their_numbers(facts: list[Fact]) -> None:
    """An id that counts: evt_98 comes before evt_100, so the scan of evt_100 is the newest."""
    assert _winner(AttributionRun().take(facts)) == BO.id


def test_a_state_from_before_microseconds_were_stored_is_read() -> None:
    """States are arrays, whose new fields are at the end and have defaults."""
    facts = [scan(1, 1, "AMY88"), follow(2, 2), unfollow(3, 3)]
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(AttributionRun().take(facts).person))
    old = [[[entry[:-1] for entry in _without_touch_micros(state[0][0])], None], *state[1:-1]]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=Person) == AttributionRun().take(facts).person


def _without_touch_micros(entries: list[list[Any]]) -> list[list[Any]]:
    return [[*entry[:3], [touch[:-1] for touch in entry[3]], *entry[4:]] for entry in entries]


def test_a_line_without_effect_touches_no_state() -> None:
    """Most lines are of this kind, and must cost almost nothing; orders too, if no rule needs them."""
    shown = ContentShown(id="s", program=PROGRAM, person=FRIEND, occurred_at=day(1))
    run = AttributionRun()
    assert run.fold.keys(shown) == ()
    assert run.take([shown, order_payment(1, 1, "o"), order_refund(2, 2, "o")]).feed.values == {}
    assert run.take([order_payment(3, 1, "o"), order_refund(4, 2, "o")], recorded_on=60).feed.values == {}


def test_events_of_an_unknown_program_are_skipped() -> None:
    """The API refuses such events; one that is on the log nevertheless creates no state."""
    unknown = replace(follow(1, 2, code="AMY88"), program="prg_other")
    assert AttributionRun().take([unknown]).feed.values == {}


MOMENTS = st.sampled_from([0, 1, 2, 999, 1000, 1001]).map(lambda micros: 5 + micros * MICROSECOND)
DAYS = st.one_of(st.integers(0, 20), st.floats(0, 29).map(lambda days: round(days, 3)), MOMENTS)
CODES = st.sampled_from([None, "AMY88", "bo88", SELF.code, "NOBODY"])
CLICKS = st.one_of(st.none(), st.builds(token, st.sampled_from([AMY, BO, SELF]), st.integers(0, 20)))
MENTIONS = st.sampled_from([None, "@amy", "@bo", "@nobody"])
TAGGERS = st.sampled_from([AMY.id, BO.id, FRIEND, person_id("xhs:stranger")])
FACTS = st.one_of(
    st.builds(follow, st.just(0), DAYS, code=CODES, click=CLICKS, mention=MENTIONS),
    st.builds(unfollow, st.just(0), DAYS),
    st.builds(scan, st.just(0), DAYS, st.sampled_from(["AMY88", "BO88", SELF.code, "NOBODY"])),
    st.builds(friend_tag, st.just(0), DAYS, TAGGERS),
)


def _numbered(facts: list[Fact]) -> list[Fact]:
    return [replace(fact, id=f"evt_{number}") for number, fact in enumerate(facts)]


def histories(most: int = 12) -> st.SearchStrategy[list[Fact]]:
    """What may happen to one person within the lateness bound; ids differ."""
    return st.lists(FACTS, min_size=1, max_size=most).map(_numbered)


RULES = st.builds(
    program_version,
    model=st.sampled_from(["first_touch", "last_touch"]),
    window_days=st.sampled_from([1, 7, 30]),
    refollow=st.sampled_from(["restore", "never"]),
    evidence=st.permutations(["code", "click", "scan", "mention", "tag"]).map(lambda kinds: tuple(kinds[:4])),
)


@settings(max_examples=examples(400))
@given(histories(), RULES, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_a_persons_events_gives_the_same_verdict(
    facts: list[Fact], rules: ProgramVersion, chance: random.Random
) -> None:
    """A verdict uses the whole history, so retries, lateness and reordering do not matter; the outputs add up to the verdict."""
    known = catalog(rules)
    in_order = AttributionRun(known).take(sorted(facts, key=lambda fact: (fact.occurred_at, fact.id)))
    shuffled = [*facts, *chance.choices(facts, k=len(facts) // 2)]
    chance.shuffle(shuffled)
    at_random = AttributionRun(known).take(shuffled)
    assert at_random.person.published == in_order.person.published
    assert at_random.effective_lines() == in_order.effective_lines()
    assert at_random.person.history == in_order.person.history


@settings(max_examples=examples(400))
@given(histories(), RULES, st.randoms(use_true_random=False))
def test_the_verdict_is_that_of_the_independent_oracle(
    facts: list[Fact], rules: ProgramVersion, chance: random.Random
) -> None:
    """The oracle sorts everything and judges once; it shares no line with the service."""
    known = catalog(rules)
    chance.shuffle(facts)
    run = AttributionRun(known).take(facts)
    expected = oracle(FRIEND, facts, rules.program.attribution, _directory(facts))
    standing = run.effective_lines()
    assert bool(standing) == (expected is not None)
    if expected is not None:
        assert standing[0].occurred_at == expected.followed_at
        assert _winner(run) == (expected.referrer.id if expected.referrer else None)


def _directory(facts: list[Fact]) -> Directory:
    tokens = {fact.click: TOKENS.peek_click(fact.click) for fact in facts if fact.click}
    clicks = {token: Click(read.code, to_datetime(read.clicked_at_ms)) for token, read in tokens.items()}
    return Directory(
        [Enrolled(one.id, one.id, one.code, one.mention, one.recorded_at) for one in (AMY, BO, SELF)], clicks
    )
