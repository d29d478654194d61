"""Changes of a participant and their profile, and what an enrolment does not change."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.enrolment import (
    Enrolment,
    IgnoredValue,
    PersonPseudonyms,
    PlacedEnrolment,
    contact_mistakes,
    since_mistakes,
)
from link_issuer.domain.participant_changes import (
    ContactWithoutConsent,
    ProfileChanges,
    TooManyChanges,
    change_profile,
    change_pseudonyms,
)
from referral.events.entities import MAX_FORMER_DETAILS, RULE_CHANGE_DELAY, FormerDetails
from tests.support.builders.link_issuer import LINK_OWNER, LINK_OWNER_PROFILE, NOW

AMY = replace(LINK_OWNER, mention="mnt_amy", device="dev_1")
PROFILE = replace(LINK_OWNER_PROFILE, mention="@amy", language="en")
MONTH = timedelta(days=30)
KNOWN = PersonPseudonyms(AMY.id, "lka_amy", "mnt_amy", "dev_1")


def placed(pseudonyms: PersonPseudonyms = KNOWN, pointer: str = "", **details: object) -> PlacedEnrolment:
    """An enrolment of Amy."""
    return PlacedEnrolment(pointer, Enrolment("xhs:u42", **details), pseudonyms)  # type: ignore[arg-type] # fields by name


def test_a_change_keeps_what_it_does_not_name() -> None:
    """Id, code and time of enrolment never change; a profile has the time of its last change."""
    later = NOW + MONTH
    renamed = change_profile(PROFILE, {"display_name": "Amy Chen"}, later)
    assert renamed == replace(PROFILE, display_name="Amy Chen", recorded_at=later)
    moved = change_pseudonyms(AMY, {"mention": "mnt_chen", "device": None}, NOW)
    former = FormerDetails(until=NOW + RULE_CHANGE_DELAY, mention="mnt_amy", device="dev_1")
    assert moved == replace(AMY, mention="mnt_chen", device=None, former=(former,))
    hidden = change_profile(PROFILE, {"public": False, "language": None}, later)
    assert hidden == replace(PROFILE, public=False, language=None, recorded_at=later)


def test_the_same_values_change_nothing() -> None:
    """Sending a change again writes nothing."""
    assert change_profile(PROFILE, {"display_name": "Amy", "mention": "@amy", "consents": []}, NOW + MONTH) is PROFILE
    assert change_pseudonyms(AMY, {"mention": "mnt_amy", "device": "dev_1"}, NOW) is AMY
    assert change_pseudonyms(AMY, {}, NOW) is AMY


def test_the_number_of_changes_is_bounded() -> None:
    """Each is kept."""
    changed = AMY
    for number in range(MAX_FORMER_DETAILS):
        changed = change_pseudonyms(changed, {"mention": f"mnt_{number}"}, NOW + number * RULE_CHANGE_DELAY)
    with pytest.raises(TooManyChanges, match="20 times"):
        change_pseudonyms(changed, {"mention": "mnt_another"}, NOW)


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "contact": st.sampled_from([None, "amy@example.com", "bo@example.com"]),
        "consents": st.lists(st.just("messages"), max_size=2),
        "display_name": st.sampled_from(["Amy", "Bo"]),
        "public": st.booleans(),
    },
)


@given(st.lists(CHANGES, max_size=8))
def test_no_contact_is_stored_without_the_consent_to_use_it(changes: list[ProfileChanges]) -> None:
    """Whatever is sent in whatever order: a new contact without consent is refused, a withdrawn consent removes the contact."""
    profile = PROFILE
    for one in changes:
        agrees = "messages" in one.get("consents", profile.consents)
        if one.get("contact") is not None and not agrees:
            with pytest.raises(ContactWithoutConsent):
                change_profile(profile, one, NOW)
            continue
        before, profile = profile, change_profile(profile, one, NOW)
        assert profile.contact is None or "messages" in profile.consents
        assert profile.contact == (one.get("contact", before.contact) if agrees else None)
        assert profile.consents == (("messages",) if agrees else ())


def test_an_enrolment_with_a_contact_needs_the_consent() -> None:
    """The mistake is at the contact of each such enrolment."""
    agreed = Enrolment("xhs:a", contact="a@example.com", consents=("messages",))
    sent = [agreed, Enrolment("xhs:b", contact="b@example.com"), Enrolment("xhs:c", consents=())]
    assert [one.pointer for one in contact_mistakes(sent, lambda index: f"/{index}")] == ["/1/contact"]


def test_an_enrolment_becomes_a_participant_without_personal_data_and_a_profile() -> None:
    """Without a name the code is shown; who is not asked appears on public pages."""
    one = placed(mention="@amy", device="d1")
    participant, profile = one.participant("prg_x", "AMY88", NOW, "key_1"), one.profile("prg_x", "AMY88", NOW)
    assert (participant.id, participant.mention, participant.device) == (AMY.id, "mnt_amy", "dev_1")
    assert participant.look_alike == "lka_amy"
    assert (profile.id, profile.external_id, profile.display_name, profile.mention) == (
        AMY.id,
        "xhs:u42",
        "AMY88",
        "@amy",
    )
    assert (profile.public, profile.consents, profile.contact) == (True, (), None)
    assert placed(public=False).profile("prg_x", "A", NOW).public is False


def test_an_enrolment_names_what_it_does_not_change() -> None:
    """Every value that was sent and differs; what was left out is no difference. Stored devices and contacts are not shown."""
    others = replace(KNOWN, mention="mnt_chen", device="dev_2")
    sent = placed(
        others,
        display_name="Amy Chen",
        mention="@chen",
        device="d2",
        since=NOW,
        contact="a@example.com",
        language="zh-CN",
        consents=("messages",),
        public=False,
    )
    assert sent.ignored_values(AMY, PROFILE) == [
        IgnoredValue("display_name", "Amy Chen", "Amy"),
        IgnoredValue("mention", "@chen", "@amy"),
        IgnoredValue("device", "d2", None),
        IgnoredValue("since", NOW.isoformat(), None),
        IgnoredValue("contact", "a@example.com", None),
        IgnoredValue("language", "zh-CN", "en"),
        IgnoredValue("consents", "messages", ""),
        IgnoredValue("public", "false", "true"),
    ]
    assert placed().ignored_values(AMY, PROFILE) == []
    same = placed(display_name="Amy", mention="@amy", device="d1", language="en", consents=(), public=True)
    assert same.ignored_values(AMY, PROFILE) == []


@pytest.mark.parametrize(
    ("days", "is_valid"), [(0, True), (-1, True), (-30, True), (-30.1, False), (0.001, False), (365, False)]
)
def test_an_enrolment_is_dated_back_within_the_bound(days: float, is_valid: bool) -> None:
    """Not to the future, and not further than events may be late; the message names both."""
    mistakes = list(since_mistakes([placed(pointer="/0", since=NOW + timedelta(days=days))], NOW, MONTH))
    assert [one.pointer for one in mistakes] == ([] if is_valid else ["/0/since"])
    assert all("must be between 2026-10-02T08:00:00+00:00 and now" in one.detail for one in mistakes)


def test_a_participant_who_is_dated_back_records_by_which_key() -> None:
    """On the log, beside the time."""
    back = placed(since=NOW - MONTH).participant("prg_x", "AMY88", NOW, "key_admin")
    assert (back.recorded_at, back.since, back.since_by) == (NOW, NOW - MONTH, "key_admin")
    plain = placed().participant("prg_x", "AMY88", NOW, "key_admin")
    assert (plain.since, plain.since_by) == (None, None)
