"""The search for what identifies a person, on which the tests of erasures rely."""

import base64
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stored_data import IdentifyingTexts, StoredValue, file_bytes

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=5, max_size=20)


@given(TEXTS, st.binary(max_size=7), st.binary(max_size=7))
def test_a_text_is_found_in_every_form(text: str, before: bytes, after: bytes) -> None:
    """As it is, in JSON, and in base64 at every alignment."""
    plain = before + text.encode() + after
    forms = [
        plain,
        msgspec.json.encode({"name": text}),
        base64.b64encode(plain),
        base64.urlsafe_b64encode(plain),
    ]
    for number, content in enumerate(forms):
        assert IdentifyingTexts(text).find([StoredValue(f"form {number}", content)]), number


def test_what_is_not_there_is_not_found_and_each_find_names_its_place(tmp_path: Path) -> None:
    """A failure must lead to where the text is."""
    (tmp_path / "data.mdb").write_bytes(b"\0\0xhs:amy\0")
    assert IdentifyingTexts("xhs:bo").find(file_bytes(tmp_path)) == []
    assert IdentifyingTexts("xhs:amy").find(file_bytes(tmp_path)) == [f"{tmp_path / 'data.mdb'} has 'xhs:amy'"]
