"""The sequence of a program's versions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.program_versions import InvalidCampaign, InvalidEffectiveTime, apply_program
from referral.events.board_rules import Campaign
from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_ms

NOW = datetime(2026, 11, 1, 8, 0, 0, 250_000, tzinfo=UTC)
RULES = Program(id="prg_x", name={"en": "X"}, timezone="UTC", target_url="https://example.com", channels=("web",))
OTHER = replace(RULES, holding_days=7)


def _first() -> ProgramVersion:
    return apply_program(None, RULES, None, to_ms(NOW)).version


def test_the_first_version_is_in_force_from_the_current_second() -> None:
    """So an event with a time in whole seconds, sent at once, is judged by it."""
    version = _first()
    assert (version.version, version.effective_from) == (1, NOW.replace(microsecond=0))


def test_the_same_rules_are_the_same_version() -> None:
    """Applying a file again changes nothing, whatever effective time it requests."""
    again = apply_program(_first(), RULES, NOW - timedelta(days=1), to_ms(NOW) + 1)
    assert not again.is_new
    assert again.version == _first()


def test_other_rules_are_the_next_version_after_the_delay() -> None:
    """By then every reader of the catalog has them."""
    later = to_ms(NOW) + 60_000
    next_ = apply_program(_first(), OTHER, None, later)
    assert next_.is_new
    assert next_.version.version == 2
    assert to_ms(next_.version.effective_from) == later + RULE_CHANGE_DELAY // timedelta(milliseconds=1)


@pytest.mark.parametrize(("starts", "allowed"), [(date(2026, 11, 1), False), (date(2026, 11, 2), True)])
def test_a_campaign_that_is_declared_later_is_one_to_come(starts: date, allowed: bool) -> None:
    """What happened before this version takes effect was not counted for it. The first version may have any days."""
    with_campaign = replace(RULES, campaign=Campaign(starts=starts, days=30))
    assert apply_program(None, with_campaign, None, to_ms(NOW)).version.program.campaign is not None
    if allowed:
        assert apply_program(_first(), with_campaign, None, to_ms(NOW)).is_new
    else:
        with pytest.raises(InvalidCampaign, match="must start on 2026-11-02 or later"):
            apply_program(_first(), with_campaign, None, to_ms(NOW))


@pytest.mark.parametrize("changed", [None, Campaign(starts=date(2026, 11, 5), days=31)])
def test_a_declared_campaign_stays_as_it_is(changed: Campaign | None) -> None:
    """Boards are counted by its days; other rules may change."""
    declared = replace(RULES, campaign=Campaign(starts=date(2026, 11, 5), days=30))
    first = apply_program(None, declared, None, to_ms(NOW)).version
    with pytest.raises(InvalidCampaign, match="must stay as declared"):
        apply_program(first, replace(declared, campaign=changed), None, to_ms(NOW) + 60_000)
    assert apply_program(first, replace(declared, holding_days=7), None, to_ms(NOW) + 60_000).is_new


@given(st.integers(-(10**9), 10**9))
def test_no_version_takes_effect_in_the_past(offset_ms: int) -> None:
    """A time in the past is rejected; otherwise the version takes effect then, or after the delay."""
    now_ms = to_ms(NOW) + 3_600_000
    requested = NOW + timedelta(milliseconds=3_600_000 + offset_ms)
    try:
        version = apply_program(_first(), OTHER, requested, now_ms).version
    except InvalidEffectiveTime:
        assert offset_ms < 0
        return
    assert to_ms(version.effective_from) >= max(to_ms(requested), now_ms + 5_000)


def test_a_version_cannot_precede_a_scheduled_one() -> None:
    """With version 2 scheduled for tomorrow, a third for today would be replaced by it: rejected, with the time."""
    scheduled = apply_program(_first(), OTHER, NOW + timedelta(days=1), to_ms(NOW) + 1).version
    with pytest.raises(InvalidEffectiveTime, match="version 2"):
        apply_program(scheduled, RULES, None, to_ms(NOW) + 2)
