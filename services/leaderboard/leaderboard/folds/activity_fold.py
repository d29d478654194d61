"""Events → what people did: content shown and shared, links opened by people, posts that are still there.

Counting each fact once. A post has an id of its own, which counts once however often it is reported. A click is
written once, by the redirect, and counts by the class it was recorded with. A line that corrects it later says that class
and the click's moment too, so that only corrected clicks need a memory, and neither order nor repetition matters. What
else a platform reports may come again under the same id, at any later time; so the ids of a person's facts are kept by
the day they occurred on, and a fact that was recorded more than the lateness bound after it occurred is not counted at
all. Nothing can then come that needs an older memory, and the ids go when the clock has passed their day by the bound
(and a day more, for clocks that disagree). Within the bound the count is exact up to MOST_A_DAY facts of a person and
day; what a platform tells beyond is not counted, and memory stays bounded.
"""

from collections.abc import Mapping, Sequence

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


class ActivityFold:
    """Counts by program and day. `lateness_days`: facts recorded later than this after they occurred are not counted."""

    name = state_keys.ACTIVITY
    service = state_keys.SERVICE
    source: Topic = EVENTS
    outputs: Sequence[Topic] = ()
    state: object = State

    def __init__(self, lateness_days: int) -> None:
        self._late_ms = lateness_days * DAY_MS
        self._time_zones = ProgramTimeZones()

    def keys(self, line: EventLine) -> Sequence[Key]:
        """What the line may change; nothing for most facts."""
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
        """The new counts. Raises LookupError for a program the catalog lacks."""
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
        """Ids that nothing can come for any more are forgotten."""
        return Decision({key: None})

    def _count_content(
        self, line: ContentEvent, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        occurred_ms = to_ms(line.occurred_at)
        before = states[_counted_facts_key(line)]
        seen = (before if isinstance(before, CountedFacts) else CountedFacts()).with_fact(line.id)
        if seen is None or position.recorded_at_ms - occurred_ms > self._late_ms:
            return Decision()
        changes = self._count(line, "shown" if isinstance(line, ContentShown) else "shares", states, catalog)
        changes[_counted_facts_key(line)] = seen
        if before is None:
            changes[Timer(_counted_facts_key(line))] = float((occurred_ms // DAY_MS + 2) * DAY_MS + self._late_ms)
        return Decision(changes)

    def _count_reclassified_click(self, line: ClickReclassed, states: States, catalog: Catalog) -> Decision[State]:
        """The click goes from the class it had to the one it has now: once, whatever comes when."""
        place = state_keys.click_class(line.program, line.click)
        known, told = states[place], ClickClass(line.visitor, to_ms(line.occurred_at), line.id)
        step = click_change(known if isinstance(known, ClickClass) else None, line.was, told)
        if step is None:
            return Decision()
        changes = self._count(line, "clicks", states, catalog, step) if step else {}
        return Decision({**changes, place: told})

    def _count(
        self, line: ContentEvent | ClickEvent, kind: ActivityKind, states: States, catalog: Catalog, number: int = 1
    ) -> Changes:
        day = windows(_second(line), self._time_zones.zone_of(line.program, catalog))[0].name
        ever_at, days_at = _count_keys(line)
        ever, days = states[ever_at], states[days_at]
        known = days if isinstance(days, ActivityDays) else ActivityDays()
        return {
            ever_at: (ever if isinstance(ever, Activity) else Activity()).plus(kind, number),
            days_at: known.with_day(day, known.days.get(day, Activity()).plus(kind, number)),
        }


def _add_post(line: PostPublished, states: States) -> Decision[State]:
    """A post counts from when it was first published; one that is gone stays gone."""
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
