"""Events → activity: content shown and shared, links opened by people, and posts that exist. Each event counts once.

- A post has an id of its own and counts once, however often it is reported, from when it was first reported to be there.
- A click is written once, by the redirect, and counts by the visitor class it was recorded with. A line that reclassifies it
  contains that class and the time of the click, so only reclassified clicks need state, and neither order nor repetition matters.
- A report of views of a post (`post.engaged`) counts as many as it names. The other kinds of engagement are recorded alone.
- Other events may be repeated under the same id at any later time. So the ids of a person's events are stored by the day on which
  they occurred, and an event that was recorded later than the lateness limit is not counted. The ids are removed once the clock has
  passed their day by the limit, and by one day more for clocks that differ.

Within the limit the count is exact, up to MAX_FACTS_PER_DAY events of a person and day. More are not counted, which bounds the
state.

A post that was removed and is there again (`post.verified`) counts again, from when it was published. What people do in challenges
(`challenge_records`) and votes (`challenge_votes`) are stored here, too: they arrive on the same topic, for the same people.

The boards of these metrics are written here too, for the person who did it, and for clicks the participant whose link it is:
lines of both are on the partition of that person.

Events of a content item with an experiment are stored by person as well, until their window is over and was measured (`exposures`).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import assert_never, cast, get_args

from msgspec import Struct

from leaderboard.domain.activity import (
    Activity,
    ActivityDays,
    ActivityKind,
    ActivityParts,
    ClickClass,
    CountedFacts,
    click_change,
)
from leaderboard.domain.board_metrics import metrics_counting
from leaderboard.domain.challenge_record import ChallengeRecord
from leaderboard.domain.challenge_vote import VoterRecord
from leaderboard.domain.day_buckets import bucket_of
from leaderboard.domain.exposure import Exposure
from leaderboard.domain.growth import part_name
from leaderboard.domain.periods import windows
from leaderboard.domain.tally import StoredTally
from leaderboard.folds import state_keys
from leaderboard.folds.board_parts import CLOCK, BoardParts
from leaderboard.folds.board_periods import BoardPeriods
from leaderboard.folds.challenge_records import (
    CHALLENGE_LINES,
    POST_LINES,
    ChallengeLine,
    ChallengeRecords,
    PostLine,
    PostTimes,
)
from leaderboard.folds.challenge_terms import ChallengeTerms
from leaderboard.folds.challenge_votes import VOTER_LINES, count_vote, decide_vote
from leaderboard.folds.exposures import ban_outputs, exposure_keys, on_window_end, with_event
from leaderboard.folds.person_boards import PersonBoards
from leaderboard.folds.post_reports import exists, latest_check, post_keys, post_times, with_report
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.facts import (
    ChallengeJoined,
    ClickReclassed,
    ContentShared,
    ContentShown,
    EventLine,
    LinkClicked,
    PersonBanned,
    PersonThanked,
    PersonUnbanned,
    PostEngaged,
    PostPublished,
    VoteCounted,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_ms
from referral.fold.fold import Decision, Key, Position, SortedSetMember, Timer
from referral.topics import EVENTS, STANDINGS, Topic

ContentEvent = ContentShown | ContentShared
ClickEvent = LinkClicked | ClickReclassed
BanEvent = PersonBanned | PersonUnbanned
CountedEvent = ContentEvent | PostEngaged | ClickEvent
State = (
    Activity
    | ActivityDays
    | ActivityParts
    | CountedFacts
    | ClickClass
    | StoredTally
    | Exposure
    | ChallengeRecord
    | VoterRecord
    | bytes
)
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]
DAY_S = DAY_MS // 1000
_CACHED_NAMES = 4096
_COUNTED = (*get_args(CountedEvent), *CHALLENGE_LINES, *VOTER_LINES, VoteCounted, PersonThanked, ClockTicked)


class ActivityFold:
    """Counts by program and day. Events recorded more than `lateness_days` after they occurred are not counted.

    `partitions` is the number of partitions of `events` and `standings`: each of the latter gets a report when boards are closed.
    """

    name = state_keys.ACTIVITY
    service = state_keys.SERVICE
    source: Topic = EVENTS
    outputs: Sequence[Topic] = (STANDINGS, EVENTS)
    ignored: Sequence[type[Struct]] = tuple(kind for kind in get_args(EventLine) if kind not in _COUNTED)
    state: object = State
    keeps_order = False

    first_timers: Mapping[str, State] = BoardParts.first_timers

    def __init__(self, lateness_days: int, partitions: int) -> None:
        self._lateness_ms = lateness_days * DAY_MS
        self._time_zones = ProgramTimeZones()
        self._parts = BoardParts(self.name, partitions)
        self._boards = PersonBoards(state_keys.ACTIVITY, BoardPeriods(self._time_zones), self._parts)
        self._terms = ChallengeTerms(self._time_zones)
        self._challenges = ChallengeRecords(self._terms, self._boards, self._parts)

    def keys(self, line: EventLine) -> Sequence[Key]:
        """What the line may change; nothing for most events."""
        match line:
            case ContentShown() | ContentShared():
                counted = _counted_facts_key(line), *_count_keys(line), *_parts_key(line)
                return *counted, *self._tally_keys(line), *exposure_keys(line)
            case PostEngaged():
                return (_counted_facts_key(line), *_count_keys(line)) if line.data.kind == "view" else ()
            case LinkClicked(visitor="person"):
                return *_count_keys(line), *_parts_key(line), *self._tally_keys(line)
            case ClickReclassed():
                click = state_keys.click_class(line.program, line.click)
                return click, *_count_keys(line), *_parts_key(line), *self._tally_keys(line)
            case _:
                return self._keys_of_person(line)

    def _keys_of_person(self, line: EventLine) -> Sequence[Key]:
        """What a line about posts, challenges, votes or a ban may change."""
        if isinstance(line, CHALLENGE_LINES):
            tally = (state_keys.tally("posts", line.program, line.person),) if isinstance(line, POST_LINES) else ()
            posts = () if isinstance(line, ChallengeJoined) else post_keys(line)
            return *posts, *tally, *self._challenges.keys(line.program, line.person)
        if not isinstance(line, VOTER_LINES):
            return ()
        voter = state_keys.voter(line.program, line.person)
        if not isinstance(line, PersonBanned | PersonUnbanned):
            return (voter,)
        tallies = self._boards.tally_keys(line.program, line.person)
        return *tallies, state_keys.challenge_record(line.program, line.person), voter, CLOCK

    def decide(self, line: EventLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the new counts. Raises LookupError for a program that the catalog lacks."""
        match line:
            case ContentShown() | ContentShared():
                return self._count_content(line, states, catalog, position)
            case PostEngaged():
                return self._count_views(line, states, catalog, position)
            case LinkClicked(visitor="person"):
                return Decision(self._count(line, "clicks", states, catalog))
            case ClickReclassed():
                return self._count_reclassified_click(line, states, catalog)
            case _:
                return self._decide_of_person(line, states, catalog, position)

    def _decide_of_person(
        self, line: EventLine, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """What a line about posts, challenges, votes, thanks or a ban leads to."""
        if isinstance(line, CHALLENGE_LINES):
            return self._decide_challenge(line, states, catalog, position)
        if isinstance(line, PersonBanned | PersonUnbanned):
            return self._ban(line, states, catalog, position)
        if isinstance(line, VOTER_LINES):
            return cast("Decision[State]", decide_vote(line, states, self._terms, catalog))
        if isinstance(line, VoteCounted):
            return cast("Decision[State]", count_vote(line))
        if isinstance(line, PersonThanked):
            return Decision(
                {SortedSetMember(state_keys.thanked(line.program, line.day), line.person): float(_second(line))}
            )
        return Decision()

    def timer_keys(self, tick: ClockTicked, key: str, states: States, catalog: Catalog) -> Sequence[Key]:
        """The boards that close, with their members; other timers need their own state alone."""
        if key == CLOCK:
            return self._parts.timer_keys(tick, states, catalog)
        return self._challenges.timer_keys(key)

    def on_timer_with(
        self, tick: ClockTicked, key: str, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Closes boards; removes the ids of a day for which events would be too late now; measures a window that is over."""
        if key == CLOCK:
            return cast("Decision[State]", self._parts.close(tick, states, catalog, position))
        state = states[key]
        if isinstance(state, ChallengeRecord):
            return cast("Decision[State]", self._challenges.settle(tick, key, state, states, catalog))
        if isinstance(state, Exposure):
            return cast("Decision[State]", on_window_end(tick, key, state, catalog, self._lateness_ms))
        return Decision({key: None})

    def _count_content(
        self, line: ContentEvent, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        seen = self._see(line, states, position)
        if seen is None:
            return Decision()
        changes = seen | self._count(line, "shown" if isinstance(line, ContentShown) else "shares", states, catalog)
        for key in exposure_keys(line):
            exposed = with_event(line, states[key], catalog)
            return Decision({**changes, **exposed.changes}, exposed.outputs)
        return Decision(changes)

    def _count_views(self, line: PostEngaged, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        seen = self._see(line, states, position) if line.data.kind == "view" else None
        if seen is None:
            return Decision()
        return Decision(seen | self._count(line, "post_views", states, catalog, line.data.count))

    def _see(self, line: ContentEvent | PostEngaged, states: States, position: Position) -> Changes | None:
        """Stores the id of an event, until it would be too late now; None if it does not count, or was counted."""
        occurred_ms, key = to_ms(line.occurred_at), _counted_facts_key(line)
        before = states[key]
        after = (before if isinstance(before, CountedFacts) else CountedFacts()).with_fact(line.id)
        if after is None or position.recorded_at_ms - occurred_ms > self._lateness_ms:
            return None
        if before is not None:
            return {key: after}
        return {key: after, Timer(key): float((occurred_ms // DAY_MS + 2) * DAY_MS + self._lateness_ms)}

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
        self, line: CountedEvent, kind: ActivityKind, states: States, catalog: Catalog, number: int = 1
    ) -> Changes:
        day = windows(_second(line), self._time_zones.zone_of(line.program, catalog))[0].name
        total_key, days_key = _count_keys(line)
        total, days = states[total_key], states[days_key]
        bucket = days if isinstance(days, ActivityDays) else ActivityDays()
        return {
            total_key: (total if isinstance(total, Activity) else Activity()).plus(kind, number),
            days_key: bucket.with_day(day, bucket.days.get(day, Activity()).plus(kind, number)),
            **_count_parts(line, day, kind, number, states),
            **self._count_on_boards(line, [(_second(line), number)], states, catalog),
        }

    def _ban(self, line: BanEvent, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """A banned person is on no board and in no list of a challenge, and their votes do not count."""
        hidden = isinstance(line, PersonBanned)
        boards = self._boards.set_hidden(line.program, line.person, hidden, states, catalog)
        lists, lost = self._challenges.set_hidden(line, states, catalog, position)
        votes = decide_vote(line, states, self._terms, catalog)
        outputs = [*ban_outputs(line, catalog), *lost, *votes.outputs]
        return Decision({**boards, **lists, **cast("Changes", votes.changes)}, outputs)

    def _decide_challenge(
        self, line: ChallengeLine, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        changes: Changes = {}
        if isinstance(line, ChallengeJoined):
            times = PostTimes(0, is_removed=False)
        else:
            before = post_times(line, states)
            times = with_report(line, before, states) if isinstance(line, POST_LINES) else before
            if isinstance(line, POST_LINES):
                changes = self._count_post(line, before, times, states, catalog)
        more, outputs = self._challenges.decide(line, times, states, catalog, position)
        return Decision({**changes, **more}, outputs)

    def _count_post(
        self, line: PostLine, before: PostTimes, after: PostTimes, states: States, catalog: Catalog
    ) -> Changes:
        """A post that is there counts from when it was first reported to be there."""
        published, removed, checked = post_keys(line)
        changes: Changes = {
            published: None if after.is_removed else float(after.published_s) if after.published_s else None,
            removed: float(after.published_s) if after.is_removed else None,
        }
        if not isinstance(line, PostPublished):
            changes[checked] = latest_check(line, states[checked])
        numbers = [(times.published_s, number) for times, number in ((before, -1), (after, 1)) if exists(times)]
        if exists(before) == exists(after) and before.published_s == after.published_s:
            return changes
        return changes | self._boards.count("posts", line.program, line.person, numbers, states, catalog)

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
    """The person for which a line counts on boards."""
    return line.participant if isinstance(line, LinkClicked | ClickReclassed) else line.person


def _second(line: CountedEvent | PersonThanked) -> int:
    return int((line.clicked_at if isinstance(line, ClickReclassed) else line.occurred_at).timestamp())


def _counted_facts_key(line: ContentEvent | PostEngaged) -> str:
    return state_keys.counted_facts(line.program, line.person, to_ms(line.occurred_at) // DAY_MS)


def _count_keys(line: CountedEvent) -> tuple[str, str]:
    return state_keys.all_time(line.program), state_keys.days(line.program, bucket_of(_second(line)))


def _parts_key(line: CountedEvent) -> tuple[str, ...]:
    """The counts by part, of an event that names one. Views of posts are counted as a whole alone."""
    if isinstance(line, PostEngaged) or not _part_names(*_named(line)):
        return ()
    return (state_keys.parts(line.program, _second(line) // DAY_S),)


def _count_parts(line: CountedEvent, day: str, kind: ActivityKind, number: int, states: States) -> Changes:
    for key in _parts_key(line):
        known = states[key]
        parts = known if isinstance(known, ActivityParts) else ActivityParts()
        return {key: parts.plus(day, _part_names(*_named(line)), kind, number)}
    return {}


def _named(line: CountedEvent) -> tuple[str | None, str | None, str | None]:
    """The channel, content item and call to action of an event."""
    match line:
        case ContentShown() | ContentShared():
            return line.channel, line.data.content, line.data.cta
        case LinkClicked() | ClickReclassed():
            return line.channel, line.content, line.cta
        case PostEngaged():
            return None, None, None
        case _:
            assert_never(line)


@lru_cache(_CACHED_NAMES)
def _part_names(channel: str | None, content: str | None, cta: str | None) -> tuple[str, ...]:
    """A call to action belongs to its content item, and counts with it alone."""
    of_channel = (part_name("channel", channel),) if channel else ()
    of_content = (part_name("content", content),) if content else ()
    return *of_channel, *of_content, *((part_name("cta", f"{content}/{cta}"),) if content and cta else ())
