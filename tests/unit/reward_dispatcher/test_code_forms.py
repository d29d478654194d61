"""Generated codes in the form of their program: the same for ever once they are given, and mistyped ones recognized."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.code_formats import ALPHABET, CodeFormat, GeneratedCodes, is_clean, is_well_formed
from referral.events.entities import CodePool
from referral.events.line import ClockTicked
from referral.events.rewards import RewardFulfilled
from reward_dispatcher.domain.discount_codes import generate_discount_code
from reward_dispatcher.domain.typed_codes import is_mistyped
from tests.support.builders.participants import PROGRAM, day
from tests.support.builders.reward_dispatcher import FIRST20, grant, revocation, reward_terms
from tests.support.scenarios.decide_run import DecideRun
from tests.support.systems.ledger import CODES, LedgerFeed

KEY = b"k" * 32
RULES = GeneratedCodes(prefix="GLOW-", pattern="****-****", blocked_words=("VIP",))
FORM = RULES.format
OTHER = CodeFormat("SHINE-", "**********")


@given(st.text(min_size=1, max_size=64))
def test_a_code_follows_from_its_key_form_and_reward(reward: str) -> None:
    """It is well formed and contains no blocked word; another key or form gives another code."""
    code = generate_discount_code(KEY, reward, FORM)
    assert code == generate_discount_code(KEY, reward, FORM)
    assert is_well_formed(FORM, code)
    assert is_clean(FORM, code)
    assert code != generate_discount_code(b"another key of thirty-two bytes!", reward, FORM)


def test_a_code_with_a_blocked_word_is_generated_again() -> None:
    """Two characters of the first code are blocked: the next code of the reward has none of them."""
    first = generate_discount_code(KEY, "rwd_1", CodeFormat("GLOW-", "********"))
    blocked = CodeFormat("GLOW-", "********", (first[5:7],))
    again = generate_discount_code(KEY, "rwd_1", blocked)
    assert again != first
    assert is_clean(blocked, again)


def test_codes_of_many_rewards_differ() -> None:
    """Twenty thousand codes of a space of 656 billion."""
    assert len({generate_discount_code(KEY, f"rwd_{number}", FORM) for number in range(20_000)}) == 20_000


def test_the_code_that_was_given_stays_when_the_form_changes() -> None:
    """Given under one form, and granted again under another: it is the first form's, and so it is in a refold."""
    granted = replace(grant(holding_days=1), code_format=FORM)
    regranted = replace(grant(at=day(3)), code_format=OTHER)
    lines = [granted, ClockTicked(occurred_at=day(2), id="tick_1"), revocation(at=day(2)), regranted]
    ledger = LedgerFeed(lines)
    code = ledger.account().code
    assert code == CODES.generate("", "rwd_1", FORM)
    fulfilled = [line for line in ledger.feed.outputs if isinstance(line, RewardFulfilled)]
    assert [CODES.open_line(line).code for line in fulfilled] == [code, code]
    assert all(line.code is None for line in fulfilled), "the log has no code in clear"
    assert LedgerFeed(lines).account() == ledger.account()


def test_a_grant_states_the_form_of_its_version() -> None:
    """A plain rule states none."""
    run = DecideRun((reward_terms(replace(FIRST20, code=RULES), replace(FIRST20, id="plain")),)).clear(1)
    assert {line.rule: line.code_format for line in run.rewards.values()} == {"first20": FORM, "plain": None}


def test_a_reward_whose_code_was_not_given_yet_gets_that_of_its_newest_grant() -> None:
    """Nothing was shown to anyone."""
    lines = [
        replace(grant(holding_days=5), code_format=FORM),
        revocation(at=day(1)),
        replace(grant(at=day(2)), code_format=OTHER),
    ]
    assert str(LedgerFeed(lines).account().code).startswith("SHINE-")


@pytest.fixture
def catalog() -> Catalog:
    """Codes of one form; and in the next version of another."""
    catalog = Catalog()
    catalog.apply(reward_terms(replace(FIRST20, code=RULES)))
    other = GeneratedCodes(prefix="SHINE-", pattern="**********")
    catalog.apply(reward_terms(replace(FIRST20, code=other), version=2, effective_from=day(1)))
    return catalog


@given(st.integers(0, 10**6), st.data())
def test_every_code_with_one_wrong_character_is_mistyped(number: int, data: st.DataObject) -> None:
    """In lower case and with spaces around it, too; the right code is not, in any version's form."""
    catalog = Catalog()
    catalog.apply(reward_terms(replace(FIRST20, code=RULES)))
    code = generate_discount_code(KEY, f"rwd_{number}", FORM)
    place = data.draw(st.sampled_from([at for at in range(5, len(code)) if code[at] != "-"]))
    wrong = data.draw(st.sampled_from(sorted(set(ALPHABET) - {code[place]})))
    typed = code[:place] + wrong + code[place + 1 :]
    assert not is_mistyped(code, catalog, [PROGRAM])
    assert is_mistyped(typed, catalog, [PROGRAM])
    assert is_mistyped(f" {typed.lower()} ", catalog, [PROGRAM])


def test_a_code_that_may_be_anything_else_is_looked_up(catalog: Catalog) -> None:
    """Another length or prefix, a plain code, and codes of former versions."""
    assert not is_mistyped(generate_discount_code(KEY, "rwd_1", FORM), catalog, [PROGRAM])
    for typed in ("GLOW-22", "OTHER-2222-22222", "2222222222", ""):
        assert not is_mistyped(typed, catalog, [PROGRAM])
    assert is_mistyped("GLOW-2222-22222", catalog, [PROGRAM]) != is_well_formed(FORM, "GLOW-2222-22222")


def test_nothing_is_mistyped_where_uploaded_codes_may_look_the_same(catalog: Catalog) -> None:
    """Also if it is another program of the caller that has them."""
    typed = next(code for code in ("GLOW-2222-22222", "GLOW-2222-22223") if is_mistyped(code, catalog, [PROGRAM]))
    assert is_mistyped(typed, catalog, [PROGRAM, "prg_other"])
    catalog.apply(CodePool(recorded_at=day(2), program="prg_other", pool="vip"))
    assert not is_mistyped(typed, catalog, [PROGRAM, "prg_other"])
    assert is_mistyped(typed, catalog, [PROGRAM])
