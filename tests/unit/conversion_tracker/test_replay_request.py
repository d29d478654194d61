"""The rules in a replay request: validated as program files are, and for the program in the URL."""

from typing import Any

import msgspec
import pytest

from conversion_tracker.replay.replay_request import read_rules
from referral.events.program import Program
from referral.http.problems import Problem
from referral.program_file.check import check_program_file
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM


def _rules(**changed: Any) -> dict[str, Any]:
    return {**msgspec.to_builtins(program_version().program), **changed}


def _read(rules: dict[str, Any]) -> Program:
    return read_rules(msgspec.json.encode(rules), "application/json", PROGRAM)


@pytest.mark.parametrize("zone", ["Nowhere/Zone", "../etc/passwd", "x" * 100])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    """Without its time zone a program has no deadlines, and screening would hold every referral."""
    with pytest.raises(Problem) as refused:
        _read(_rules(timezone=zone))
    assert refused.value.status == 422
    assert [one["pointer"] for one in refused.value.errors] == ["/timezone"]
    assert _read(_rules(timezone="Europe/Berlin")).timezone == "Europe/Berlin"


def test_every_mistake_is_reported_at_once() -> None:
    """Also that the rules are those of another program."""
    with pytest.raises(Problem) as refused:
        _read(_rules(timezone="Nowhere", id="prg_other", holding_days=-1, colour="red"))
    assert [one["pointer"] for one in refused.value.errors] == ["/colour", "/holding_days", "/id", "/timezone"]


@pytest.mark.parametrize(
    "changed",
    [
        {"attribution": {"qualifies_on": "order.paid", "retained_days": 3}},
        {"rewards": [{"id": "a", "to": "referee", "on": "milestone", "kind": "guide"}] * 2},
        {
            "boards": [
                {"metric": "referrals", "periods": ["day"], "prizes": {"day": {"1-3": "x", "2": "y"}, "month": {}}}
            ]
        },
        {"channels": ["wechat"], "partners": [{"id": "lin", "kind": "brand", "channel": "douyin"}]},
        {"ends_at": "2026-01-01T00:00:00Z", "effective_from": "2027-01-01T00:00:00Z"},
        {"screening": {"churn": {"follows": 99}}, "kits": {"wechat": {"en": "{pin}"}}},
    ],
)
def test_a_replay_reports_what_the_program_check_reports(changed: dict[str, Any]) -> None:
    """Bounds and rules across fields, with the same pointers and texts."""
    rules = _rules(**changed)
    expected = check_program_file(rules).mistakes
    with pytest.raises(Problem) as refused:
        _read(rules)
    assert expected
    assert [(one["pointer"], one["detail"]) for one in refused.value.errors] == [
        (one.pointer, one.detail) for one in expected
    ]
