"""WeChat's encrypted mode: a test vector made with openssl, round trips with a second implementation, and errors."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.wechat.callback import is_signed_by_any, signature
from conversion_tracker.ingest.adapters.wechat.callback_request import parse_callback
from conversion_tracker.ingest.adapters.wechat.cipher import decrypt
from conversion_tracker.ingest.adapters.wechat.encrypted_mode import (
    DecryptedMessage,
    DecryptionError,
    is_encoding_aes_key,
    parse_plaintext,
)
from tests.support.builders.wechat import AES_KEY, APPID, encrypt, pad_message

# Plaintext: `0123456789abcdef`, the length, the callback, the AppID, padded to 32; then
# openssl enc -aes-256-cbc -nopad -K $(printf '%s=' $AES_KEY | base64 -d | xxd -p -c 99) -iv <its first half> | base64 -w0
VECTOR = (
    "Q3stYC6hdFzMh9T8HCvyDPYd4batj7zR9qX1tTJwVo3rIGsIyiksc+v3Gxca8gMqRegfsmyXaZi8mysgFPc1sSyReyy+CEEVBCzKdjdhI1kWoS"
    "luQjAyncHjyC43+OCCoNiZydW0X2D+Um47DG2nliAUtNHGMKy+fl2KFpPw8rtqeB7RP+nAyE1Lu6kCq1jkEMLvcxhmSzjOtFqYfR8B6VwyKOlk"
    "WnCpvFtnxdLwplUvCMTdaAtAyEFmICJq6YUNS5i4AYXEG2l5KdMLcp6oGKad4p/znBufBJIiOMeGJEKmsyrTiCoAPeiTxD9frFke0KQrzrpjYX"
    "qs5C1DDmBOlO+t/tVnfCKgOT7MohzTM15GKbOl4LYWnFzNIvGWhJKpkPe8F5VTNjzcZbubuoXOVsCSdL9UPOMclWOr26eNNck="
)
# printf '%s\\n' spamtoken 1793692800 n1 $VECTOR | LC_ALL=C sort | tr -d '\\n' | openssl dgst -sha1
SIGNATURE = "4b1a9539dd6e06821c3e01a520a2fbbef3534838"


def test_the_openssl_vector_is_decrypted() -> None:
    """End to end: signature, AES, padding, length, AppID, callback."""
    assert signature("spamtoken", "1793692800", "n1", VECTOR) == SIGNATURE
    decrypted = decrypt(VECTOR, AES_KEY)
    assert decrypted.appid == APPID
    callback = parse_callback(decrypted.message)
    assert (callback.person, callback.event, callback.key) == ("oAmy", "subscribe", "qrscene_AMY88")


@given(st.binary(max_size=300), st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_message_round_trips(message: bytes, appid: str) -> None:
    """Of any length, so with 1 to 32 bytes of padding."""
    assert decrypt(encrypt(pad_message(message, appid.encode())), AES_KEY) == DecryptedMessage(message, appid)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_a_decryption_error(plain: bytes) -> None:
    """No bytes raise another exception."""
    with suppress(DecryptionError):
        assert isinstance(parse_plaintext(plain), DecryptedMessage)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("not base 64!", "Base64"),
        ("中文", "Base64"),
        (b64encode(b"abc").decode(), "blocks"),
        ("", "padding"),
        (encrypt(pad_message(b"x"), "B" * 43), "padding"),
        (encrypt(pad_message(b"x")[:-1] + b"\x21"), "padding"),
        (encrypt(pad_message(b"x")[:-1] + b"\x00"), "padding"),
        (encrypt(pad_message(b"x")[:-2] + b"\x01\x02"), "padding"),
        (encrypt(pad_message(b"x" * 13, b"", block=16)), "padding"),
        (encrypt(b"\x20" * 32), "too short"),
        (encrypt(pad_message(b"x", length=2**31)), "length"),
        (encrypt(pad_message(b"x", b"\xff")), "AppID"),
    ],
)
def test_the_error_names_what_is_wrong_with_the_message(sent: str, reason: str) -> None:
    """Wrong encoding, key, padding, length or AppID."""
    with pytest.raises(DecryptionError, match=reason):
        decrypt(sent, AES_KEY)


@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_the_signature_covers_the_message(token: str, timestamp: str, nonce: str, message: str, other: str) -> None:
    """It is invalid for another message or another token."""
    signed = signature(token, timestamp, nonce, message)
    assert is_signed_by_any(["new", token], signed, timestamp, nonce, message)
    assert not is_signed_by_any([], signed, timestamp, nonce, message)
    assert not is_signed_by_any([token], signed, timestamp, nonce, message + "x" + other)


@pytest.mark.parametrize(
    ("text", "good"), [(AES_KEY, True), (AES_KEY[:-1], False), (AES_KEY + "A", False), ("=" * 43, False)]
)
def test_a_key_has_43_letters_and_digits(text: str, good: bool) -> None:
    """The format that WeChat generates."""
    assert is_encoding_aes_key(text) is good
