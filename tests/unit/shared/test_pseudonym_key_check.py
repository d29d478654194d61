"""A process with another key of pseudonyms than the log's works with no person."""

import pytest

from referral.catalog.view import Catalog
from referral.events.entities import PseudonymKey
from referral.key_ring import KeyRing
from referral.people.pseudonym_key_check import OtherPseudonymKey, PseudonymKeyCheck
from referral.people.pseudonyms import Pseudonyms
from tests.support.builders.participants import PROGRAM, START

OWN, OTHER = KeyRing.parse("", "o" * 32), KeyRing.parse("", "x" * 32)


def key_of(ring: KeyRing) -> PseudonymKey:
    """The record of a log that was begun with the keys of this ring."""
    return PseudonymKey(recorded_at=START, fingerprint=Pseudonyms(ring).key_fingerprint())


def test_another_key_than_the_logs_finds_and_adds_no_person() -> None:
    """Every person would be a new one, paid once more; the reason names the settings."""
    catalog = Catalog()
    check = PseudonymKeyCheck(OTHER, catalog.snapshot())
    pseudonyms = Pseudonyms(OTHER, check.guard(lambda _: 0))
    assert check.reason() is None
    assert pseudonyms.person_id(PROGRAM, "xhs:amy")
    catalog.apply(key_of(OWN))
    with pytest.raises(OtherPseudonymKey, match="REFERRAL_KEYS"):
        pseudonyms.person_id(PROGRAM, "xhs:amy")
    assert check.reason() is not None


def test_the_logs_own_key_is_accepted_and_a_later_record_changes_nothing() -> None:
    """Two first programs may be written at once; the first record counts."""
    catalog = Catalog([key_of(OWN), key_of(OTHER)])
    assert PseudonymKeyCheck(OWN, catalog).reason() is None
    assert PseudonymKeyCheck(OTHER, catalog).reason() is not None


def test_a_ring_with_the_signing_key_as_key_of_pseudonyms_is_the_same_key() -> None:
    """So that an installation may move to REFERRAL_KEYS."""
    keys = ",".join(
        f"{purpose}:1:{purpose.ljust(32, 'k')}" for purpose in ("tokens", "codes", "sealing", "devices", "sessions")
    )
    ring = KeyRing.parse(f"{keys},pseudonyms:1:{'o' * 32}", "")
    assert PseudonymKeyCheck(ring, Catalog([key_of(OWN)])).reason() is None
