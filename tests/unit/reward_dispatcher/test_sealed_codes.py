"""Codes on the log are sealed, for their own reward, the same each time; nothing changes a code that was given."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.encryption import DecryptionFailed
from referral.events.entities import PoolChunk
from referral.events.rewards import CodeIssued, PoolFilled, RewardFulfilled, RewardLine
from referral.key_ring import PURPOSES, KeyRing
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.discount_codes import generate_discount_code, mask_code
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.builders.participants import PROGRAM, day
from tests.support.builders.reward_dispatcher import grant
from tests.support.folds import FoldFeed

SIGNING_KEY = "the signing key from before there were rings"
FULFILLED = RewardFulfilled(
    occurred_at=day(1), program=PROGRAM, id="rwd_1", beneficiary="xhs:amy", kind="discount_code", code="GLOW7KXP24"
)
codes = st.text(st.characters(codec="utf-8", min_codepoint=33), min_size=1, max_size=64)


def ring(*ids: str, signing_key: str = "") -> KeyRing:
    """A ring with keys of these ids for every purpose, the newest first."""
    text = ",".join(f"{purpose}:{id}:{f'{purpose}-{id}'.ljust(32, 'x')}" for id in ids for purpose in PURPOSES)
    return KeyRing.parse(text, signing_key)


@given(codes, st.sampled_from(["", "a"]))
def test_a_line_is_sealed_the_same_each_time_and_opened_by_later_rings(code: str, key: str) -> None:
    """A fold that decides again writes the same line; the log never contains the code."""
    then = CodeSealer(ring(key) if key else KeyRing.parse("", SIGNING_KEY))
    line = replace(FULFILLED, code=code)
    sealed = then.seal_line(line)
    assert then.seal_line(line) == sealed
    assert (sealed.code, len(code) < 3 or code not in msgspec.json.encode(sealed).decode()) == (None, True)
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
    """Of a line and of an uploaded chunk; with the key back, both can be read."""
    sealer, without = CodeSealer(ring("a")), CodeSealer(ring("b"))
    chunk = PoolChunk(recorded_at=day(0), id="pch_1", program=PROGRAM, pool="vip", codes=("V1", "V2"))
    sealed = sealer.seal_chunk(chunk)
    assert (sealed.codes, "V1" in str(sealed.sealed)) == ((), False)
    assert sealer.open_chunk(sealed) == chunk
    for read in (lambda: without.open_line(sealer.seal_line(FULFILLED)), lambda: without.open_chunk(sealed)):
        with pytest.raises(DecryptionFailed, match="the key 'a', which REFERRAL_KEYS does not have"):
            read()


def test_neither_the_newest_key_nor_a_refold_changes_a_code_that_was_given() -> None:
    """A reward that was granted under the signing key keeps its code when the ledger is folded again under a new key."""
    log = [grant("rwd_1", beneficiary="xhs:amy")]
    first = _ledger(KeyRing.parse("", SIGNING_KEY))
    log += first.feed(list(log))
    given_code = _code(first)
    again = _ledger(ring("b", signing_key=SIGNING_KEY))
    outputs = again.feed(list(log))
    assert _code(again) == given_code == generate_discount_code(SIGNING_KEY.encode(), "rwd_1")
    sealed = [str(line.sealed_code) for line in outputs if isinstance(line, RewardFulfilled)]
    assert [text.split(".")[0] for text in sealed] == ["b"]  # the log has this line already: it is not written again
    later = _ledger(ring("b", signing_key=SIGNING_KEY))
    later.feed([grant("rwd_2", beneficiary="xhs:amy")])
    assert _code(later, "rwd_2") == generate_discount_code(b"codes-b".ljust(32, b"x"), "rwd_2")


def test_codes_of_a_pool_pass_through_the_ledger_sealed() -> None:
    """From the sealed chunk to the reward: no line has one in clear, and the account has it."""
    sealer = CodeSealer(ring("a"))
    chunk = PoolChunk(recorded_at=day(0), id="pch_1", program=PROGRAM, pool="vip", codes=("VIP-2026",))
    feed = FoldFeed(LedgerFold(lambda id: id, sealer), Catalog([sealer.seal_chunk(chunk)]))
    waiting: list[RewardLine] = [
        PoolFilled(occurred_at=day(0), program=PROGRAM, pool="vip", chunk="pch_1", count=1),
        grant("rwd_1", beneficiary="xhs:amy", pool="vip"),
    ]
    written: list[RewardLine] = []
    while waiting:
        waiting = feed.feed(waiting)
        written += waiting
    assert any(isinstance(line, CodeIssued) for line in written)
    assert "VIP-2026" not in "".join(msgspec.json.encode(line).decode() for line in written)
    assert _code(feed) == "VIP-2026"


@given(codes)
def test_a_masked_code_shows_two_characters_at_most(code: str) -> None:
    """Whatever its length, which is not shown either."""
    masked = mask_code(code)
    assert masked.startswith("••••••")
    assert len(masked) == (8 if len(code) >= 8 else 6)
    assert code.endswith(masked.removeprefix("••••••"))


def _ledger(keys: KeyRing) -> FoldFeed:
    key = keys.newest("codes").value.encode()
    return FoldFeed(LedgerFold(lambda reward: generate_discount_code(key, reward), CodeSealer(keys)), Catalog())


def _code(feed: FoldFeed, reward: str = "rwd_1") -> str | None:
    state = feed.state(f"reward:{reward}")
    assert isinstance(state, Account)
    return state.code
