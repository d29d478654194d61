"""Codes on the log are sealed, for their own reward, the same each time; nothing changes a code that was given."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.encryption import DecryptionFailed
from referral.events.pools import HASH_BYTES
from referral.events.rewards import RewardFulfilled, RewardLine
from referral.key_ring import PURPOSES, KeyRing
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.discount_codes import generate_discount_code, mask_code
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.sealed_codes import CodeHasher, CodeSealer
from tests.support.builders.participants import AMY, PROGRAM, day
from tests.support.builders.reward_dispatcher import grant, revocation
from tests.support.folds import FoldFeed

SIGNING_KEY = "the signing key from before there were rings"
FULFILLED = RewardFulfilled(
    occurred_at=day(1), program=PROGRAM, id="rwd_1", beneficiary=AMY.id, kind="discount_code", code="GLOW7KXP24"
)
codes = st.text(st.characters(codec="utf-8", min_codepoint=33), min_size=1, max_size=64)


def ring(*ids: str, signing_key: str = "") -> KeyRing:
    """A ring with keys of these ids for tokens, codes and sealing, the newest first, and one of each other purpose."""
    rotated = [f"{purpose}:{id}:{f'{purpose}-{id}'.ljust(32, 'x')}" for id in ids for purpose in PURPOSES[:3]]
    once = [f"{purpose}:a:{purpose.ljust(32, 'x')}" for purpose in PURPOSES[3:]]
    return KeyRing.parse(",".join([*rotated, *once]), signing_key)


@given(codes, st.sampled_from(["", "a"]))
def test_a_line_is_sealed_the_same_each_time_and_opened_by_later_rings(code: str, key: str) -> None:
    """A fold that decides again writes the same line; the log never contains the code."""
    then = CodeSealer(ring(key) if key else KeyRing.parse("", SIGNING_KEY))
    line = replace(FULFILLED, code=code)
    sealed = then.seal_line(line)
    assert then.seal_line(line) == sealed
    assert (sealed.code, len(code) < 3 or code not in msgspec.json.encode(sealed).decode()) == (None, True)
    assert then.open_line(sealed) == then.open_line(sealed) == line  # as it was remembered, and as it was opened
    later = CodeSealer(ring("b", "a", signing_key=SIGNING_KEY))
    assert later.open_line(sealed) == line
    assert later.open_line(line) == line
    assert later.seal_line(line).sealed_code != sealed.sealed_code


@pytest.mark.parametrize("moved", [{"id": "rwd_2"}, {"program": "prg_other"}])
def test_a_sealed_code_is_valid_for_its_own_reward_only(moved: dict[str, str]) -> None:
    """A line that is copied for another reward has no code."""
    sealer = CodeSealer(ring("a"))
    with pytest.raises(DecryptionFailed, match="it was moved here"):
        sealer.open_line(replace(sealer.seal_line(FULFILLED), **moved))


def test_a_code_whose_key_was_removed_names_the_key() -> None:
    """Of a line and of an uploaded segment; with the key back, both can be read."""
    sealer, without = CodeSealer(ring("a")), CodeSealer(ring("b"))
    sealed = sealer.seal_segment(PROGRAM, "vip", ("V1", "V2"))
    assert "V1" not in sealed
    assert sealer.open_segment(PROGRAM, "vip", sealed) == ("V1", "V2")
    line = sealer.seal_line(FULFILLED)
    for read in (lambda: without.open_line(line), lambda: without.open_segment(PROGRAM, "vip", sealed)):
        with pytest.raises(DecryptionFailed, match="the key 'a', which REFERRAL_KEYS does not have"):
            read()


def test_neither_the_newest_key_nor_a_refold_changes_a_code_that_was_given() -> None:
    """A reward that was granted under the signing key keeps its code when the ledger is folded again under a new key.

    So it does when it is revoked, and granted once more under the new key.
    """
    log: list[RewardLine] = [grant("rwd_1")]
    first = _ledger(KeyRing.parse("", SIGNING_KEY))
    log += first.feed(list(log))
    given_code = _code(first)
    again = _ledger(ring("b", signing_key=SIGNING_KEY))
    assert again.feed(list(log)) == log[1:]
    assert _code(again) == given_code == generate_discount_code(SIGNING_KEY.encode(), "rwd_1")
    [restored] = again.feed([revocation("rwd_1", at=day(2)), grant("rwd_1", at=day(3), code_key="b")])
    assert (restored.code_key, _code(again)) == ("", given_code)
    again.feed([grant("rwd_2", code_key="b")])
    assert _code(again, "rwd_2") == generate_discount_code(b"codes-b".ljust(32, b"x"), "rwd_2")


def test_a_generated_code_is_not_in_its_line_and_is_opened_with_its_key() -> None:
    """The line names the key: whoever has the ring has the code, and nobody else."""
    generated = replace(FULFILLED, code=None, code_key="a")
    sealer, without = CodeSealer(ring("b", "a")), CodeSealer(ring("b"))
    assert sealer.seal_line(generated) == generated
    assert sealer.open_line(generated).code == generate_discount_code(b"codes-a".ljust(32, b"x"), "rwd_1")
    with pytest.raises(DecryptionFailed, match="the key 'a', which REFERRAL_KEYS does not have"):
        without.open_line(generated)


@pytest.mark.parametrize("place", [("prg_other", "vip"), (PROGRAM, "spring")])
def test_an_uploaded_code_is_valid_for_its_own_pool_only(place: tuple[str, str]) -> None:
    """A segment that is copied to another pool cannot be read."""
    sealer = CodeSealer(ring("a"))
    with pytest.raises(DecryptionFailed, match="it was moved here"):
        sealer.open_segment(*place, sealer.seal_segment(PROGRAM, "vip", ("V1",)))


def test_hashes_of_codes_outlive_a_rotation_and_differ_between_programs() -> None:
    """Otherwise the codes of before would be uploaded again after it, and given to a second person."""
    before, after = CodeHasher(ring("a")), CodeHasher(ring("b", "a"))
    assert before.hashes(PROGRAM, ["V1", "V2"]) == after.hashes(PROGRAM, ["V1", "V2"])
    assert before.hashes(PROGRAM, ["V1"]) != before.hashes("prg_other", ["V1"])
    assert len(before.hashes(PROGRAM, ["V1", "V2"])) == 2 * HASH_BYTES


@given(codes)
def test_a_masked_code_shows_two_characters_at_most(code: str) -> None:
    """Whatever its length, which is not shown either."""
    masked = mask_code(code)
    assert masked.startswith("••••••")
    assert len(masked) == (8 if len(code) >= 8 else 6)
    assert code.endswith(masked.removeprefix("••••••"))


def _ledger(keys: KeyRing) -> FoldFeed:
    codes = CodeSealer(keys)
    return FoldFeed(LedgerFold(codes.generate, codes), Catalog())


def _code(feed: FoldFeed, reward: str = "rwd_1") -> str | None:
    state = feed.state(f"reward:{reward}")
    assert isinstance(state, Account)
    return state.code
