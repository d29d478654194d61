"""Generated discount codes."""

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from referral.events.code_formats import ALPHABET
from reward_dispatcher.domain.discount_codes import LENGTH, generate_discount_code

KEY = b"k" * 32


@given(st.text(min_size=1, max_size=64))
def test_a_code_is_readable_and_the_same_for_the_same_reward(reward: str) -> None:
    """Ten unambiguous characters that follow from the reward alone: restoring a reward restores its code."""
    code = generate_discount_code(KEY, reward)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    assert not set(code) & set("0O1ILU")
    assert code == generate_discount_code(KEY, reward)


@given(st.binary(min_size=1, max_size=200), st.text(max_size=64))
def test_a_code_is_the_end_of_a_keyed_hash_in_base_30(key: bytes, reward: str) -> None:
    """The oracle is one call of BLAKE2b, digit by digit from the last one. It takes 64 bytes of a key: a longer one is hashed."""
    short = key if len(key) <= 64 else blake2b(key).digest()
    number = int.from_bytes(
        blake2b(reward.encode(), digest_size=16, key=short, person=b"discount-code").digest(), "big"
    )
    digits = [number // 30**place % 30 for place in range(LENGTH)]
    assert generate_discount_code(key, reward) == "".join(ALPHABET[digit] for digit in digits)


def test_codes_of_many_rewards_differ_and_need_the_key() -> None:
    """Fifty thousand rewards have different codes, and another key generates others."""
    codes = {generate_discount_code(KEY, f"rwd_{number}") for number in range(50_000)}
    assert len(codes) == 50_000
    assert generate_discount_code(b"another key of thirty-two bytes!", "rwd_1") not in codes
