"""Why a person has their referrer, in words of the console."""

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

import pytest
from flask import Flask
from msgspec.structs import replace

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.explain.verdict_text import VerdictFacts
from conversion_tracker.pages.story_part import STATUS_TEXTS
from conversion_tracker.pages.story_texts import EVIDENCE_TEXTS, REASON_TEXTS, story_sentences
from conversion_tracker.screening.catalogue import ScreeningOutcome
from conversion_tracker.screening.conversion import CONVERSION_STATUSES, Conversion, PublishedOutcome
from referral.events.attributions import Evidence, EvidenceKind, UnattributedReason
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.timestamps import to_ms
from referral.pages.catalogues import Catalogues
from referral.pages.languages import locale
from tests.support.builders.conversion_tracker import FRIEND, ban, catalog, follow, program_version, scan, unfollow
from tests.support.builders.participants import AMY, PROGRAM, day
from tests.support.scenarios.attribution import AttributionRun

CODE = follow(1, 1, code="AMY88")
BROUGHT = "Amy (xhs:amy) brought them by code AMY88."
AT = to_ms(day(1))
SCREENED = Conversion(PROGRAM, "ref_1", FRIEND, AMY.id, 1, Evidence(kind="code", touched_at=day(1), event="e"), AT)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request of a reader of English."""
    app = Flask("page")
    Catalogues(app, locale_selector=locale)
    with app.test_request_context("/?lang=en"):
        yield


def sentences_after(terms: ProgramVersion, *facts: Fact, outcome: ScreeningOutcome | None = None) -> list[str]:
    """What the story says about the friend after these events; `outcome` is that of screening."""
    person = AttributionRun(catalog(terms)).take(facts).person
    timeline, rules, published = person.history.timeline(), attribution_rules(terms), person.published
    won = winning_touch(timeline, rules, rules.model)
    screened = replace(SCREENED, published=PublishedOutcome(outcome, AT)) if outcome else None
    return story_sentences(
        VerdictFacts(
            FRIEND,
            "Amy (xhs:amy)" if won else None,
            timeline,
            won,
            rules,
            published.reason if published else None,
            qualified=published is not None and published.qualified_at is not None,
            conversion=screened,
            evidence=won.code if won else None,
        )
    )


@pytest.mark.parametrize(
    ("terms", "facts", "outcome", "expected"),
    [
        ({}, [scan(1, 1, "AMY88")], None, ["They have not followed yet, so there is no referrer."]),
        ({}, [follow(1, 1)], None, ["They have no referrer: nothing points to one."]),
        ({}, [follow(1, 1, code="NO1")], None, ["They have no referrer: the code that they used did not exist."]),
        (
            {},
            [follow(1, 1), unfollow(2, 2)],
            None,
            ["They have no referrer: nothing points to one.", "They have left since."],
        ),
        ({}, [CODE, ban(2)], None, ["They have no referrer: they are banned."]),
        ({}, [CODE], None, [BROUGHT, "It is being checked."]),
        ({}, [CODE], "cleared", [BROUGHT, "It counts and pays."]),
        ({}, [CODE], "held", [BROUGHT, "It is held until a person decides."]),
        ({}, [CODE], "rejected", [BROUGHT, "It was rejected, and pays nothing."]),
        ({}, [CODE, unfollow(2, 2)], "cleared", [BROUGHT, "They have left since, so it does not count."]),
        (
            {"qualifies_on": "person.retained", "retained_days": 7},
            [CODE],
            None,
            [BROUGHT, "It counts once they have followed for 7 days."],
        ),
        (
            {"qualifies_on": "order.paid", "min_amount": Decimal(99), "currency": "CNY"},
            [CODE],
            None,
            [BROUGHT, "It counts after an order of at least 99 CNY."],
        ),
    ],
)
def test_the_story_says_who_brought_them_and_whether_it_counts(
    terms: dict[str, object], facts: list[Fact], outcome: ScreeningOutcome | None, expected: list[str]
) -> None:
    """Each state in whole sentences."""
    assert sentences_after(program_version(**terms), *facts, outcome=outcome) == expected  # type: ignore[arg-type]


def test_every_reason_kind_of_evidence_and_status_has_a_text() -> None:
    """A new one needs it, with its translation."""
    assert set(REASON_TEXTS) == set(get_args(UnattributedReason))
    assert set(EVIDENCE_TEXTS) == set(get_args(EvidenceKind))
    assert set(STATUS_TEXTS) == set(CONVERSION_STATUSES)
