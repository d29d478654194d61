"""What a link may carry, and when a code works."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.availability import unavailable_reason
from link_issuer.domain.link_spec import LinkSpec, disable_link, link_mistakes, new_link
from link_issuer.usage_counter import is_snapshot_due
from tests.support.builders.link_issuer import LINK_OWNER, NOW, SHARE_PROGRAM, SHARE_VERSION

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("spec", "pointers"),
    [
        (LinkSpec(), []),
        (LinkSpec(channel="wechat", content="hacks", cta="tag", starts_at=NOW + HOUR, expires_at=NOW + 2 * HOUR), []),
        (LinkSpec(channel="douyin"), ["/channel"]),
        (LinkSpec(partner="nobody"), ["/partner"]),
        (LinkSpec(content="nothing", cta="tag"), ["/content"]),
        (LinkSpec(content="hacks", cta="nothing"), ["/cta"]),
        (LinkSpec(cta="tag"), ["/content"]),
        (LinkSpec(expires_at=NOW), ["/expires_at"]),
        (LinkSpec(starts_at=NOW + 2 * HOUR, expires_at=NOW + HOUR), ["/expires_at"]),
        (LinkSpec(channel="web", content="x", expires_at=NOW - HOUR), ["/channel", "/content", "/expires_at"]),
    ],
)
def test_a_link_may_carry_what_the_program_has(spec: LinkSpec, pointers: list[str]) -> None:
    """Its channels, its content and that content's calls to action; an end in the future. All mistakes at once."""
    assert [one.pointer for one in link_mistakes(spec, SHARE_PROGRAM, NOW)] == pointers


def test_the_same_spec_is_the_same_link() -> None:
    """A link's id is derived from what it carries, whatever the UTC offset of its times; another spec is another link."""
    east = (NOW + HOUR).astimezone(None)
    assert LinkSpec(expires_at=NOW + HOUR).link_id(LINK_OWNER.id) == LinkSpec(expires_at=east).link_id(LINK_OWNER.id)
    assert LinkSpec(content="a", cta="b").link_id(LINK_OWNER.id) != LinkSpec(content="b", cta="a").link_id(
        LINK_OWNER.id
    )
    assert LinkSpec().link_id(LINK_OWNER.id) != LinkSpec().link_id("psn_another")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW, "not_started"),
        (NOW + HOUR, None),
        (NOW + 2 * HOUR - timedelta(milliseconds=1), None),
        (NOW + 2 * HOUR, "expired"),
    ],
)
def test_a_link_works_from_its_start_until_its_end(now: datetime, expected: str | None) -> None:
    """The start is inclusive, the end exclusive."""
    link = new_link(LinkSpec(starts_at=NOW + HOUR, expires_at=NOW + 2 * HOUR), LINK_OWNER, "LATER", NOW)
    assert unavailable_reason(link, LINK_OWNER, SHARE_VERSION, now) == expected
    assert unavailable_reason(LINK_OWNER, LINK_OWNER, SHARE_VERSION, now) is None


def test_no_code_works_before_its_program_starts_or_after_it_ends() -> None:
    """Nor does a disabled link at any time."""
    link = new_link(LinkSpec(), LINK_OWNER, "AMYX", NOW)
    ended = replace(SHARE_VERSION, program=replace(SHARE_PROGRAM, ends_at=NOW))
    for holder in (LINK_OWNER, link):
        assert unavailable_reason(holder, LINK_OWNER, None, NOW) == "program_not_started"
        assert unavailable_reason(holder, LINK_OWNER, ended, NOW) == "program_ended"
    assert unavailable_reason(replace(link, disabled=True), LINK_OWNER, SHARE_VERSION, NOW) == "disabled"


def test_no_code_of_an_erased_participant_works() -> None:
    """Neither their own code nor a link, whatever else is the case."""
    erased = replace(LINK_OWNER, erased_at=NOW)
    link = new_link(LinkSpec(), erased, "AMYX", NOW)
    for holder in (erased, link, replace(link, disabled=True)):
        assert unavailable_reason(holder, erased, SHARE_VERSION, NOW) == "withdrawn"
        assert unavailable_reason(holder, None, SHARE_VERSION, NOW) == "withdrawn"
    assert unavailable_reason(erased, erased, None, NOW) == "withdrawn"


def test_a_link_is_exhausted_when_max_uses_is_reached() -> None:
    """A link without max_uses never is."""
    link = new_link(LinkSpec(max_uses=3, partner="kol_lin", campaign="spring"), LINK_OWNER, "AMYX", NOW)
    assert [unavailable_reason(link, LINK_OWNER, SHARE_VERSION, NOW, uses) for uses in (0, 2, 3, 4)] == [
        None,
        None,
        "exhausted",
        "exhausted",
    ]
    assert (
        unavailable_reason(new_link(LinkSpec(), LINK_OWNER, "AMYY", NOW), LINK_OWNER, SHARE_VERSION, NOW, 10**9) is None
    )
    assert (link.partner, link.campaign) == ("kol_lin", "spring")
    assert (
        len(
            {
                LinkSpec().link_id(LINK_OWNER.id),
                LinkSpec(max_uses=3).link_id(LINK_OWNER.id),
                LinkSpec(partner="a").link_id(LINK_OWNER.id),
            }
        )
        == 3
    )


def test_a_disabled_link_keeps_its_code_and_the_time_it_was_disabled() -> None:
    """Disabling it again changes nothing. The code is its own since it was created."""
    off = disable_link(new_link(LinkSpec(), LINK_OWNER, "AMYX", NOW), NOW + HOUR)
    assert (off.disabled, off.disabled_at, off.recorded_at) == (True, NOW + HOUR, NOW)
    assert disable_link(off, NOW + 2 * HOUR) is off


@given(st.integers(1, 100_000), st.data())
def test_the_last_snapshot_is_at_most_a_tenth_of_max_uses_behind(most: int, data: st.DataObject) -> None:
    """For any number of uses; and the last use is always written."""
    uses = data.draw(st.integers(1, most))
    written = max(
        (one for one in range(max(0, uses - most // 10 - 1), uses + 1) if one == 0 or is_snapshot_due(one, most)),
        default=None,
    )
    assert written is not None
    assert uses - written <= most // 10
    assert is_snapshot_due(most, most)
