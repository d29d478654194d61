"""Changes of a participant, and what an enrolment does not change."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from link_issuer.domain.enrolment import Enrolment, IgnoredValue, since_mistakes
from link_issuer.domain.participant_changes import TooManyChanges, change_participant
from referral.events.entities import MAX_FORMER_DETAILS, RULE_CHANGE_DELAY, FormerDetails
from tests.support.builders.link_issuer import LINK_OWNER, NOW

AMY = replace(LINK_OWNER, mention="@amy", device="d1")
MONTH = timedelta(days=30)


def test_a_change_keeps_what_it_does_not_name() -> None:
    """Id, code and time of enrolment never change."""
    renamed = change_participant(AMY, {"display_name": "Amy Chen"}, NOW)
    assert renamed == replace(AMY, display_name="Amy Chen")
    moved = change_participant(renamed, {"mention": "@amychen", "device": None}, NOW)
    former = FormerDetails(until=NOW + RULE_CHANGE_DELAY, mention="@amy", device="d1")
    assert moved == replace(renamed, mention="@amychen", device=None, former=(former,))


def test_the_same_values_change_nothing() -> None:
    """Sending a change again writes nothing."""
    changes = {"display_name": "Amy", "mention": "@amy", "device": "d1"}
    assert change_participant(AMY, changes, NOW) is AMY


def test_the_number_of_changes_is_bounded() -> None:
    """Each is kept; a name may change further."""
    changed = AMY
    for number in range(MAX_FORMER_DETAILS):
        changed = change_participant(changed, {"mention": f"@amy{number}"}, NOW + number * RULE_CHANGE_DELAY)
    with pytest.raises(TooManyChanges, match="20 times"):
        change_participant(changed, {"mention": "@another"}, NOW)
    assert change_participant(changed, {"display_name": "A"}, NOW).display_name == "A"


def test_an_enrolment_names_what_it_does_not_change() -> None:
    """Every value that was sent and differs; what was left out is no difference."""
    sent = Enrolment("xhs:u42", "Amy Chen", "@amychen", "d2", since=NOW)
    assert sent.ignored_values(AMY) == [
        IgnoredValue("display_name", "Amy Chen", "Amy"),
        IgnoredValue("mention", "@amychen", "@amy"),
        IgnoredValue("device", "d2", "d1"),
        IgnoredValue("since", NOW.isoformat(), None),
    ]
    assert (
        Enrolment("xhs:u42").ignored_values(AMY) == Enrolment("xhs:u42", "Amy", "@amy", "d1").ignored_values(AMY) == []
    )


@pytest.mark.parametrize(
    ("days", "is_valid"), [(0, True), (-1, True), (-30, True), (-30.1, False), (0.001, False), (365, False)]
)
def test_an_enrolment_is_dated_back_within_the_bound(days: float, is_valid: bool) -> None:
    """Not to the future, and not further than events may be late; the message names both."""
    mistakes = list(since_mistakes([Enrolment("xhs:u42", since=NOW + timedelta(days=days), pointer="/0")], NOW, MONTH))
    assert [one.pointer for one in mistakes] == ([] if is_valid else ["/0/since"])
    assert all("must be between 2026-10-02T08:00:00+00:00 and now" in one.detail for one in mistakes)


def test_a_participant_who_is_dated_back_records_by_which_key() -> None:
    """On the log, beside the time."""
    back = Enrolment("xhs:u42", since=NOW - MONTH).participant("prg_x", "AMY88", NOW, "key_admin")
    assert (back.recorded_at, back.since, back.since_by) == (NOW, NOW - MONTH, "key_admin")
    plain = Enrolment("xhs:u42").participant("prg_x", "AMY88", NOW, "key_admin")
    assert (plain.since, plain.since_by) == (None, None)
