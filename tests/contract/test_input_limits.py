"""Every number and list that a request may contain has an upper bound in its OpenAPI document, the source of docs/limits.md."""

import re

from referral_tools.commands.limits_page import input_limits, rows

# A batch is bounded by the number of events, which the service checks when it splits the body.
BATCHES = {
    "POST /v1/adapters/cloudevents",
    "POST /v1/adapters/{name}/{program}",
}


def test_every_number_and_list_has_an_upper_bound() -> None:
    """Texts are bounded by their pattern or by the size of the whole."""
    limits = list(input_limits())
    assert len(limits) > 100
    unbounded = {
        (one.request, one.field)
        for one in limits
        if one.most is None and one.kind != "characters" and not (one.request in BATCHES and one.field == "[]")
    }
    assert not unbounded


def test_the_table_names_each_limit_once() -> None:
    """A setting is in one row only."""
    settings = [setting for row in rows() for setting in re.findall(r"REFERRAL_[A-Z_]+", row[1])]
    assert len(settings) == len(set(settings))
