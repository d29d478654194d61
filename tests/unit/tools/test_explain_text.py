"""`referral explain` for people: sections that line up in any script, and nothing shown that is not there."""

from datetime import UTC, datetime

import msgspec
from rich.cells import cell_len

from referral_tools.explain.explanation import Explanation
from referral_tools.explain.explanation_text import text
from referral_tools.text_columns import align_columns

PLACE = {"topic": "referral.events", "partition": 1, "offset": 20, "line": 3}
AT = "2026-11-01T16:30:00Z"
LIN = {"id": "psn_0t04dnkrn229c38f", "external_id": "xhs:lin", "display_name": "林"}
BARE = {
    "program": "prg_glow",
    "id": "psn_3v8k2m9q4t6w1x7z",
    "external_id": "xhs:bo",
    "verdict": "xhs:bo has not followed, so nobody has brought them yet.",
    "timezone": "Asia/Shanghai",
    "status": "none",
    "touches": [],
    "rewards": [],
    "causes": [],
    "missing": [],
    "rank_unknown": "Nobody brought this person, so there is nobody to rank.",
    "unheard_of": 1,
}


def shown(**more: object) -> str:
    """The text of an answer."""
    return text(msgspec.convert(BARE | more, Explanation))


def test_columns_line_up_under_chinese_names() -> None:
    """A Chinese letter takes two places of a terminal."""
    lines = align_columns([("林", "x"), ("Amy", "y")])
    assert [cell_len(line) for line in lines] == [8, 8]
    assert align_columns([]) == []


def test_who_has_not_followed_has_a_short_explanation() -> None:
    """No empty sections."""
    told = shown()
    assert told.splitlines()[:2] == ["xhs:bo in prg_glow", BARE["verdict"]]
    assert "Touches" not in told
    assert "Not found" not in told


def test_all_that_was_answered_is_there_in_the_programs_zone() -> None:
    """The moment a follower remembers is that of their own clock."""
    touch = {"kind": "code", "touched_at": AT, "event": "e", "why": "won", "detail": "It won.", "code": "LIN1"}
    told = shown(
        touches=[touch | {"referrer": LIN, "place": PLACE}],
        rules={
            "version": 2,
            "effective_from": AT,
            "window_days": 30,
            "model": "last_touch",
            "evidence": ["code", "click"],
            "qualifies_on": "order.paid",
            "min_amount": "99",
            "currency": "CNY",
        },
        screening={
            "conversion": "cnv_1",
            "status": "cleared",
            "findings": [{"reason": "ring", "outcome": "held", "description": "Round.", "observed": {"referrals": 3}}],
            "review": {"decision": "cleared", "by": "kim", "reviewed_at": AT, "note": "friends"},
        },
        rewards=[
            {
                "id": "rwd_1",
                "beneficiary": "xhs:lin",
                "status": "held",
                "rule": "bonus3",
                "kind": "early_access",
                "milestone": 3,
                "states": [{"state": "held", "at": AT, "reason": "holding_period", "place": PLACE}],
            }
        ],
        rank={"rank": 2, "score": 3, "total": 9},
        causes=[{"type": "person.followed", "says": "They followed.", "recorded_at": AT, "place": PLACE}],
        missing=[{"step": "a cause", "detail": "Ask again."}],
        ignored=["2 events that arrived beyond the lateness bound changed nothing."],
    )
    for part in (
        "2026-11-02 00:30:00  code LIN1  林 (xhs:lin)  won  referral.events/1/20/3",
        "version 2, in force from 2026-11-02 00:30:00: last_touch within 30 days, code before click;",
        "pays on order.paid of 99 CNY or more",
        "kim decided 2026-11-02 00:30:00: cleared: friends",
        "ring  held  Round. (referrals 3)",
        "xhs:lin: bonus3 (early_access), for 3 friends, waits (held)  rwd_1",
        "held: holding_period",
        "#2 of 9 on the board of all time, with 3 referrals",
        "cnv_1 counts (cleared)",
        "person.followed  They followed.",
        "a cause: Ask again.",
        "2 events that arrived beyond the lateness bound changed nothing.",
    ):
        assert part in told
    assert datetime.fromisoformat(AT).tzinfo == UTC


def test_an_erased_person_is_named_by_their_person_id() -> None:
    """And what was noted about them is gone."""
    review = {"decision": "rejected", "by": "lin", "reviewed_at": "2026-11-02T08:00:00Z", "note": None}
    screening = {"conversion": "cnv_1", "status": "rejected", "findings": [], "review": review}
    lines = shown(external_id=None, screening=screening).splitlines()
    assert any("psn_3v8k2m9q4t6w1x7z" in line for line in lines)
    assert any("lin decided" in line and line.endswith(": rejected") for line in lines)
