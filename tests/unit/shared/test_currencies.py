"""Currencies: only codes of ISO 4217 in which something can be paid, with the code that was probably meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.currencies import CURRENCY_CODES, currency_code, currency_of_event
from referral.events.value_checks import InvalidValue
from referral.program_file.check import check_program_file
from tests.support.builders.program_files import MINIMAL_FILE


@pytest.mark.parametrize(
    ("text", "intended"),
    [
        ("RMB", "CNY"),
        ("rmb", "CNY"),
        ("CNH", "CNY"),
        ("元", "CNY"),
        ("cny", "CNY"),
        (" CNY", "CNY"),
        ("¥", "CNY or JPY"),
        ("€", "EUR"),
        ("Euro", "EUR"),
        ("DEM", "EUR"),
        ("US$", "USD"),
        ("NTD", "TWD"),
    ],
)
def test_a_refusal_names_the_code_that_is_meant(text: str, intended: str) -> None:
    """RMB is not a code: write CNY."""
    with pytest.raises(InvalidValue, match=f"must be an ISO 4217 code such as CNY; got .*: write {intended}$"):
        currency_code(text)


@pytest.mark.parametrize("text", ["ABC", "XXX", "XTS", "XAU", "XDR", "", "C\u0335NY", "CNY\n", "🙂", "A" * 10_000])
def test_what_is_no_currency_is_refused(text: str) -> None:
    """Also the codes for tests, for no currency and for metals; the message is short however long the text is."""
    with pytest.raises(InvalidValue) as refusal:
        currency_code(text)
    assert len(str(refusal.value)) < 200


@given(st.sampled_from(sorted(CURRENCY_CODES)))
def test_every_code_is_accepted_in_capitals_and_from_platforms_in_any_case(code: str) -> None:
    """A program file has one spelling; what platforms send in small letters is the same currency."""
    assert currency_code(code) == currency_of_event(code) == currency_of_event(code.lower()) == code
    with pytest.raises(InvalidValue, match=f"write {code}$"):
        currency_code(code.lower())


def test_a_program_file_has_currencies_of_iso_4217_only() -> None:
    """One message for each place, which names the remedy."""
    program = MINIMAL_FILE | {
        "attribution": {"qualifies_on": "order.paid", "min_amount": 99, "currency": "RMB"},
        "caps": {"budget": {"total": 1, "currency": "ABC"}},
    }
    assert {one.pointer: one.detail for one in check_program_file(program).mistakes} == {
        "/attribution/currency": "must be an ISO 4217 code such as CNY; got 'RMB': write CNY",
        "/caps/budget/currency": "must be an ISO 4217 code such as CNY; got 'ABC'",
    }
