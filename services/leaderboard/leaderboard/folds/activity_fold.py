"""Events → activity: content shown and shared, links opened by people, and posts that exist. Each event counts once.

- A post has an id of its own and counts once, however often it is reported.
- A click is written once, by the redirect, and counts by the visitor class it was recorded with. A line that reclassifies it
  contains that class and the time of the click, so only reclassified clicks need state, and neither order nor repetition matters.
- Other events may be repeated under the same id at any later time. So the ids of a person's events are stored by the day on which
  they occurred, and an event that was recorded later than the lateness limit is not counted. The ids are removed once the clock has
  passed their day by the limit, and by one day more for clocks that differ.

Within the limit the count is exact, up to MAX_FACTS_PER_DAY events of a person and day. More are not counted, which bounds the
state.

The boards of these metrics are written here too, for the person who did it, and for clicks the participant whose link it is:
lines of both are on the partition of that person.

Events of a content item with an experiment are stored by person as well, until their window is over and was measured (`exposures`).
"""

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from msgspec import Struct

from leaderboard.domain.activity import Activity, ActivityDays, ActivityKind, ClickClass, CountedFacts, click_change
from leaderboard.domain.board_metrics import metrics_counting
from leaderboard.domain.day_buckets import bucket_of
from leaderboard.domain.exposure import Exposure
from leaderboard.domain.periods import windows
from leaderboard.domain.tally import StoredTally
from leaderboard.folds import state_keys
from leaderboard.folds.board_parts import CLOCK, BoardParts
from leaderboard.folds.board_periods import BoardPeriods
from leaderboard.folds.exposures import ban_outputs, exposure_keys, on_window_end, with_event
from leaderboard.folds.person_boards import PersonBoards
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.facts import (
    ClickReclassed,
    ContentShared,
    ContentShown,
    EventLine,
    LinkClicked,
    PersonBanned,
    PersonUnbanned,
    PostPublished,
    PostRemoved,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.fold import Decision, Key, Position, SortedSetMember, Timer
from referral.topics import EVENTS, STANDINGS, Topic

ContentEvent = ContentShown | ContentShared
ClickEvent = LinkClicked | ClickReclassed
PostEvent = PostPublished | PostRemoved
BanEvent = PersonBanned | PersonUnbanned
CountedEvent = ContentEvent | ClickEvent | PostEvent
State = Activity | ActivityDays | CountedFacts | ClickClass | StoredTally | Exposure | bytes
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]
_COUNTED = get_args(CountedEvent)


class ActivityFold:
    """Counts by program and day. Events recorded more than `lateness_days` after they occurred are not counted.

    `partitions` is the number of partitions of `events` and `standings`: each of the latter gets a report when boards are closed.
    """

    name = state_keys.ACTIVITY
    service = state_keys.SERVICE
    source: Topic = EVENTS
    outputs: Sequence[Topic] = (STANDINGS,)
    ignored: Sequence[type[Struct]] = tuple(
        kind for kind in get_args(EventLine) if kind not in (*_COUNTED, *get_args(BanEvent), ClockTicked)
    )
    state: object = State
    keeps_order = False

    first_timers: Mapping[str, State] = BoardParts.first_timers

    def __init__(self, lateness_days: int, partitions: int = 1) -> None:
        self._lateness_ms = lateness_days * DAY_MS
        self._time_zones = ProgramTimeZones()
        self._parts = BoardParts(self.name, partitions)
        self._boards = PersonBoards(state_keys.ACTIVITY, BoardPeriods(self._time_zones), self._parts)

    def keys(self, line: EventLine) -> Sequence[Key]:
        """What the line may change; nothing for most events."""
        match line:
            case ContentShown() | ContentShared():
                return _counted_facts_key(line), *_count_keys(line), *self._tally_keys(line), *exposure_keys(line)
            case LinkClicked(visitor="person"):
                return *_count_keys(line), *self._tally_keys(line)
            case ClickReclassed():
                click = state_keys.click_class(line.program, line.click)
                return click, *_count_keys(line), *self._tally_keys(line)
            case PostPublished() | PostRemoved():
                return _post_key(line), _removed_post_key(line), *self._tally_keys(line)
            case PersonBanned() | PersonUnbanned():
                return self._boards.tally_keys(line.program, line.person)
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
            case PostPublished() | PostRemoved():
                change_post = self._add_post if isinstance(line, PostPublished) else self._remove_post
                return Decision(change_post(line, states, catalog))
            case PersonBanned() | PersonUnbanned():
                hidden = isinstance(line, PersonBanned)
                changes = self._boards.set_hidden(line.program, line.person, hidden, states, catalog)
                return Decision({**changes}, ban_outputs(line, catalog))
            case _:
                return Decision()

    def timer_keys(self, tick: ClockTicked, key: str, states: States, catalog: Catalog) -> Sequence[Key]:
        """The boards that close, with their members; other timers need their own state alone."""
        return self._parts.timer_keys(tick, states, catalog) if key == CLOCK else ()

    def on_timer_with(
        self, tick: ClockTicked, key: str, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Closes boards; removes the ids of a day for which events would be too late now; measures a window that is over."""
        if key == CLOCK:
            return cast("Decision[State]", self._parts.close(tick, states, catalog, position))
        state = states[key]
        if isinstance(state, Exposure):
            return cast("Decision[State]", on_window_end(tick, key, state, catalog, self._lateness_ms))
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
        for key in exposure_keys(line):
            exposed = with_event(line, states[key], catalog)
            return Decision({**changes, **exposed.changes}, exposed.outputs)
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
            **self._count_on_boards(line, [(_second(line), number)], states, catalog),
        }

    def _add_post(self, line: PostEvent, states: States, catalog: Catalog) -> Changes:
        """A post counts from when it was first published. A removed post stays removed."""
        known, second = states[_post_key(line)], _second(line)
        if states[_removed_post_key(line)] is not None or (isinstance(known, float) and known <= second):
            return {}
        moved = [(int(known), -1), (second, 1)] if isinstance(known, float) else [(second, 1)]
        return {_post_key(line): float(second), **self._count_on_boards(line, moved, states, catalog)}

    def _remove_post(self, line: PostEvent, states: States, catalog: Catalog) -> Changes:
        known, changes = states[_post_key(line)], Changes()
        if isinstance(known, float):
            changes.update(self._count_on_boards(line, [(int(known), -1)], states, catalog))
        return {**changes, _post_key(line): None, _removed_post_key(line): float(_second(line))}

    def _count_on_boards(
        self, line: CountedEvent, numbers: Sequence[tuple[int, int]], states: States, catalog: Catalog
    ) -> Changes:
        changes, person = Changes(), _person(line)
        for metric in metrics_counting(state_keys.ACTIVITY, line):
            changes.update(self._boards.count(metric, line.program, person, numbers, states, catalog))
        return changes

    def _tally_keys(self, line: CountedEvent) -> list[str]:
        """What counting a line on boards needs."""
        return self._boards.count_keys(metrics_counting(state_keys.ACTIVITY, line), line.program, _person(line))


def _person(line: CountedEvent) -> str:
    """For whom a line counts on boards."""
    return line.participant if isinstance(line, LinkClicked | ClickReclassed) else line.person


def _second(line: CountedEvent) -> int:
    return int((line.clicked_at if isinstance(line, ClickReclassed) else line.occurred_at).timestamp())


def _counted_facts_key(line: ContentEvent) -> str:
    return state_keys.counted_facts(line.program, line.person, to_ms(line.occurred_at) // DAY_MS)


def _count_keys(line: ContentEvent | ClickEvent) -> tuple[str, str]:
    return state_keys.all_time(line.program), state_keys.days(line.program, bucket_of(_second(line)))


def _post_key(line: PostEvent) -> SortedSetMember:
    return SortedSetMember(state_keys.posts(line.program), _post_of_person(line))


def _removed_post_key(line: PostEvent) -> SortedSetMember:
    return SortedSetMember(state_keys.removed_posts(line.program), _post_of_person(line))


def _post_of_person(line: PostEvent) -> str:
    """A post has one author: under another person's id it is another post."""
    return f"{line.person}/{line.data.post}"
