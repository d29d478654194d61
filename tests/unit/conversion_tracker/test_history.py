"""A history stays small: 64 entries, and older ones only as what they came to."""

from dataclasses import replace
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion_tracker.attribution.attribution_rules import AttributionRules, OrderThreshold
from conversion_tracker.attribution.history import MAX_ENTRIES, History
from conversion_tracker.attribution.timeline import EntryKind, HistoryEntry, OrderRecord, Touch
from conversion_tracker.attribution.verdict import decide_verdict
from referral.events.timestamps import DAY_MS
from tests.support.examples import examples

RULES = AttributionRules(1, 30 * DAY_MS, "last_touch", {"code": 0, "scan": 1}, restores_on_refollow=True, ends_ms=None)
ON_ORDER = replace(RULES, order_threshold=OrderThreshold(Decimal(100), "CNY"), qualifies_on_follow=False)


def _entry(number: int, what: str, kind: str | None, referrer: str) -> HistoryEntry:
    touches = (Touch(kind, number * 1000, f"e{number:03}", referrer),) if kind else ()  # type: ignore[arg-type]
    sale = OrderRecord(number * 1000, f"o{number // 9}", Decimal(100), "CNY") if what in ("order", "refund") else None
    return HistoryEntry(number * 1000, f"e{number:03}", what, touches, 1, order=sale)  # type: ignore[arg-type]


def _entries(most: int) -> st.SearchStrategy[list[HistoryEntry]]:
    one = st.tuples(
        st.sampled_from(["touch", "touch", "touch", "follow", "unfollow", "order", "refund"]),
        st.sampled_from(["code", "scan", "scan"]),
        st.sampled_from(["par_a", "par_b", "par_c"]),
    )
    return st.lists(one, min_size=60, max_size=most).map(
        lambda rows: [
            _entry(n, what, kind if what == "touch" else None, who) for n, (what, kind, who) in enumerate(rows)
        ]
    )


def _grown(entries: list[HistoryEntry]) -> History:
    history = History()
    for entry in entries:
        history = history.with_entry(entry)
    return history


@settings(max_examples=examples(100))
@given(_entries(140))
def test_a_long_history_in_order_is_judged_as_if_nothing_had_been_frozen(entries: list[HistoryEntry]) -> None:
    """What bots and busy people do must neither grow the state nor change who is credited."""
    history = _grown(entries)
    assert len(history.entries) == min(len(entries), MAX_ENTRIES)
    assert (history.checkpoint is not None) == (len(entries) > MAX_ENTRIES)
    for rules in (RULES, ON_ORDER):
        assert decide_verdict(history.timeline(), rules) == decide_verdict(History(tuple(entries)).timeline(), rules)


def test_what_is_older_than_the_checkpoint_changes_nothing() -> None:
    """The frozen part cannot be judged again: a duplicate of it, or something older, is no news."""
    entries = [_entry(n, "touch", "code", "par_a") for n in range(1, MAX_ENTRIES + 3)]
    history = _grown(entries)
    assert history.with_entry(entries[0]) is history
    assert history.with_entry(_entry(0, "follow", None, "")) is history
    assert history.with_entry(entries[-1]) is history


def test_a_persons_state_has_a_bounded_size() -> None:
    """10,000 touches of every kind and colour: the state stays within a few kilobytes."""
    history = History()
    for number in range(10_000):
        kind = ("code", "scan", "click", "mention", "tag")[number % 5]
        history = history.with_entry(_entry(number, "touch", kind, f"par_{number:016}"))
    assert len(msgspec.msgpack.encode(history)) < 8192


def test_a_buyers_state_has_a_bounded_size_and_rests_on_the_first_order() -> None:
    """A thousand orders and refunds: what the referral rests on is not forgotten, and the rest does not pile up."""
    history = _grown([_entry(1, "touch", "code", "par_a"), _entry(2, "follow", None, "")])
    for number in range(3, 2000):
        sale = OrderRecord(number * 1000, f"o{number}", Decimal(100), "CNY")
        what: EntryKind = "order" if number % 2 else "refund"
        history = history.with_entry(HistoryEntry(number * 1000, f"e{number:04}", what, order=sale))
    standing = decide_verdict(history.timeline(), ON_ORDER)
    assert standing is not None
    assert standing.qualified_at == 3000
    assert len(msgspec.msgpack.encode(history)) < 8192


def test_a_person_of_one_follow_takes_less_than_a_quarter_kilobyte() -> None:
    """Memory a person is what a million followers cost."""
    assert len(msgspec.msgpack.encode(_grown([_entry(1, "follow", "code", "par_0123456789abcdef")]))) < 256


@settings(max_examples=examples(100))
@given(_entries(90), st.lists(st.integers(0, 89), max_size=5))
def test_an_event_that_was_withdrawn_was_never_there(entries: list[HistoryEntry], numbers: list[int]) -> None:
    """Whether it arrives before or after, once or again; what is in the checkpoint stays."""
    kept = entries[-MAX_ENTRIES:]
    gone = {f"e{number:03}" for number in numbers}
    history = _grown(kept)
    for id in gone:
        history = history.without_event(id)
    again = _grown([])
    for id in gone:
        again = again.without_event(id)
    for entry in [*kept, *kept]:
        history, again = history.with_entry(entry), again.with_entry(entry)
    never = History(tuple(entry for entry in kept if entry.id not in gone))
    assert history.timeline() == again.timeline() == never.timeline()
