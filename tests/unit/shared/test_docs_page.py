"""The texts of the API reference."""

from referral.http.docs_page import type_text


def test_an_enumeration_has_its_values_and_a_very_long_one_the_first_of_them() -> None:
    """Every currency would fill the page; the OpenAPI document has all of them."""
    assert type_text({"enum": ["held", "revoked"]}) == "held | revoked"
    assert type_text({"enum": list(range(170))}) == "0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | … (170 values)"
