"""What an explanation says to people: the verdict in one sentence, each line in another, and the rank or why it is not known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.explain.leaderboard_client import LeaderboardClient, Rank
from conversion_tracker.explain.line_descriptions import describe_line
from conversion_tracker.explain.verdict_text import REASONS, VerdictFacts, verdict_sentence
from conversion_tracker.screening.catalogue import REASON_TEXTS, Finding
from conversion_tracker.screening.conversion import Conversion, PublishedOutcome, Review
from conversion_tracker.screening.conversion_response import conversion_response as listed
from conversion_tracker.screening.conversion_response import screening_response
from conversion_tracker.screening.rules.referral_cycle import REFERRAL_CYCLE
from referral.events.attributions import Evidence, UnattributedReason
from referral.events.entities import ProgramVersion
from referral.events.examples import example
from referral.events.facts import Fact
from referral.events.schemas import kinds
from referral.events.timestamps import to_ms
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REWARDS, Topic
from tests.support.builders.conversion_tracker import (
    FRIEND,
    ban,
    catalog,
    follow,
    order_payment,
    order_refund,
    program_version,
    scan,
    unban,
    unfollow,
)
from tests.support.builders.participants import day
from tests.support.scenarios.attribution import AttributionRun

CODE = follow(1, 1, code="AMY88")
ON_ORDER = program_version(qualifies_on="order.paid", min_amount=Decimal(99), currency="CNY")
ON_STAYING = program_version(qualifies_on="person.retained", retained_days=7)
AT = to_ms(day(1))
SCREENED = Conversion("prg_glow", "ref_1", FRIEND, "par_1", 1, Evidence(kind="code", touched_at=day(1), event="e"), AT)


def told(terms: ProgramVersion, *facts: Fact, conversion: Conversion | None = None) -> str:
    """The verdict on the friend after these facts."""
    person = AttributionRun(catalog(terms)).take(facts).person
    course, rules, said = person.history.timeline(), attribution_rules(terms), person.published
    won = winning_touch(course, rules, rules.model)
    referrer = "Amy (xhs:amy)" if won else None
    reason, qualified = (said.reason, said.qualified_at is not None) if said else (None, False)
    return verdict_sentence(VerdictFacts(FRIEND, referrer, course, won, rules, reason, qualified, conversion))


def said(outcome: str, *reasons: str, **more: Any) -> Conversion:
    """A conversion of which this was said."""
    return replace(SCREENED, published=PublishedOutcome(outcome, AT, reasons), **more)  # type: ignore[arg-type] # a test's own words


REVIEWED = Review("cleared", "kim", AT, "they know each other")


BROUGHT = "Amy (xhs:amy) brought xhs:friend by code AMY88"
WITH_ORDER = "an order of 99 CNY or more that is not given back"
FALLEN = replace(SCREENED, active=False)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("xhs:friend has not followed, so nobody has brought them yet.", told(program_version(), scan(1, 1, "AMY88"))),
        ("Nobody brought xhs:friend: nothing they did or said led to anybody.", told(program_version(), follow(1, 1))),
        (
            "Nobody brought xhs:friend: nobody had the code they said.",
            told(program_version(), follow(1, 1, code="NOBODY")),
        ),
        (f"Nobody brought xhs:friend: {REASONS['program_closed']}.", told(program_version(ends_at=day(0.5)), CODE)),
        ("Nobody brought xhs:friend: they are banned from the program.", told(program_version(), CODE, ban(2))),
        (f"{BROUGHT}; screening has not come to it yet.", told(program_version(), CODE, ban(2), unban(3))),
        ("Nobody brought xhs:friend, who has unfollowed.", told(program_version(), follow(1, 1), unfollow(2, 2))),
        (f"{BROUGHT}; screening has not come to it yet.", told(program_version(), CODE)),
        (f"{BROUGHT}; it counts and pays.", told(program_version(), CODE, conversion=said("cleared"))),
        (
            f"{BROUGHT}; it counts and pays, as kim decided.",
            told(program_version(), CODE, conversion=said("cleared", review=REVIEWED)),
        ),
        (
            f"{BROUGHT}; it is held until somebody looks at it ({REASON_TEXTS['rule_failed'].rstrip('.')}).",
            told(program_version(), CODE, conversion=said("held", "rule_failed")),
        ),
        (
            f"{BROUGHT}; it was rejected and pays nothing ({REASON_TEXTS['self_referral'].rstrip('.')}).",
            told(program_version(), CODE, conversion=said("rejected", "self_referral")),
        ),
        (
            f"{BROUGHT}; it was rejected, as kim decided, and pays nothing.",
            told(
                program_version(),
                CODE,
                conversion=said("rejected", "review", review=replace(REVIEWED, decision="rejected")),
            ),
        ),
        (
            f"{BROUGHT}; it does not pay yet, but will with {WITH_ORDER}.",
            told(ON_ORDER, CODE, order_payment(2, 2, "o1"), order_refund(3, 3, "o1"), conversion=FALLEN),
        ),
        (f"{BROUGHT}; it does not pay yet, but will once they have followed for 7 days.", told(ON_STAYING, CODE)),
        (
            f"{BROUGHT}, but xhs:friend has unfollowed, so nothing of it counts.",
            told(program_version(), CODE, unfollow(2, 2), conversion=FALLEN),
        ),
    ],
)
def test_the_verdict_is_one_plain_sentence(sentence: str, found: str) -> None:
    """Who, by what, and whether it pays; and if not, why not, or what it waits for."""
    assert found == sentence


def test_every_reason_why_nobody_brought_somebody_can_be_told() -> None:
    """A reason without words would keep the whole explanation from being given."""
    assert set(REASONS) == set(get_args(UnattributedReason))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("person.banned", "xhs:amy was banned by lin@glow.example: hundreds of follows from one room."),
        ("conversion.reviewed", "Released by lin@glow.example: they are sisters, I asked."),
        ("referral.circled", "It closed a circle of 2 referrals, of which it is the newest."),
    ],
)
def test_what_somebody_decided_is_said_with_who_and_why(kind: str, sentence: str) -> None:
    """A follower is answered by what was decided about them, not by a type's name."""
    topic = EVENTS if kind == "person.banned" else ATTRIBUTIONS
    assert describe_line(msgspec.json.decode(example(kind), type=topic.lines), str) == sentence


LINES = [(topic, kind) for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS) for kind in kinds(topic.lines)]


@pytest.mark.parametrize(("topic", "kind"), LINES, ids=[kind for _, kind in LINES])
def test_every_line_can_be_said(topic: Topic, kind: str) -> None:
    """A support person reads sentences; a type that is added later has at least its name."""
    line = msgspec.json.decode(example(kind), type=topic.lines)
    sentence = describe_line(line, lambda participant: f"<{participant}>")
    assert sentence.endswith(".")
    assert sentence[0].isupper() or not sentence[0].isalpha() or ":" in sentence.split(" ", 1)[0]


def test_findings_and_reviews_are_shown_whatever_the_rule() -> None:
    """Each rule of the catalogue describes itself; a reason without a rule has words; what else a finding holds is kept."""

    class Closer(Finding, frozen=True, array_like=True):
        close_to: str = ""

    shown = screening_response(replace(said("cleared"), findings=(Closer("held", "ring", "xhs:bo"),), review=REVIEWED))
    assert shown is not None
    assert shown["status"] == "cleared"
    assert shown["findings"] == [
        {
            "reason": "ring",
            "outcome": "held",
            "description": REFERRAL_CYCLE.description,
            "detail": {"close_to": "xhs:bo"},
        }
    ]
    assert shown["review"] == {
        "decision": "cleared",
        "by": "kim",
        "note": "they know each other",
        "reviewed_at": day(1),
    }
    assert screening_response(None) is None


def test_an_explanation_calls_a_conversion_what_the_list_for_review_calls_it() -> None:
    """One word for one thing: whoever explains and whoever decides talk of the same."""
    for conversion in (FALLEN, said("held", "rule_failed"), said("rejected", "ring"), said("cleared")):
        shown = screening_response(conversion)
        assert shown is not None
        assert shown["status"] == listed(conversion, catalog())["status"]


def _board(answer: httpx.Response | Exception) -> tuple[LeaderboardClient, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return LeaderboardClient("http://boards:8000/", httpx.MockTransport(handle)), asked


def test_a_rank_is_asked_for_with_the_callers_key() -> None:
    """Whoever may see the person sees the rank; whoever may not, does not."""
    board, asked = _board(
        httpx.Response(200, json={"rank": 3, "score": 7, "total": 90, "reached_at": None, "entries": []})
    )
    assert board.get_rank("prg_glow", "par_1", "Bearer rk_1").rank == Rank(3, 7, 90)
    assert asked[0].headers["Authorization"] == "Bearer rk_1"
    assert str(asked[0].url).startswith("http://boards:8000/v1/programs/prg_glow/boards/referrals/people/par_1?")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("timed out"),
        httpx.ConnectError("refused"),
        httpx.Response(503),
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
    ],
    ids=["silent", "away", "busy", "unknown", "else"],
)
def test_a_board_that_does_not_tell_keeps_nothing_from_being_explained(answer: httpx.Response | Exception) -> None:
    """No rank, and why."""
    standing = _board(answer)[0].get_rank("prg_glow", "par_1", "Bearer rk_1")
    assert standing.rank is None
    assert standing.unknown_reason
    assert "http://boards:8000" in standing.unknown_reason


def test_a_fact_that_comes_again_keeps_the_place_it_first_had() -> None:
    """A client's retry is another line; the one that counted is named."""
    entry = AttributionRun().take([CODE]).person.history.entries[0]
    again = AttributionRun().take([CODE]).person.history.with_entry(replace(entry, offset=9, line=9))
    assert [(one.offset, one.line) for one in again.entries] == [(0, 0)]
    assert entry.at == to_ms(day(0) + timedelta(days=1))
