"""What a link may name, and when a code leads on."""

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
    ("wish", "places"),
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
def test_a_link_names_what_the_program_has(wish: LinkSpec, places: list[str]) -> None:
    """Its channels, its content and that content's calls to action; a time that is still to come. All mistakes at once."""
    assert [one.pointer for one in link_mistakes(wish, SHARE_PROGRAM, NOW)] == places


def test_the_same_wish_is_the_same_link() -> None:
    """A link's id says what it carries, in whatever zone its times were written; another wish is another link."""
    east = (NOW + HOUR).astimezone(None)
    assert LinkSpec(expires_at=NOW + HOUR).link_id(LINK_OWNER.id) == LinkSpec(expires_at=east).link_id(LINK_OWNER.id)
    assert LinkSpec(content="a", cta="b").link_id(LINK_OWNER.id) != LinkSpec(content="b", cta="a").link_id(
        LINK_OWNER.id
    )
    assert LinkSpec().link_id(LINK_OWNER.id) != LinkSpec().link_id("par_another")


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
    """The start belongs to it, the end does not."""
    made = new_link(LinkSpec(starts_at=NOW + HOUR, expires_at=NOW + 2 * HOUR), LINK_OWNER, "LATER", NOW)
    assert unavailable_reason(made, SHARE_VERSION, now) == expected
    assert unavailable_reason(LINK_OWNER, SHARE_VERSION, now) is None


def test_a_program_that_is_not_open_hinders_all_its_codes() -> None:
    """Before its first version and after its end nothing leads on; a link that is switched off never does."""
    made = new_link(LinkSpec(), LINK_OWNER, "AMYX", NOW)
    ended = replace(SHARE_VERSION, program=replace(SHARE_PROGRAM, ends_at=NOW))
    for owner in (LINK_OWNER, made):
        assert unavailable_reason(owner, None, NOW) == "program_not_started"
        assert unavailable_reason(owner, ended, NOW) == "program_ended"
    assert unavailable_reason(replace(made, disabled=True), SHARE_VERSION, NOW) == "disabled"


def test_a_link_with_a_bound_is_exhausted_when_it_is_reached() -> None:
    """So many people, and no more; a link without a bound never."""
    made = new_link(LinkSpec(max_uses=3, partner="kol_lin", campaign="spring"), LINK_OWNER, "AMYX", NOW)
    assert [unavailable_reason(made, SHARE_VERSION, NOW, uses) for uses in (0, 2, 3, 4)] == [
        None,
        None,
        "exhausted",
        "exhausted",
    ]
    assert unavailable_reason(new_link(LinkSpec(), LINK_OWNER, "AMYY", NOW), SHARE_VERSION, NOW, 10**9) is None
    assert (made.partner, made.campaign) == ("kol_lin", "spring")
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


def test_a_link_that_is_switched_off_keeps_its_code_and_the_moment() -> None:
    """Twice is once: the first moment counts. The code stays its own since it was made."""
    off = disable_link(new_link(LinkSpec(), LINK_OWNER, "AMYX", NOW), NOW + HOUR)
    assert (off.disabled, off.disabled_at, off.recorded_at) == (True, NOW + HOUR, NOW)
    assert disable_link(off, NOW + 2 * HOUR) is off


@given(st.integers(1, 100_000), st.data())
def test_a_count_that_is_lost_was_written_down_a_tenth_ago_at_most(most: int, data: st.DataObject) -> None:
    """However many uses there were, the last one written down is no more than a tenth of the bound before; the last always is."""
    uses = data.draw(st.integers(1, most))
    written = max(
        (one for one in range(max(0, uses - most // 10 - 1), uses + 1) if one == 0 or is_snapshot_due(one, most)),
        default=None,
    )
    assert written is not None
    assert uses - written <= most // 10
    assert is_snapshot_due(most, most)
