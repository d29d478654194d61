"""A person's part in challenges: what the activity fold keeps of it, and the lists, boards and scores that follow.

Lists and scores are functions of the record, the post and whether the person is banned; they are written whenever one of these
changes, so that a withdrawal, a removed post or a ban takes a post off the gallery at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, assert_never, cast, get_args

from msgspec.structs import replace

from leaderboard.domain.challenge_record import (
    ChallengeRecord,
    Choice,
    Entry,
    PostRecord,
    Review,
    Undone,
    VoteRelease,
    earlier,
    with_decision,
)
from leaderboard.domain.challenge_score import ChallengeDays, counts, points
from leaderboard.domain.score import score_of
from leaderboard.domain.tally import StoredTally
from leaderboard.folds import state_keys
from leaderboard.folds.board_parts import CLOCK, BoardParts
from leaderboard.folds.challenge_prizes import next_settlement_ms, settle, with_corrections
from leaderboard.folds.challenge_terms import ChallengeTerms
from leaderboard.folds.person_boards import BoardChanges, PersonBoards
from leaderboard.folds.state_keys import ChallengeList
from referral.catalog.view import Catalog
from referral.events.facts import (
    ChallengeJoined,
    DecisionUndone,
    PersonBanned,
    PersonUnbanned,
    PostPublished,
    PostRemoved,
    PostSubmitted,
    PostVerified,
    RightsGiven,
    RightsRequested,
    RightsWithdrawn,
    SubmissionAppealed,
    SubmissionDecision,
    SubmissionFeatured,
    SubmissionPicked,
    SubmissionReviewed,
    VotesReviewed,
)
from referral.events.ids import person_digest
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position, RawMember, SortedSetMember, Timer

PostLine = PostPublished | PostRemoved | PostVerified
SubmissionFact = (
    PostSubmitted
    | SubmissionAppealed
    | RightsGiven
    | RightsWithdrawn
    | RightsRequested
    | SubmissionReviewed
    | SubmissionPicked
    | SubmissionFeatured
    | VotesReviewed
    | DecisionUndone
)
ChallengeLine = PostLine | SubmissionFact | ChallengeJoined
POST_LINES, SUBMISSION_FACTS = get_args(PostLine), get_args(SubmissionFact)
CHALLENGE_LINES = (*POST_LINES, *SUBMISSION_FACTS, ChallengeJoined)
Changes = dict[Key, ChallengeRecord | StoredTally | float | None]


class PostTimes(NamedTuple):
    """Whether a post is there: when it was published (0: not reported), and whether it was gone when it was last looked at."""

    published_s: int
    is_removed: bool


class _CorrectedScore(NamedTuple):
    """Whose score changed, and when: what a correction of a closed board needs."""

    occurred_at: datetime
    referrer: str


class ChallengeRecords:
    """Applies the lines of challenges to the records of people."""

    def __init__(self, terms: ChallengeTerms, boards: PersonBoards, parts: BoardParts) -> None:
        self._terms = terms
        self._boards = boards
        self._parts = parts

    def keys(self, program: str, person: str) -> tuple[str, str, str]:
        """The states that every line of a person's part in challenges needs."""
        record, tally = (
            state_keys.challenge_record(program, person),
            state_keys.tally("challenge_score", program, person),
        )
        return record, tally, CLOCK

    def decide(
        self,
        line: ChallengeLine,
        times: PostTimes,
        states: Mapping[Key, object],
        catalog: Catalog,
        position: Position,
    ) -> tuple[Changes, list[Output]]:
        """Returns the changes of a line, and its prizes, taken back or awarded; `times` are those of its post, with this line."""
        key = state_keys.challenge_record(line.program, line.person)
        known = states[key]
        before = known if isinstance(known, ChallengeRecord) else ChallengeRecord()
        if isinstance(line, ChallengeJoined):
            after, posts = self._record_join(line, before, catalog, position), []
        else:
            after, posts = self._with_line(line, times, before, catalog, position), [post_of(line)]
        if after == before:
            return {}, []
        touched = {one for post in posts for record in (before, after) for one in record.post(post).entries}
        touched |= {line.data.challenge} if isinstance(line, ChallengeJoined) else set()
        days = [found for one in sorted(touched) if (found := self._terms.days_of(line.program, one, catalog))]
        hidden, outputs, now_s = (
            self._is_hidden(line.program, line.person, states),
            list[Output](),
            position.recorded_at_ms // 1000,
        )
        scores = self._scores(line.program, line.person, before, after, days, states, catalog)
        for one in days:
            after, prizes = with_corrections(
                after, line.program, line.person, line.occurred_at, now_s, hidden, one, catalog
            )
            outputs += prizes
        changes: Changes = {key: after, **scores}
        if before.challenges != after.challenges:
            due_ms = next_settlement_ms(after, line.program, self._terms, catalog)
            changes |= {} if due_ms is None else {Timer(key): due_ms}
        for one in days:
            changes |= _lists(line.program, line.person, after, posts, one, hidden)
            if points(before, one) != points(after, one):
                self._close(line, one, changes, outputs, states, catalog)
        return changes, outputs

    def _close(
        self,
        line: ChallengeLine | PersonBanned | PersonUnbanned,
        days: ChallengeDays,
        changes: Changes,
        outputs: list[Output],
        states: Mapping[Key, object],
        catalog: Catalog,
    ) -> None:
        """Registers the board of a challenge to be closed; once it is closed, adds the correction of a person's score."""
        board = state_keys.board(line.program, "challenge_score", state_keys.challenge_period(days.id))
        score = changes[RawMember(board, person_digest(line.person))]
        decision: Decision[bytes] = Decision()
        corrected = _CorrectedScore(line.occurred_at, line.person)
        windows = [(days.start_s, days.end_s)]
        known = cast("Mapping[Key, bytes | float | None]", states)
        self._parts.record((board,), windows, [cast("float | None", score)], corrected, known, catalog, decision)
        changes.update(cast("Changes", decision.changes))
        outputs += decision.outputs

    def set_hidden(
        self, line: PersonBanned | PersonUnbanned, states: Mapping[Key, object], catalog: Catalog, position: Position
    ) -> tuple[Changes, list[Output]]:
        """Returns the lists of a person who is banned or no longer banned, and the prizes that are taken back or awarded.

        Their scores are changed by the boards.
        """
        program, person, hidden = line.program, line.person, isinstance(line, PersonBanned)
        key = state_keys.challenge_record(program, person)
        record, outputs, now_s = states[key], list[Output](), position.recorded_at_ms // 1000
        if not isinstance(record, ChallengeRecord):
            return {}, []
        changes: Changes = {}
        for one in self._terms.all_of(program, catalog).values():
            posts = [post for post, found in record.posts.items() if one.days.id in found.entries]
            if posts or one.days.id in record.joined:
                changes |= _lists(program, person, record, posts, one.days, hidden)
                record, prizes = with_corrections(
                    record, program, person, line.occurred_at, now_s, hidden, one.days, catalog
                )
                outputs += prizes
                if points(record, one.days):
                    self._close(line, one.days, changes, outputs, states, catalog)
        return ({**changes, key: record} if outputs else changes), outputs

    def timer_keys(self, key: str) -> tuple[str, ...]:
        """What the timer of a record needs beyond it: whether the person is banned. Nothing for another key."""
        if not key.startswith(state_keys.CHALLENGE_RECORDS):
            return ()
        return (state_keys.tally("challenge_score", *state_keys.recorded_person(key)),)

    def settle(
        self, tick: ClockTicked, key: str, record: ChallengeRecord, states: Mapping[Key, object], catalog: Catalog
    ) -> Decision[ChallengeRecord]:
        """Awards the prizes of challenges that are frozen; a banned person wins none."""
        hidden = self._is_hidden(*state_keys.recorded_person(key), states)
        return settle(key, record, tick.occurred_at, hidden, self._terms, catalog)

    def _record_join(
        self, line: ChallengeJoined, before: ChallengeRecord, catalog: Catalog, position: Position
    ) -> ChallengeRecord:
        days = self._terms.days_named(line.program, line.data.challenge, catalog)
        if days is None or _is_frozen(days, position):
            return before
        return before.with_joined(days.id, to_ms(line.occurred_at) // 1000)

    def _with_line(
        self,
        line: PostLine | SubmissionFact,
        times: PostTimes,
        before: ChallengeRecord,
        catalog: Catalog,
        position: Position,
    ) -> ChallengeRecord:
        """The record with the line. A post without anything to do with a challenge is not stored."""
        id_ = post_of(line)
        known = before.post(id_)
        post = replace(known, published_s=times.published_s, is_removed=times.is_removed)
        if isinstance(line, PostPublished | PostVerified):
            post = self._with_tags(line, post, catalog, position)
        elif not isinstance(line, PostRemoved):
            post = self._with_fact(line, post, catalog, position)
        if not post.entries and post.rights == PostRecord().rights:
            return before
        return before.with_post(id_, post)

    def _with_tags(
        self, line: PostPublished | PostVerified, post: PostRecord, catalog: Catalog, position: Position
    ) -> PostRecord:
        at_ms = to_ms(line.occurred_at)
        for days in self._terms.tagged(line.program, line.data.hashtags, at_ms // 1000, position, catalog):
            if not _is_frozen(days, position):
                entry = post.entry(days.id)
                post = post.with_entry(days.id, replace(entry, tagged_ms=earlier(entry.tagged_ms, at_ms)))
        return post

    def _with_fact(self, line: SubmissionFact, post: PostRecord, catalog: Catalog, position: Position) -> PostRecord:
        at_ms = to_ms(line.occurred_at)
        match line:
            case RightsGiven():
                return replace(post, rights=post.rights.with_permission(at_ms, line.data.wording))
            case RightsWithdrawn():
                return replace(post, rights=post.rights.with_withdrawal(at_ms))
            case RightsRequested():
                return replace(post, rights=post.rights.with_request(at_ms))
            case PostSubmitted() | SubmissionAppealed():
                days = self._terms.days_named(line.program, line.data.challenge, catalog)
            case SubmissionReviewed() | SubmissionPicked() | SubmissionFeatured() | VotesReviewed() | DecisionUndone():
                days = self._terms.days_named(line.program, line.challenge, catalog)
            case _:
                assert_never(line)
        if days is None or (isinstance(line, PostSubmitted) and _is_frozen(days, position)):
            return post
        return post.with_entry(days.id, _with_decision(line, post.entry(days.id), at_ms, days))

    def _scores(
        self,
        program: str,
        person: str,
        before: ChallengeRecord,
        after: ChallengeRecord,
        days: Sequence[ChallengeDays],
        states: Mapping[Key, object],
        catalog: Catalog,
    ) -> BoardChanges:
        """The changes of the boards by day, week, month, campaign and of all time."""
        changed: dict[int, int] = {}
        for one in days:
            for sign, record in ((1, after), (-1, before)):
                for second, number in points(record, one).items():
                    changed[second] = changed.get(second, 0) + sign * number
        numbers = [(second, number) for second, number in sorted(changed.items()) if number]
        if not numbers:
            return {}
        return self._boards.count("challenge_score", program, person, numbers, states, catalog)

    def _is_hidden(self, program: str, person: str, states: Mapping[Key, object]) -> bool:
        tally = states[state_keys.tally("challenge_score", program, person)]
        return isinstance(tally, StoredTally) and tally.hidden


def post_of(line: ChallengeLine) -> str:
    """The id of the post that a line is about; empty for a line about none."""
    if isinstance(line, ChallengeJoined):
        return ""
    return line.post if isinstance(line, SubmissionDecision) else line.data.post


def _with_decision(  # noqa: C901 - a table
    line: PostSubmitted
    | SubmissionAppealed
    | SubmissionReviewed
    | SubmissionPicked
    | SubmissionFeatured
    | VotesReviewed
    | DecisionUndone,
    entry: Entry,
    at_ms: int,
    days: ChallengeDays,
) -> Entry:
    match line:
        case PostSubmitted() if days.start_s <= at_ms // 1000 < days.frozen_s:
            changes: dict[str, object] = {"submitted_ms": earlier(entry.submitted_ms, at_ms)}
        case PostSubmitted():
            changes = {}
        case SubmissionAppealed():
            changes = {"appealed_ms": earlier(entry.appealed_ms, at_ms)}
        case SubmissionReviewed():
            review = Review(at_ms, line.id, line.approved, None if line.approved else line.reason, line.by)
            changes = {"reviews": with_decision(entry.reviews, review)}
        case SubmissionPicked():
            changes = {"pick": _latest(entry.pick, Choice(at_ms, line.id, int(line.picked)))}
        case SubmissionFeatured():
            changes = {"feature": _latest(entry.feature, Choice(at_ms, line.id, line.week))}
        case VotesReviewed():
            release = VoteRelease(at_ms, line.id, to_ms(line.through) // 1000, line.counted)
            changes = {"all_releases": with_decision(entry.all_releases, release)}
        case DecisionUndone():
            changes = {"undone": with_decision(entry.undone, Undone(at_ms, line.id, line.decision))}
        case _:
            assert_never(line)
    return replace(entry, **changes)


def _latest(known: Choice | None, new: Choice) -> Choice:
    return new if known is None or (known.at_ms, known.id) < (new.at_ms, new.id) else known


def _is_frozen(days: ChallengeDays, position: Position) -> bool:
    return position.recorded_at_ms >= days.frozen_s * 1000


def _lists(
    program: str, person: str, record: ChallengeRecord, posts: Iterable[str], days: ChallengeDays, hidden: bool
) -> Changes:
    """The places of a person and of some of their posts in the lists of a challenge, and on its board."""
    shown = {} if hidden else dict(_person_lists(person, record, days))
    changes: Changes = {
        SortedSetMember(state_keys.challenge_list("participants", program, days.id), person): shown.get("participants"),
        RawMember(
            state_keys.board(program, "challenge_score", state_keys.challenge_period(days.id)), person_digest(person)
        ): shown.get("board"),
    }
    for post in posts:
        places = {} if hidden else dict(_post_lists(record.post(post), days))
        for name in ("submissions", "counted", "waiting", "gallery", "featured"):
            member = SortedSetMember(state_keys.challenge_list(name, program, days.id), f"{person}/{post}")
            changes[member] = places.get(name)
    return changes


def _person_lists(person: str, record: ChallengeRecord, days: ChallengeDays) -> Iterator[tuple[str, float]]:
    entered = [post.entry(days.id).entered_ms // 1000 for post in record.posts.values()]
    since = [second for second in (record.joined.get(days.id, 0), *entered) if second]
    if since:
        yield "participants", float(min(since))
    earned = points(record, days)
    if earned:
        yield "board", score_of(sum(earned.values()), max(earned))


def _post_lists(post: PostRecord, days: ChallengeDays) -> Iterator[tuple[ChallengeList, float]]:
    entry = post.entry(days.id)
    if not entry.is_submission:
        return
    yield "submissions", entry.entered_ms / 1000
    if post.verification != "removed" and entry.review_state in ("waiting", "appealed"):
        yield "waiting", max(entry.entered_ms, entry.appealed_ms if entry.review_state == "appealed" else 0) / 1000
    if counts(post, days):
        yield "counted", float(post.published_s)
        if entry.review_state == "approved" and post.rights.state == "given":
            yield "gallery", float(-post.published_s)
        if entry.feature and entry.week:
            yield "featured", entry.feature.at_ms / 1000
