"""Challenges in the console: the queue of submissions, picks and features, held votes, and people to thank."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from leaderboard.domain.challenge_score import ChallengeDays
from leaderboard.http_api.challenge_actions import publish_decision, publish_thanks
from leaderboard.http_api.challenges import find_challenge, submission_responses
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages.challenge_console_page import Queue, challenges_page, console_list, people_to_thank, today
from leaderboard.pages.refusal_texts import REASONS
from referral.console.guard import Visit, console_view
from referral.console.home_part import Need
from referral.events.facts import (
    RightsRequested,
    SubmissionFeatured,
    SubmissionLine,
    SubmissionPicked,
    SubmissionReviewed,
    VotesReviewed,
)
from referral.events.ids import is_person_id
from referral.events.timestamps import to_datetime
from referral.fold.sorted_set_listing import ListEntry
from referral.http.context import context
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.pages.console_shell import back_to, current_program
from referral.polling import becomes_true

PATH = "/console/challenges"
ROWS = 50
_WAIT_S = 2.0
_MAX_CHALLENGES = 100
blueprint = Blueprint("console_challenges", __name__, template_folder="../pages/templates")


@blueprint.get(PATH)
@console_view("read")
def queue(visit: Visit) -> str:
    """The submissions of a challenge, the longest wait first; those that count; or the people to thank today."""
    program, name = current_program(visit), console_list(request.args.get("list", "waiting"))
    challenges = _challenges(program)
    chosen = request.args.get("challenge", "") if request.args.get("challenge") in challenges else None
    chosen = chosen or next(reversed(challenges), None)
    if program is None or chosen is None:
        return challenges_page(visit, Queue(name, [], None, []))
    if name == "thanks":
        return challenges_page(visit, Queue(name, challenges, chosen, [], thanks=people_to_thank(program)))
    cursor_of = f"console:{name}:{program}:{chosen}"
    position = decode_position(request.args.get("cursor"), cursor_of)
    after = ListEntry(*position) if position else None
    posts, last = dependencies().challenges.posts(name, program, chosen, after, ROWS)
    days = _require_days(program, chosen)
    more = encode_position(cursor_of, last.score, last.member) if last else None
    waiting = dependencies().challenges.count("waiting", program, chosen)
    shown = Queue(
        name, challenges, chosen, submission_responses(program, days, posts), more, waiting, days.week_at(_now_s())
    )
    return challenges_page(visit, shown)


@blueprint.post(PATH)
@console_view("review")
def decide(visit: Visit) -> Response:
    """Decides about one submission, or thanks one person, and shows the list again."""
    program = visit.require_program(request.args.get("program", "") or str(current_program(visit)))
    word, _, target = request.form.get("decision", "").partition(" ")
    challenge, name = request.form.get("challenge", ""), console_list(request.form.get("list", "waiting"))
    if word == "thank":
        _thank(visit, program, target)
    else:
        _decide(visit, program, challenge, word, target)
    return back_to(PATH, challenge=challenge or None, list=name, done=word)


def submission_needs(program: str) -> tuple[Need, ...]:
    """How many submissions of each challenge wait for a review, for the home view."""
    found = [(id_, *dependencies().challenges.waiting(program, id_)) for id_ in _challenges(program)]
    return tuple(
        Need("submissions", number, to_datetime(round(since * 1000)), f"{PATH}?challenge={id_}")
        for id_, number, since in found
        if since is not None
    )


def _challenges(program: str | None) -> list[str]:
    """The ids of the latest challenges of a program."""
    known = dependencies().challenge_terms.all_of(program, context().catalog) if program else {}
    return [*known][-_MAX_CHALLENGES:]


def _require_days(program: str, challenge: str) -> ChallengeDays:
    found = find_challenge(program, challenge)
    if found is None:
        raise Problem(404, "unknown_challenge", f"Unknown challenge {challenge[:64]!r}.")
    return found[1]


def _thank(visit: Visit, program: str, person: str) -> None:
    if not is_person_id(person):
        raise Problem(400, "malformed_request", "`decision` must name a person to thank.")
    day = today(program)
    publish_thanks(program, person, day, visit.operator.id)
    becomes_true(lambda: dependencies().challenges.thanked(program, day, [person])[person] is not None, _WAIT_S)


def _decide(visit: Visit, program: str, challenge: str, word: str, target: str) -> None:
    """Publishes the decision about a submission, written person/post, and waits until the fold has it."""
    days = _require_days(program, challenge)
    person, _, post = target.partition("/")
    before = dependencies().challenges.record(program, person)
    if not before.post(post).entry(challenge).is_submission:
        raise Problem(404, "unknown_submission", "This submission does not exist any more.")
    if word == "refuse":
        _refuse(visit, program, challenge, person, post)
    else:
        kind, more = _decision(word, days, before.post(post).published_s)
        publish_decision(kind, program, challenge, person, post, visit.operator.id, **more)
    becomes_true(lambda: dependencies().challenges.record(program, person) != before, _WAIT_S)


def _refuse(visit: Visit, program: str, challenge: str, person: str, post: str) -> None:
    reason = request.form.get(f"reason {person}/{post}", "")
    if reason not in REASONS:
        raise Problem(400, "malformed_request", "`reason` must be one of the reasons of the list.")
    by = visit.operator.id
    publish_decision(SubmissionReviewed, program, challenge, person, post, by, approved=False, reason=reason)


def _decision(word: str, days: ChallengeDays, published_s: int) -> tuple[type[SubmissionLine], dict[str, object]]:
    """The line of a button, with its own fields. Raises Problem 400 for a word that is on none, 409 for a post without a week."""
    match word:
        case "approve":
            return SubmissionReviewed, {"approved": True}
        case "pick" | "unpick":
            return SubmissionPicked, {"picked": word == "pick"}
        case "unfeature":
            return SubmissionFeatured, {"week": 0}
        case "feature" if days.contains(published_s):
            return SubmissionFeatured, {"week": days.week_at(published_s)}
        case "feature":
            detail = "The post was not reported as published within the challenge, so it is of none of its weeks."
            raise Problem(409, "not_in_challenge", detail)
        case "ask":
            return RightsRequested, {}
        case "count" | "discount":
            now = to_datetime(context().clock.now_ms())
            return VotesReviewed, {"counted": word == "count", "through": now}
        case _:
            raise Problem(400, "malformed_request", "`decision` must be one of the buttons of the list.")


def _now_s() -> int:
    return context().clock.now_ms() // 1000
