"""Review and bans in the screen fold, on the runner itself: whatever is decided in whatever order, what should count counts."""

from collections import defaultdict
from dataclasses import replace as but

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversion_tracker.screening.conversion import CONVERSION_STATUSES, Conversion, Review, status_of
from conversion_tracker.screening.conversion_response import EvidenceResponse
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import (
    CONVERSION_PREFIX,
    ScreenState,
    active_conversions,
    appeal_board,
    status_board,
)
from conversion_tracker.screening.rules.banned_referrer import BAN
from conversion_tracker.screening.rules.self_referral import SELF_REFERRAL
from referral.events.attributions import (
    AttributionLine,
    ConversionAppealed,
    ConversionReviewed,
    Evidence,
    ReferralQualified,
    ReferralReversed,
    ReferrerBanned,
    ReferrerUnbanned,
    attribution_key,
)
from referral.events.ids import conversion_id, referral_id
from referral.fold import batch
from tests.support.builders.conversion_tracker import catalog
from tests.support.builders.participants import AMY, BO, PROGRAM, day
from tests.support.examples import examples
from tests.support.folds import LogFold

PARTITIONS = 2
ODD = but(
    SELF_REFERRAL, action=lambda _: "hold", evaluate=lambda case, _: {} if case.referral.device == "odd" else None
)
EVIDENCE = Evidence(kind="code", touched_at=day(1), event="evt_1")
PAIRS = st.tuples(st.sampled_from([AMY.id, BO.id]), st.sampled_from(["xhs:a", "xhs:b"]))
DEEDS = st.sampled_from(
    ["qualify", "odd", "fall", "release", "reject", "withdraw", "ban", "unban", "appeal", "strange"]
)
STRANGER = "psn_stranger00000000"
DECISIONS = {"release": "cleared", "reject": "rejected", "withdraw": "withdrawn"}
STEPS = st.lists(st.tuples(DEEDS, PAIRS), max_size=24)
Step = tuple[str, tuple[str, str]]


def _line(number: int, step: Step) -> AttributionLine:
    deed, (referrer, person) = step
    about = {"occurred_at": day(number), "program": PROGRAM}
    referral = referral_id(PROGRAM, person, referrer)
    match deed:
        case "qualify" | "odd":
            more = {"device": "odd"} if deed == "odd" else {}
            told = {"person": person, "referrer": referrer, "version": 1, "evidence": EVIDENCE, "followed_at": day(1)}
            return ReferralQualified(**about, **told, **more, id=referral)  # type: ignore[arg-type]
        case "fall":
            told = {"person": person, "undoes": ("qualified",), "reason": "unfollowed", "since": day(1)}
            return ReferralReversed(**about, **told, referrer=referrer, id=referral)  # type: ignore[arg-type]
        case "release" | "reject" | "withdraw":
            told = {"id": conversion_id(referral), "decision": DECISIONS[deed]}
            return ConversionReviewed(**about, **told, referral=referral, referrer=referrer, by="lin")  # type: ignore[arg-type]
        case "appeal" | "strange":  # by the referrer, or by somebody else in the referrer's partition
            asks = referrer if deed == "appeal" else STRANGER
            return ConversionAppealed(**about, id=conversion_id(referral), referral=referral, referrer=asks)  # type: ignore[arg-type]
        case _:
            kind = ReferrerBanned if deed == "ban" else ReferrerUnbanned
            return kind(**about, referrer=referrer, by="lin")  # type: ignore[arg-type]


class ScreenedReferrals(LogFold):
    """The screen fold with a rule that holds odd referrals."""

    def __init__(self) -> None:
        super().__init__(ScreenFold([ODD, BAN]), catalog(), partitions=PARTITIONS)

    def append_lines(self, lines: list[AttributionLine]) -> None:
        """Appends lines, one record each."""
        self.append((attribution_key(line), line) for line in lines)  # type: ignore[arg-type]

    def counted(self) -> set[str]:
        """The conversions that count by what was said; what is said of one alternates, and nothing is taken back that did not."""
        counts: dict[str, bool] = defaultdict(bool)
        for raw in self.log.lines("conversions"):
            line = msgspec.json.decode(raw)
            if line["type"] in ("conversion.cleared", "conversion.reversed"):
                clears = line["type"] == "conversion.cleared"
                assert counts[line["id"]] != clears
                counts[line["id"]] = clears
            else:
                assert not counts[line["id"]]
        return {id for id, counted in counts.items() if counted}

    def conversions(self) -> list[Conversion]:
        """All of them."""
        decode = msgspec.msgpack.Decoder(ScreenState).decode
        raws = [
            raw
            for part in self.states.values.values()
            for key, raw in part.items()
            if key.startswith(CONVERSION_PREFIX)
        ]
        return [one for one in map(decode, raws) if isinstance(one, Conversion)]

    def board(self, name: str) -> set[str]:
        """Who stands on a board, over all partitions."""
        return {one for part in self.states.scores.values() for board, one in part if board == name}


def _expected(steps: list[Step]) -> set[str]:
    """What should count: it stands, nobody banned the referrer, and somebody released it or nothing was found."""
    found: dict[tuple[str, str], bool] = {}
    stands: dict[tuple[str, str], bool] = {}
    reviews: dict[tuple[str, str], str] = {}
    banned: dict[str, bool] = {}
    for deed, pair in steps:
        match deed:
            case "qualify" | "odd":
                stands[pair], found[pair] = True, deed == "odd"
            case "fall":
                stands[pair] = False
            case "release" | "reject" if pair in found:
                reviews[pair] = deed
            case "withdraw":
                reviews.pop(pair, None)
            case "ban" | "unban":
                banned[pair[0]] = deed == "ban"
    good = {pair for pair in found if reviews.get(pair, "reject" if found[pair] else "release") == "release"}
    counting = [pair for pair in good if stands[pair] and not banned.get(pair[0])]
    return {conversion_id(referral_id(PROGRAM, person, referrer)) for referrer, person in counting}


@given(steps=STEPS, most=st.integers(1, 12))
@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_stands_without_ban_and_released_or_unsuspected_counts_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, steps: list[Step], most: int
) -> None:
    """In any order and in any batches; lists and families agree with the states, and a refold gives the same bytes."""
    monkeypatch.setattr(batch, "MAX_LINES", most)
    screened = ScreenedReferrals()
    screened.append_lines([_line(number, step) for number, step in enumerate(steps, 1)])
    screened.restart_and_drain()
    assert screened.counted() == _expected(steps)
    conversions = screened.conversions()
    for status in CONVERSION_STATUSES:
        there = {one.id for one in conversions if status_of(one.published) == status}
        assert screened.board(status_board(PROGRAM, status)) == there
    for referrer in (AMY.id, BO.id):
        standing = {one.id for one in conversions if one.active and one.referrer == referrer}
        assert screened.board(active_conversions(PROGRAM, referrer).sorted_set) == standing
    _refolds_to_the_same(screened)


def _expected_appeals(steps: list[Step]) -> set[str]:
    """Whose appeal waits: the referrer's first for what did not count, no review followed, and it still does not count."""
    undecided: dict[tuple[str, str], bool] = {}
    for number, (deed, pair) in enumerate(steps, 1):
        match deed:
            case "appeal" if pair not in undecided and pair in _uncounted(steps[: number - 1]):
                undecided[pair] = True
            case "release" | "reject" | "withdraw" if pair in undecided:
                undecided[pair] = deed == "withdraw"
    waiting = {pair for pair in _uncounted(steps) if undecided.get(pair)}
    return {conversion_id(referral_id(PROGRAM, person, referrer)) for referrer, person in waiting}


def _uncounted(steps: list[Step]) -> set[tuple[str, str]]:
    """The referrals that are valid and do not count: held or rejected."""
    valid: set[tuple[str, str]] = set()
    for deed, pair in steps:
        if deed in ("qualify", "odd"):
            valid.add(pair)
        elif deed == "fall":
            valid.discard(pair)
    counting = _expected(steps)
    return {pair for pair in valid if conversion_id(referral_id(PROGRAM, pair[1], pair[0])) not in counting}


@given(steps=STEPS, most=st.integers(1, 12))
@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_queue_of_appeals_has_what_was_asked_for_and_not_decided(
    monkeypatch: pytest.MonkeyPatch, steps: list[Step], most: int
) -> None:
    """Each once, in any order and batches, also when a referral falls and comes back; nobody else's appeal joins it."""
    monkeypatch.setattr(batch, "MAX_LINES", most)
    screened = ScreenedReferrals()
    screened.append_lines([_line(number, step) for number, step in enumerate(steps, 1)])
    screened.restart_and_drain()
    assert screened.board(appeal_board(PROGRAM)) == _expected_appeals(steps)
    assert {one.id for one in screened.conversions() if one.waits_for_appeal} == _expected_appeals(steps)


@given(steps=STEPS)
@settings(max_examples=examples(100))
def test_appeals_change_nothing_that_counts(steps: list[Step]) -> None:
    """With and without them the same lines are published: only a person decides."""
    without = [(number, step) for number, step in enumerate(steps, 1) if step[0] not in ("appeal", "strange")]
    published = []
    for chosen in (list(enumerate(steps, 1)), without):
        screened = ScreenedReferrals()
        screened.append_lines([_line(number, step) for number, step in chosen])
        screened.restart_and_drain()
        lines = [msgspec.json.decode(raw) for raw in screened.log.lines("conversions")]
        published.append([{**line, "cause": None} for line in sorted(lines, key=lambda one: (one["id"], one["cause"]))])
    assert published[0] == published[1]


def _refolds_to_the_same(screened: ScreenedReferrals) -> None:
    before, said = (screened.states.values.copy(), screened.states.scores.copy()), screened.log.lines("conversions")
    screened.states.wipe()
    screened.restart_and_drain()
    assert (screened.states.values, screened.states.scores) == before
    assert screened.log.lines("conversions") == said


def test_a_ban_takes_back_everything_and_its_end_gives_the_same_again() -> None:
    """Of a referrer with 2,500 conversions, each once, with the reason `ban`; in records within the bounds."""
    screened, people = ScreenedReferrals(), [f"xhs:{number}" for number in range(2_500)]
    screened.append_lines([_line(1, ("qualify", (AMY.id, person))) for person in people])
    screened.restart_and_drain()
    once = screened.counted()
    screened.append_lines([_line(2, ("ban", (AMY.id, "")))])
    screened.restart_and_drain()
    assert (len(once), screened.counted()) == (2_500, set())
    told = [msgspec.json.decode(raw) for raw in screened.log.lines("conversions")][len(once) :]
    assert {line.get("reason", line.get("reasons", [None])[0]) for line in told} == {"ban"}
    screened.append_lines([_line(3, ("unban", (AMY.id, "")))])
    screened.restart_and_drain()
    assert screened.counted() == once


def test_what_was_decided_the_same_way_before_is_no_news() -> None:
    """The first who decided stays named; another decision takes their place."""
    screened, pair = ScreenedReferrals(), (AMY.id, "xhs:a")
    screened.append_lines([_line(1, ("odd", pair)), _line(2, ("release", pair)), _line(3, ("release", pair))])
    screened.restart_and_drain()
    (one,) = screened.conversions()
    assert one.review == Review("cleared", "lin", one.review.at if one.review else 0)
    assert len(screened.log.lines("conversions")) == 2
    screened.append_lines([_line(4, ("reject", pair))])
    screened.restart_and_drain()
    told = [msgspec.json.decode(raw) for raw in screened.log.lines("conversions")][2:]
    assert [(line["type"], line.get("reason"), line.get("reasons")) for line in told] == [
        ("conversion.reversed", "review", None),
        ("conversion.rejected", None, ["review"]),
    ]


def test_a_review_of_what_nobody_knows_changes_nothing() -> None:
    """A conversion that never was cannot be decided on."""
    screened = ScreenedReferrals()
    screened.append_lines([_line(1, ("release", (AMY.id, "xhs:a")))])
    screened.restart_and_drain()
    assert (screened.conversions(), screened.counted()) == ([], set())


def test_the_list_for_review_shows_all_of_the_evidence() -> None:
    """A field that the schema lacks would be left out of the answer without a word: the partner, the campaign."""
    assert EvidenceResponse.__struct_fields__ == Evidence.__struct_fields__
