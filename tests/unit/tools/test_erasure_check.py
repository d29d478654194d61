"""What `referral people erase` searches for after an erasure."""

import click
import pytest

from referral_tools.erasure_check import describe_export, identifying_texts

KNOWN = {
    "person": {"external_id": "xhs:amy", "handle": "amy_at_the_sea"},
    "profile": {
        "external_id": "xhs:amy",
        "display_name": "小美 “Amy”",
        "mention": "@amy",
        "contact": "amy@example.com",
    },
    "texts": [{"text_id": "txt_1", "kind": "note", "text": 'she said "hello"'}],
}


def test_every_stored_text_is_searched_for_as_json_has_it() -> None:
    """With quotation marks, so that the name of another person that begins alike is not found."""
    assert set(identifying_texts("xhs:amy", KNOWN)) == {
        b'"xhs:amy"',
        b'"amy_at_the_sea"',
        '"小美 “Amy”"'.encode(),
        b'"@amy"',
        b'"amy@example.com"',
        rb'"she said \"hello\""',
    }


def test_texts_that_would_be_found_by_chance_are_left_out() -> None:
    """A name of two letters is on many lines."""
    assert identifying_texts("xhs:bo", {"profile": {"display_name": "Bo"}, "person": None}) == [b'"xhs:bo"']


def test_without_a_record_the_id_is_searched_for() -> None:
    """After an earlier erasure nothing else is known."""
    assert identifying_texts("xhs:amy", None) == [b'"xhs:amy"']


def test_who_has_come_back_is_not_taken_for_who_was_erased() -> None:
    """A platform may send an event between the erasure and the check."""
    proof = {"id": "psn_0000000000000001"}
    assert describe_export("xhs:amy", proof, None) == "checked: the export of xhs:amy answers 404"
    assert "the new person psn_0000000000000002" in describe_export("xhs:amy", proof, {"id": "psn_0000000000000002"})
    with pytest.raises(click.ClickException, match="still has psn_0000000000000001: erase them again"):
        describe_export("xhs:amy", proof, {"id": "psn_0000000000000001"})
