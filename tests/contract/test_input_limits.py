"""Every number and list that a request may contain has an upper bound in its OpenAPI document, the source of docs/limits.md."""

import re
from collections import Counter

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


def test_the_page_names_each_limit_once() -> None:
    """Two rows about one setting would contradict each other one day."""
    settings = Counter(name for row in rows() for name in re.findall(r"REFERRAL_\w+", row[1]))
    assert settings
    assert {name: count for name, count in settings.items() if count > 1} == {}
