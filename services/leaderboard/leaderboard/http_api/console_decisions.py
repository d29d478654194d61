"""The decisions of the console about submissions: what each button publishes, records and takes back."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from leaderboard.domain.challenge_record import ChallengeRecord, Entry
from leaderboard.domain.challenge_score import ChallengeDays
from leaderboard.http_api.challenge_actions import decision_line, publish_lines
from leaderboard.http_api.dependencies import dependencies
from referral.console.guard import Visit
from referral.events.audit import ActionName
from referral.events.facts import (
    DecisionUndone,
    RefusalReason,
    RightsRequested,
    SubmissionFeatured,
    SubmissionLine,
    SubmissionPicked,
    SubmissionReviewed,
    VotesReviewed,
)
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.polling import becomes_true

Word = Literal[
    "approve", "refuse", "pick", "unpick", "feature", "unfeature", "ask", "count", "discount", "undo"
]  # the decision of a button
WORDS: Sequence[Word] = get_args(Word)
ACTIONS: Mapping[Word, ActionName] = {
    "approve": "submission.approved",
    "refuse": "submission.refused",
    "pick": "submission.picked",
    "unpick": "submission.unpicked",
    "feature": "submission.featured",
    "unfeature": "submission.unfeatured",
    "ask": "submission.rights_requested",
    "count": "submission.votes_counted",
    "discount": "submission.votes_dropped",
    "undo": "submission.decision_undone",
}
UNDO: Mapping[Word, Word] = {
    "approve": "undo",
    "refuse": "undo",
    "count": "undo",
    "discount": "undo",
    "pick": "unpick",
    "unpick": "pick",
    "feature": "unfeature",
    "unfeature": "feature",
}
"""The word that takes a decision back; without one for a request to an author, which was made."""
_WAIT_S = 2.0


class Target(NamedTuple):
    """A submission of a form, `person/post`; with the id of the decision to take back, `person/post/decision`."""

    person: str
    post: str
    decision: str = ""

    @classmethod
    def parse(cls, text: str) -> "Target":
        """The target of a text; parts that are missing are empty."""
        person, _, rest = text.partition("/")
        post, _, decision = rest.partition("/")
        return cls(person, post, decision)

    @property
    def submission(self) -> str:
        """The submission alone."""
        return f"{self.person}/{self.post}"


def decide_all(
    visit: Visit,
    program: str,
    days: ChallengeDays,
    word: Word,
    targets: Sequence[Target],
    reasons: Mapping[str, RefusalReason],
) -> list[str]:
    """Publishes a decision about each of the submissions that it can be made about, recorded in the audit log before.

    Returns the targets that take it back, once the fold has all of them, or after two seconds without. `reasons` are those of
    refusals, by submission. Raises NotDurable or Overloaded.
    """
    people = list(dict.fromkeys(target.person for target in targets))
    before = dependencies().challenges.records(program, people)
    lines = [
        line
        for target in targets
        if (line := _line(visit, program, days, word, target, before[target.person], reasons)) is not None
    ]
    visit.record_all(ACTIONS[word], program, [f"{line.person}/{line.post}" for line in lines])
    publish_lines(lines)
    changed = {line.person for line in lines}
    becomes_true(lambda: _all_changed(program, before, changed), _WAIT_S)
    return [_taken_back_by(word, line) for line in lines]


def _line(
    visit: Visit,
    program: str,
    days: ChallengeDays,
    word: Word,
    target: Target,
    record: ChallengeRecord,
    reasons: Mapping[str, RefusalReason],
) -> SubmissionLine | None:
    """The line of a decision; None if it cannot be made about the submission."""
    post = record.post(target.post)
    entry = post.entry(days.id)
    found = _fields(word, days, post.published_s, entry, target, reasons) if entry.is_submission else None
    if found is None:
        return None
    kind, more = found
    return decision_line(kind, program, days.id, target.person, target.post, visit.operator.id, **more)


def _fields(  # noqa: C901, PLR0911 - a table
    word: Word,
    days: ChallengeDays,
    published_s: int,
    entry: Entry,
    target: Target,
    reasons: Mapping[str, RefusalReason],
) -> tuple[type[SubmissionLine], dict[str, object]] | None:
    match word:
        case "approve":
            return SubmissionReviewed, {"approved": True}
        case "refuse":
            reason = reasons.get(target.submission)
            return (SubmissionReviewed, {"approved": False, "reason": reason}) if reason else None
        case "pick" | "unpick":
            return SubmissionPicked, {"picked": word == "pick"}
        case "feature":
            return (SubmissionFeatured, {"week": days.week_at(published_s)}) if days.contains(published_s) else None
        case "unfeature":
            return SubmissionFeatured, {"week": 0}
        case "ask":
            return RightsRequested, {}
        case "count" | "discount":
            return VotesReviewed, {"counted": word == "count", "through": to_datetime(context().clock.now_ms())}
        case "undo":
            return (DecisionUndone, {"decision": target.decision}) if target.decision in entry.revocable else None


def _taken_back_by(word: Word, line: SubmissionLine) -> str:
    submission = f"{line.person}/{line.post}"
    return f"{submission}/{line.id}" if UNDO.get(word) == "undo" else submission


def _all_changed(program: str, before: Mapping[str, ChallengeRecord], people: set[str]) -> bool:
    now = dependencies().challenges.records(program, sorted(people))
    return all(now[person] != before[person] for person in people)
