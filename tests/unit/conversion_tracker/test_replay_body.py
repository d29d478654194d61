"""Other rules on the wire: what would be judged by no calendar, or is another program's, is refused with its place."""

from typing import Any

import msgspec
import pytest

from conversion_tracker.replay.replay_request import rules_in
from referral.http.problems import Problem
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM


def _read(**changed: Any) -> None:
    content = msgspec.to_builtins(program_version().program) | changed
    rules_in(msgspec.json.encode(content), "application/json", PROGRAM)


@pytest.mark.parametrize("zone", ["Nowhere/Zone", "../etc/passwd", "x" * 100])
def test_rules_of_no_time_zone_are_refused(zone: str) -> None:
    """Screening could find none of their deadlines, and would hold everybody without a word why."""
    with pytest.raises(Problem) as refused:
        _read(timezone=zone)
    assert refused.value.status == 422
    assert [one["pointer"] for one in refused.value.errors] == ["/timezone"]
    _read(timezone="Europe/Berlin")


def test_every_section_that_will_not_do_is_named() -> None:
    """One answer has them all."""
    with pytest.raises(Problem) as refused:
        _read(timezone="Nowhere", id="prg_other", holding_days=-1, colour="red")
    assert [one["pointer"] for one in refused.value.errors] == ["/colour", "/holding_days", "/id", "/timezone"]
