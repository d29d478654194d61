"""How versions of a program follow each other."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.program_versions import InvalidEffectiveTime, apply_program
from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_ms

NOW = datetime(2026, 11, 1, 8, 0, 0, 250_000, tzinfo=UTC)
RULES = Program(id="prg_x", name={"en": "X"}, timezone="UTC", target_url="https://example.com", channels=("web",))
OTHER = replace(RULES, holding_days=7)


def _first() -> ProgramVersion:
    return apply_program(None, RULES, None, to_ms(NOW)).version


def test_the_first_version_counts_from_the_second_it_was_said_in() -> None:
    """It takes nothing away, so an event with whole seconds, reported at once, finds it in force."""
    version = _first()
    assert (version.version, version.effective_from) == (1, NOW.replace(microsecond=0))


def test_the_same_rules_are_the_same_version() -> None:
    """Applying a file again changes nothing, whatever moment it asks for."""
    again = apply_program(_first(), RULES, NOW - timedelta(days=1), to_ms(NOW) + 1)
    assert not again.is_new
    assert again.version == _first()


def test_other_rules_are_the_next_version_after_notice() -> None:
    """By the time new rules are in force, every reader of the catalog knows them."""
    later = to_ms(NOW) + 60_000
    next_ = apply_program(_first(), OTHER, None, later)
    assert next_.is_new
    assert next_.version.version == 2
    assert to_ms(next_.version.effective_from) == later + RULE_CHANGE_DELAY // timedelta(milliseconds=1)


@given(st.integers(-(10**9), 10**9))
def test_no_version_reaches_back(offset_ms: int) -> None:
    """Whatever moment is asked for: in the past it is refused, else the version is in force from then, or after notice."""
    now_ms = to_ms(NOW) + 3_600_000
    asked = NOW + timedelta(milliseconds=3_600_000 + offset_ms)
    try:
        version = apply_program(_first(), OTHER, asked, now_ms).version
    except InvalidEffectiveTime:
        assert offset_ms < 0
        return
    assert to_ms(version.effective_from) >= max(to_ms(asked), now_ms + 5_000)


def test_a_version_cannot_pass_one_that_is_announced() -> None:
    """With version 2 announced for tomorrow, a third for today would be undone by it: refused, with the moment."""
    announced = apply_program(_first(), OTHER, NOW + timedelta(days=1), to_ms(NOW) + 1).version
    with pytest.raises(InvalidEffectiveTime, match="version 2"):
        apply_program(announced, RULES, None, to_ms(NOW) + 2)
