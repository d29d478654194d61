"""The body of an enrolment: what is said of one that is none."""

import pytest
from flask import Flask

from link_issuer.http_api.enrolment_body import enrolments
from referral.http.problems import Problem


@pytest.mark.parametrize("body", [5, "Amy", True])
def test_what_is_no_object_is_told_what_to_send(body: object) -> None:
    """JSON has no sections: its word is object, and the fields of one are named."""
    with Flask("test").test_request_context(json=body), pytest.raises(Problem) as raised:
        enrolments()
    (place,) = raised.value.errors
    assert place["pointer"] == ""
    assert "in JSON an object) with external_id, display_name, mention" in place["detail"]
