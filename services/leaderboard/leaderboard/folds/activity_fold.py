"""Events → activity: content shown and shared, links opened by people, and posts that exist. Each event counts once.

- A post has an id of its own and counts once, however often it is reported.
- A click is written once, by the redirect, and counts by the visitor class it was recorded with. A line that reclassifies it
  contains that class and the time of the click, so only reclassified clicks need state, and neither order nor repetition matters.
- Other events may be repeated under the same id at any later time. So the ids of a person's events are stored by the day on which
  they occurred, and an event that was recorded later than the lateness limit is not counted. The ids are removed once the clock has
  passed their day by the limit, and by one day more for clocks that differ.

Within the limit the count is exact, up to MAX_FACTS_PER_DAY events of a person and day. More are not counted, which bounds the
state.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

from msgspec import Struct

from leaderboard.domain.activity import Activity, ActivityDays, ActivityKind, ClickClass, CountedFacts, click_change
from leaderboard.domain.day_buckets import bucket_of
from leaderboard.domain.periods import windows
from leaderboard.folds import state_keys
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.facts import (
    ClickReclassed,
    ContentShared,
    ContentShown,
    EventLine,
    LinkClicked,
    PostPublished,
    PostRemoved,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.fold import Decision, Key, Position, SortedSetMember, Timer
from referral.topics import EVENTS, Topic

ContentEvent = ContentShown | ContentShared
ClickEvent = LinkClicked | ClickReclassed
State = Activity | ActivityDays | CountedFacts | ClickClass
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]
_COUNTED = ContentShown, ContentShared, LinkClicked, ClickReclassed, PostPublished, PostRemoved


class ActivityFold:
    """Counts by program and day. Events recorded more than `lateness_days` after they occurred are not counted."""

    name = state_keys.ACTIVITY
    service = state_keys.SERVICE
    source: Topic = EVENTS
    outputs: Sequence[Topic] = ()
    ignored: Sequence[type[Struct]] = tuple(
        kind for kind in get_args(EventLine) if kind not in (*_COUNTED, ClockTicked)
    )
    state: object = State
    keeps_order = False

    def __init__(self, lateness_days: int) -> None:
        self._lateness_ms = lateness_days * DAY_MS
        self._time_zones = ProgramTimeZones()

    def keys(self, line: EventLine) -> Sequence[Key]:
        """What the line may change; nothing for most events."""
        match line:
            case ContentShown() | ContentShared():
                return _counted_facts_key(line), *_count_keys(line)
            case LinkClicked(visitor="person"):
                return _count_keys(line)
            case ClickReclassed():
                return state_keys.click_class(line.program, line.click), *_count_keys(line)
            case PostPublished() | PostRemoved():
                return _post_key(line), _removed_post_key(line)
            case _:
                return ()

    def decide(self, line: EventLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the new counts. Raises LookupError for a program that the catalog lacks."""
        match line:
            case ContentShown() | ContentShared():
                return self._count_content(line, states, catalog, position)
            case LinkClicked(visitor="person"):
                return Decision(self._count(line, "clicks", states, catalog))
            case ClickReclassed():
                return self._count_reclassified_click(line, states, catalog)
            case PostPublished():
                return _add_post(line, states)
            case PostRemoved():
                return Decision({_post_key(line): None, _removed_post_key(line): float(_second(line))})
            case _:
                return Decision()

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Removes the ids of a day for which events would be too late now."""
        return Decision({key: None})

    def _count_content(
        self, line: ContentEvent, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        occurred_ms = to_ms(line.occurred_at)
        before = states[_counted_facts_key(line)]
        after = (before if isinstance(before, CountedFacts) else CountedFacts()).with_fact(line.id)
        if after is None or position.recorded_at_ms - occurred_ms > self._lateness_ms:
            return Decision()
        changes = self._count(line, "shown" if isinstance(line, ContentShown) else "shares", states, catalog)
        changes[_counted_facts_key(line)] = after
        if before is None:
            remove_ms = (occurred_ms // DAY_MS + 2) * DAY_MS + self._lateness_ms
            changes[Timer(_counted_facts_key(line))] = float(remove_ms)
        return Decision(changes)

    def _count_reclassified_click(self, line: ClickReclassed, states: States, catalog: Catalog) -> Decision[State]:
        """Counts a click by its latest class instead of the one before, once, in any order of lines."""
        key = state_keys.click_class(line.program, line.click)
        known, latest = states[key], ClickClass(line.visitor, to_ms(line.occurred_at), line.id)
        change = click_change(known if isinstance(known, ClickClass) else None, line.was, latest)
        if change is None:
            return Decision()
        changes = self._count(line, "clicks", states, catalog, change) if change else {}
        return Decision({**changes, key: latest})

    def _count(
        self, line: ContentEvent | ClickEvent, kind: ActivityKind, states: States, catalog: Catalog, number: int = 1
    ) -> Changes:
        day = windows(_second(line), self._time_zones.zone_of(line.program, catalog))[0].name
        total_key, days_key = _count_keys(line)
        total, days = states[total_key], states[days_key]
        bucket = days if isinstance(days, ActivityDays) else ActivityDays()
        return {
            total_key: (total if isinstance(total, Activity) else Activity()).plus(kind, number),
            days_key: bucket.with_day(day, bucket.days.get(day, Activity()).plus(kind, number)),
        }


def _add_post(line: PostPublished, states: States) -> Decision[State]:
    """A post counts from when it was first published. A removed post stays removed."""
    if states[_removed_post_key(line)] is not None:
        return Decision()
    known, second = states[_post_key(line)], float(_second(line))
    return Decision({_post_key(line): min(known, second) if isinstance(known, float) else second})


def _second(line: ContentEvent | ClickEvent | PostPublished | PostRemoved) -> int:
    return int((line.clicked_at if isinstance(line, ClickReclassed) else line.occurred_at).timestamp())


def _counted_facts_key(line: ContentEvent) -> str:
    return state_keys.counted_facts(line.program, line.person, to_ms(line.occurred_at) // DAY_MS)


def _count_keys(line: ContentEvent | ClickEvent) -> tuple[str, str]:
    return state_keys.all_time(line.program), state_keys.days(line.program, bucket_of(_second(line)))


def _post_key(line: PostPublished | PostRemoved) -> SortedSetMember:
    return SortedSetMember(state_keys.posts(line.program), line.data.post)


def _removed_post_key(line: PostPublished | PostRemoved) -> SortedSetMember:
    return SortedSetMember(state_keys.removed_posts(line.program), line.data.post)
