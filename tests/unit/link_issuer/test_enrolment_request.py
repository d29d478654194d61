"""The body of an enrolment: what is said of one that is none."""

import pytest
from flask import Flask

from link_issuer.http_api.participants.enrolment_request import read_enrolments
from referral.http.problems import Problem


@pytest.mark.parametrize("body", [5, "Amy", True])
def test_what_is_no_object_is_told_what_to_send(body: object) -> None:
    """JSON has no sections: its word is object, and the fields of one are named."""
    with Flask("test").test_request_context(json=body), pytest.raises(Problem) as raised:
        read_enrolments()
    (place,) = raised.value.errors
    assert place["pointer"] == ""
    assert "in JSON an object) with external_id, display_name, mention" in place["detail"]


def test_a_device_is_a_hash_and_said_once() -> None:
    """It is kept as it was sent; what no hash is, and two devices of one person in one request, are refused by their places."""
    amy = {"external_id": "xhs:amy", "device": "9f86d081"}
    with Flask("test").test_request_context(json=amy):
        assert read_enrolments()[0][0].device == "9f86d081"
    for body, places in (
        ({**amy, "device": "d" * 129}, ["/device"]),
        ({**amy, "device": ""}, ["/device"]),
        ([amy, {**amy, "device": "another"}], ["/1/external_id"]),
        ([amy, amy], []),
    ):
        assert _places(body) == places


def _places(body: object) -> list[str]:
    with Flask("test").test_request_context(json=body):
        try:
            read_enrolments()
        except Problem as problem:
            return [str(one["pointer"]) for one in problem.errors]
    return []
