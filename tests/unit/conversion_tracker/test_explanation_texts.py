"""Texts of an explanation: the verdict, the description of each line, and the rank or why it is unknown."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.explain.leaderboard_client import LeaderboardClient, Rank
from conversion_tracker.explain.line_descriptions import LineTexts, describe_line
from conversion_tracker.explain.verdict_text import REASONS, VerdictFacts, verdict_sentence
from conversion_tracker.screening.catalogue import REASON_TEXTS, Finding
from conversion_tracker.screening.conversion import Conversion, PublishedOutcome, Review
from conversion_tracker.screening.conversion_response import ReviewResponse, screening_response
from conversion_tracker.screening.conversion_response import conversion_response as listed
from conversion_tracker.screening.rules.referral_cycle import REFERRAL_CYCLE
from referral.events.attributions import Evidence, UnattributedReason
from referral.events.entities import ProgramVersion
from referral.events.examples import example
from referral.events.facts import Fact
from referral.events.people import PeopleEntity, PersonText
from referral.events.schemas import types_by_tag
from referral.events.timestamps import to_ms
from referral.people.people_view import people_in_memory
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REWARDS, Topic
from tests.support.builders.conversion_tracker import (
    FRIEND,
    NOTE,
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
from tests.support.builders.participants import AMY, PROGRAM, day, profile
from tests.support.scenarios.attribution import AttributionRun

CODE = follow(1, 1, code="AMY88")
ON_ORDER = program_version(qualifies_on="order.paid", min_amount=Decimal(99), currency="CNY")
ON_STAYING = program_version(qualifies_on="person.retained", retained_days=7)
AT = to_ms(day(1))
SCREENED = Conversion("prg_glow", "ref_1", FRIEND, AMY.id, 1, Evidence(kind="code", touched_at=day(1), event="e"), AT)


REFERRERS = KnownReferrers(catalog(), people_in_memory([profile("amy"), profile("bo")]))


def texts(*people: PeopleEntity) -> LineTexts:
    """The texts behind the ids in lines about the friend, of these people."""
    return LineTexts(PROGRAM, FRIEND, KnownReferrers(catalog(), people_in_memory(people)))


def note(person: str, text_id: str | None, sentence: str) -> PersonText:
    """The note that a sentence ends with."""
    text = sentence.rpartition(": ")[2]
    return PersonText(id=person, program=PROGRAM, recorded_at=day(1), text_id=text_id or NOTE, kind="note", text=text)


def sentence_after(terms: ProgramVersion, *facts: Fact, conversion: Conversion | None = None) -> str:
    """The verdict sentence about the friend after these events."""
    person = AttributionRun(catalog(terms)).take(facts).person
    course, rules, said = person.history.timeline(), attribution_rules(terms), person.published
    won = winning_touch(course, rules, rules.model)
    referrer = "Amy (xhs:amy)" if won else None
    reason, qualified = (said.reason, said.qualified_at is not None) if said else (None, False)
    evidence = won.code if won else None
    facts = VerdictFacts("xhs:friend", referrer, course, won, rules, reason, qualified, conversion, evidence=evidence)
    return verdict_sentence(facts)


def screened(outcome: str, *reasons: str, **more: Any) -> Conversion:
    """A conversion with this published outcome."""
    return replace(SCREENED, published=PublishedOutcome(outcome, AT, reasons), **more)  # type: ignore[arg-type] # a test's own words


REVIEWED = Review("cleared", "kim", AT, NOTE, "key_kim")


REFERRED = "Amy (xhs:amy) referred xhs:friend by code AMY88"
WITH_ORDER = "an order of at least 99 CNY that is not refunded"
REVERSED = replace(SCREENED, active=False)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        (
            "xhs:friend has not followed yet, so there is no referrer.",
            sentence_after(program_version(), scan(1, 1, "AMY88")),
        ),
        ("xhs:friend has no referrer: there is no evidence of one.", sentence_after(program_version(), follow(1, 1))),
        (
            "xhs:friend has no referrer: the code they used does not exist.",
            sentence_after(program_version(), follow(1, 1, code="NOBODY")),
        ),
        (
            f"xhs:friend has no referrer: {REASONS['program_closed']}.",
            sentence_after(program_version(ends_at=day(0.5)), CODE),
        ),
        (
            "xhs:friend has no referrer: they are banned from the program.",
            sentence_after(program_version(), CODE, ban(2)),
        ),
        (f"{REFERRED}; it has not been screened yet.", sentence_after(program_version(), CODE, ban(2), unban(3))),
        (
            "xhs:friend has no referrer, and has unfollowed.",
            sentence_after(program_version(), follow(1, 1), unfollow(2, 2)),
        ),
        (f"{REFERRED}; it has not been screened yet.", sentence_after(program_version(), CODE)),
        (f"{REFERRED}; it counts and pays.", sentence_after(program_version(), CODE, conversion=screened("cleared"))),
        (
            f"{REFERRED}; it counts and pays, as decided by kim.",
            sentence_after(program_version(), CODE, conversion=screened("cleared", review=REVIEWED)),
        ),
        (
            f"{REFERRED}; it is held for manual review ({REASON_TEXTS['rule_failed'].rstrip('.')}).",
            sentence_after(program_version(), CODE, conversion=screened("held", "rule_failed")),
        ),
        (
            f"{REFERRED}; it was rejected and pays nothing ({REASON_TEXTS['self_referral'].rstrip('.')}).",
            sentence_after(program_version(), CODE, conversion=screened("rejected", "self_referral")),
        ),
        (
            f"{REFERRED}; it was rejected, as decided by kim, and pays nothing.",
            sentence_after(
                program_version(),
                CODE,
                conversion=screened("rejected", "review", review=replace(REVIEWED, decision="rejected")),
            ),
        ),
        (
            f"{REFERRED}; it does not pay yet, but will with {WITH_ORDER}.",
            sentence_after(ON_ORDER, CODE, order_payment(2, 2, "o1"), order_refund(3, 3, "o1"), conversion=REVERSED),
        ),
        (
            f"{REFERRED}; it does not pay yet, but will once they have followed for 7 days.",
            sentence_after(ON_STAYING, CODE),
        ),
        (
            f"{REFERRED}, but xhs:friend has unfollowed, so the referral does not count.",
            sentence_after(program_version(), CODE, unfollow(2, 2), conversion=REVERSED),
        ),
    ],
)
def test_the_verdict_is_one_plain_sentence(sentence: str, found: str) -> None:
    """Who referred them by what, whether it pays, and if not, why not or on what condition."""
    assert found == sentence


def test_every_reason_for_no_referrer_has_a_text() -> None:
    """A reason without a text would make the explanation fail."""
    assert set(REASONS) == set(get_args(UnattributedReason))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("person.banned", "Amy (xhs:amy) was banned by lin@glow.example: hundreds of follows from one room."),
        ("conversion.reviewed", "Released by lin@glow.example: they are sisters, I asked."),
        ("referral.circled", "It closed a referral cycle of 2 referrals, and is the newest of them."),
    ],
)
def test_a_decision_is_described_with_who_made_it_and_why(kind: str, sentence: str) -> None:
    """Not by the name of the line's type."""
    topic = EVENTS if kind == "person.banned" else ATTRIBUTIONS
    line = msgspec.json.decode(example(kind), type=topic.lines)
    person = getattr(line, "person", FRIEND)
    known = (
        [replace(profile("amy"), id=person), note(person, line.note, sentence)] if kind != "referral.circled" else []
    )
    assert describe_line(line, texts(*known)) == sentence


LINES = [(topic, kind) for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS) for kind in types_by_tag(topic.lines)]


@pytest.mark.parametrize(("topic", "kind"), LINES, ids=[kind for _, kind in LINES])
def test_every_line_has_a_description(topic: Topic, kind: str) -> None:
    """A sentence; a type that is added later has at least its name."""
    line = msgspec.json.decode(example(kind), type=topic.lines)
    sentence = describe_line(line, texts())
    assert sentence.endswith(".")
    assert sentence[0].isupper() or not sentence[0].isalpha() or sentence.startswith(("psn_", "xhs:"))


def test_findings_and_reviews_are_shown_whatever_the_rule() -> None:
    """Each finding has the description of its rule or reason, and the numbers that the rule observed."""
    found = Finding("held", "ring", {"referrals": 3})
    people = people_in_memory([note(FRIEND, NOTE, "they know each other")])
    conversion = replace(screened("cleared"), findings=(found,), review=REVIEWED)
    shown = screening_response(conversion, people)
    assert shown.status == "cleared"
    assert msgspec.to_builtins(shown.findings) == [
        {
            "reason": "ring",
            "outcome": "held",
            "description": REFERRAL_CYCLE.description,
            "observed": {"referrals": 3},
            "detail": {"referrals": 3},
        }
    ]
    assert shown.review == ReviewResponse("cleared", "kim", "they know each other", day(1), "key_kim")
    erased = screening_response(conversion, people_in_memory())
    assert erased.review == ReviewResponse("cleared", "kim", None, day(1), "key_kim")


def test_an_explanation_has_the_same_conversion_status_as_the_review_list() -> None:
    """Explanations and reviews use the same statuses."""
    for conversion in (REVERSED, screened("held", "rule_failed"), screened("rejected", "ring"), screened("cleared")):
        assert screening_response(conversion, REFERRERS.people).status == listed(conversion, REFERRERS).status


def _client(answer: httpx.Response | Exception) -> tuple[LeaderboardClient, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return LeaderboardClient("http://boards:8000/", httpx.MockTransport(handle)), requests


def test_the_rank_is_requested_with_the_callers_key() -> None:
    """The rank is visible to callers with a key that may read the board."""
    client, requests = _client(
        httpx.Response(200, json={"rank": 3, "score": 7, "total": 90, "reached_at": None, "entries": []})
    )
    assert client.get_rank("prg_glow", "par_1", "Bearer rk_1").rank == Rank(3, 7, 90)
    assert requests[0].headers["Authorization"] == "Bearer rk_1"
    assert str(requests[0].url).startswith("http://boards:8000/v1/programs/prg_glow/boards/referrals/people/par_1?")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("timed out"),
        httpx.ConnectError("refused"),
        httpx.Response(503),
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
    ],
    ids=["timeout", "unavailable", "busy", "unknown", "not JSON"],
)
def test_without_the_leaderboard_the_rank_is_unknown_with_a_reason(answer: httpx.Response | Exception) -> None:
    """The explanation itself does not fail."""
    result = _client(answer)[0].get_rank("prg_glow", "par_1", "Bearer rk_1")
    assert result.rank is None
    assert result.unknown_reason
    assert "http://boards:8000" in result.unknown_reason


def test_an_event_sent_again_keeps_the_position_it_first_had() -> None:
    """A client's retry is another line; the history has the position of the first."""
    entry = AttributionRun().take([CODE]).person.history.entries[0]
    again = AttributionRun().take([CODE]).person.history.with_entry(replace(entry, offset=9, line=9))
    assert [(one.offset, one.line) for one in again.entries] == [(0, 0)]
    assert entry.at == to_ms(day(0) + timedelta(days=1))
