"""Participants whose enrolment was dated back, and whose mention or device was changed: which of it counts for which event."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.timeline import Touch
from conversion_tracker.attribution.unknown_evidence import explain_unknown
from link_issuer.domain.participant_changes import change_pseudonyms
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralUnattributed
from referral.events.entities import RULE_CHANGE_DELAY, Participant
from referral.events.timestamps import to_ms
from referral.people.people_view import people_in_memory
from tests.support.builders.conversion_tracker import follow, friend_tag, program_version
from tests.support.builders.participants import AMY, BO, PROGRAM, day, mention_id, participant, profile
from tests.support.scenarios.attribution import AttributionRun

MEI = replace(participant("mei"), recorded_at=day(10), code="2SS7DW")
DATED_BACK = replace(MEI, since=day(3), since_by="key_admin")


def _catalog(*participants: Participant) -> Catalog:
    return Catalog([program_version(), *participants])


def _referrer(known: Catalog, recorded_on: float, *facts: object) -> str | None:
    """The referrer after these facts were recorded on a day."""
    [first, *_] = AttributionRun(known).take(facts, recorded_on).effective_lines()  # type: ignore[arg-type] # facts
    return first.referrer if isinstance(first, ReferralAttributed) else None


def test_a_participant_who_was_dated_back_counts_for_what_is_recorded_later() -> None:
    """A comment list of last week is imported after the enrolment: code, mention and tag count from the given time on."""
    for evidence in (follow(1, 4, code="2SS7DW"), follow(1, 4, mention="@mei")):
        assert _referrer(_catalog(DATED_BACK), 11, evidence) == MEI.id
        assert _referrer(_catalog(MEI), 11, evidence) is None
    assert _referrer(_catalog(DATED_BACK), 11, friend_tag(1, 4, MEI.id), follow(2, 5)) == MEI.id


def test_before_the_given_time_and_before_the_enrolment_nothing_counts() -> None:
    """What was recorded before the enrolment was decided without it; a fold that starts again decides the same."""
    assert _referrer(_catalog(DATED_BACK), 11, follow(1, 2, code="2SS7DW")) is None
    assert _referrer(_catalog(DATED_BACK), 9, follow(1, 4, code="2SS7DW")) is None


def test_a_late_fact_about_the_code_completes_an_earlier_follow() -> None:
    """The follow was recorded before the enrolment, the comment with the code after it."""
    run = AttributionRun(_catalog(DATED_BACK)).take([follow(1, 5, code="2SS7DW")], recorded_on=6)
    [unattributed] = run.effective_lines()
    assert isinstance(unattributed, ReferralUnattributed)
    run.take([friend_tag(2, 4, MEI.id)], recorded_on=11)
    [attributed, *_] = run.effective_lines()
    assert isinstance(attributed, ReferralAttributed)
    assert attributed.referrer == MEI.id


@given(st.floats(0, 20), st.floats(0, 20), st.floats(0, 20))
def test_dating_back_only_adds_and_only_for_later_records(at: float, appended: float, since: float) -> None:
    """For any times: without it the enrolment decides; with it the given time, for what was appended after the enrolment."""
    happened, recorded = day(min(at, appended)), day(appended)
    dated = replace(MEI, since=day(min(since, 10)))
    counts = dated.counts(happened, to_ms(recorded))
    assert counts == (day(min(since, 10)) <= happened and to_ms(day(10)) <= to_ms(recorded))
    assert counts or not MEI.counts(happened, to_ms(recorded))


def _explain(touch: Touch, program: str, known: Catalog) -> str | None:
    return explain_unknown(touch, program, KnownReferrers(known, people_in_memory([profile("mei", "小美")])))


def test_an_explanation_names_who_has_the_code_now_and_since_when() -> None:
    """Support staff see that the code is right and was used too early."""
    used = Touch("code", to_ms(day(4)), "evt_1", flaw="unknown_code", code="2SS7DW")
    text = _explain(used, PROGRAM, _catalog(MEI))
    zone = _catalog(MEI).versions(PROGRAM)[0].program.timezone
    assert text is not None
    assert text.startswith("no participant had 2SS7DW at ")
    assert "it belongs to 小美 since " in text
    assert text.endswith(f"({zone})")
    dated = _explain(used, PROGRAM, _catalog(DATED_BACK)) or ""
    assert "dated back" in dated
    assert "send this one again with a new id" in dated
    mention = Touch("mention", to_ms(day(4)), "evt_1", flaw="unknown_mention", code=MEI.mention)
    assert "no participant had @mei" in (_explain(mention, PROGRAM, _catalog(MEI)) or "")
    assert _explain(replace_code(used, "N0SUCH"), PROGRAM, _catalog(MEI)) is None
    assert _explain(used, "prg_other", _catalog(MEI)) is None


def replace_code(touch: Touch, code: str) -> Touch:
    """The touch with another code."""
    return Touch(touch.kind, touch.at, touch.event, flaw=touch.flaw, code=code)


def test_an_event_counts_for_who_had_the_mention_when_it_happened() -> None:
    """Mei gives @mei up, Bo takes it: each is credited for their own time, whenever the event arrives."""
    mei = change_pseudonyms(replace(MEI, recorded_at=day(0)), {"mention": None}, day(5))
    bo = change_pseudonyms(BO, {"mention": mention_id("@mei")}, day(6))
    for order in ([mei, bo], [bo, mei]):
        known = _catalog(*order)
        assert _referrer(known, 20, follow(1, 4, mention="@Mei")) == mei.id
        assert _referrer(known, 20, follow(1, 5.5, mention="@mei")) is None
        assert _referrer(known, 20, follow(1, 7, mention="@mei")) == bo.id


def test_a_former_mention_is_not_shown_as_a_text() -> None:
    """The log has its pseudonym, and the directory only the present mention of each participant."""
    referrers = KnownReferrers(_catalog(MEI), people_in_memory([profile("mei")]))
    assert referrers.evidence_text(PROGRAM, "mention", MEI.mention) == "@mei"
    assert referrers.evidence_text(PROGRAM, "mention", mention_id("@other")) is None
    assert referrers.evidence_text(PROGRAM, "code", "2SS7DW") == "2SS7DW"


def test_an_erased_participant_is_credited_for_what_happened_before_the_erasure_was_in_effect() -> None:
    """By code, mention and tag, live or folded again; from then on their evidence is of no one."""
    erased = replace(MEI, recorded_at=day(0), erased_at=day(10))
    in_effect = (RULE_CHANGE_DELAY + timedelta(seconds=1)) / timedelta(days=1)
    for known in (_catalog(erased), _catalog(replace(erased, erased_at=None))):
        for evidence in (follow(1, 10, code="2SS7DW"), follow(1, 10, mention="@mei")):
            assert _referrer(known, 11, evidence) == MEI.id
    for evidence in (follow(1, 10 + in_effect, code="2SS7DW"), follow(1, 10 + in_effect, mention="@mei")):
        assert _referrer(_catalog(erased), 11, evidence) is None
    tag = friend_tag(1, 10 + in_effect, MEI.id)
    assert _referrer(_catalog(erased), 12, tag, follow(2, 11)) is None
    assert (
        _explain(Touch("code", to_ms(day(11)), "evt_1", flaw="unknown_code", code="2SS7DW"), PROGRAM, _catalog(erased))
        is None
    )


@given(
    st.lists(st.tuples(st.sampled_from(["@a", "@b", "@c", None]), st.integers(1, 40)), max_size=8),
    st.integers(0, 400),
)
def test_a_change_never_alters_what_was_in_effect_before(steps: list[tuple[str | None, int]], at: int) -> None:
    """Any sequence of changes: until five seconds after a change, every time has the same mention as without it."""
    now, current = day(1), AMY
    when = day(1) + timedelta(seconds=at)
    for mention, wait in steps:
        now += timedelta(seconds=wait)
        changed = change_pseudonyms(current, {"mention": mention}, now)
        if when < now + RULE_CHANGE_DELAY:
            assert changed.details_at(when).mention == current.details_at(when).mention
        else:
            assert changed.details_at(when).mention == mention
        assert (changed.recorded_at, changed.code) == (AMY.recorded_at, AMY.code)
        current = changed


def test_a_replayed_catalog_finds_former_and_present_mentions() -> None:
    """The newest record of a participant suffices, as after compaction of the topic."""
    moved = change_pseudonyms(replace(MEI, recorded_at=day(0)), {"mention": mention_id("@xiaomei")}, day(5))
    known = _catalog(moved)

    def holder(mention: str, at: datetime | None = None) -> str | None:
        found = known.mention(PROGRAM, mention_id(mention), at)
        return found.id if found else None

    assert [holder("@mei"), holder("@xiaomei")] == [None, MEI.id]
    assert [holder("@mei", day(4)), holder("@xiaomei", day(4))] == [MEI.id, None]
