"""Challenges in the console: the queue of submissions, picks and features, held votes, and people to thank."""

from collections.abc import Sequence

from flask import Blueprint, request
from werkzeug.wrappers import Response

from leaderboard.domain.challenge_score import ChallengeDays
from leaderboard.http_api.challenge_actions import publish_thanks
from leaderboard.http_api.challenges import find_challenge, submission_responses
from leaderboard.http_api.console_decisions import WORDS, Target, Word, decide_all
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages.challenge_console_page import Queue, challenges_page, console_list, people_to_thank, today
from leaderboard.pages.refusal_texts import REASONS
from referral.console.guard import Visit, console_view
from referral.console.home_part import Need
from referral.events.facts import RefusalReason
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
    """Decides about one submission or the chosen ones, or thanks a person, and shows the list again, with a way back."""
    program = visit.require_program(request.args.get("program", "") or str(current_program(visit)))
    word, _, single = request.form.get("decision", "").partition(" ")
    challenge, name = request.form.get("challenge", ""), console_list(request.form.get("list", "waiting"))
    if word == "thank":
        _thank(visit, program, single)
        return back_to(PATH, challenge=challenge or None, list=name, done=word)
    days, decision = _require_days(program, challenge), _require_word(word)
    ids = dict.fromkeys([single] if single else request.form.getlist("id")[:ROWS])
    targets = [Target.parse(one) for one in ids]
    if single:
        _require_possible(program, days, decision, targets[0])
    reasons = _reasons(targets, is_single=bool(single)) if decision == "refuse" else {}
    done = decide_all(visit, program, days, decision, targets, reasons)
    return back_to(PATH, ids=done, challenge=challenge, list=name, done=decision, refused=len(targets) - len(done))


def submission_needs(program: str) -> tuple[Need, ...]:
    """How many submissions of each challenge wait for a review, for the home view."""
    ids = _challenges(program)
    waiting = dependencies().challenges.waiting([(program, id_) for id_ in ids])
    return tuple(
        Need("submissions", number, to_datetime(round(since * 1000)), f"{PATH}?challenge={id_}")
        for id_, (number, since) in zip(ids, waiting, strict=True)
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


def _require_word(text: str) -> Word:
    found = next((word for word in WORDS if word == text), None)
    if found is None:
        raise Problem(400, "malformed_request", "`decision` must be one of the buttons of the list.")
    return found


def _require_possible(program: str, days: ChallengeDays, word: Word, target: Target) -> None:
    """Raises Problem 404 for a submission that does not exist, 409 for a post that is of no week."""
    post = dependencies().challenges.record(program, target.person).post(target.post)
    if not post.entry(days.id).is_submission:
        raise Problem(404, "unknown_submission", "This submission does not exist any more.")
    if word == "feature" and not days.contains(post.published_s):
        detail = "The post was not reported as published within the challenge, so it is of none of its weeks."
        raise Problem(409, "not_in_challenge", detail)


def _reasons(targets: Sequence[Target], *, is_single: bool) -> dict[str, RefusalReason]:
    """Why each submission is refused: its own reason, or the one for all that were chosen. Raises Problem 400."""
    fields = [f"reason {target.submission}" if is_single else "reason" for target in targets]
    found = {
        target.submission: reason
        for target, field in zip(targets, fields, strict=True)
        for reason in REASONS
        if reason == request.form.get(field, "")
    }
    if len(found) < len(targets):
        raise Problem(400, "malformed_request", "`reason` must be one of the reasons of the list.")
    return found


def _thank(visit: Visit, program: str, person: str) -> None:
    if not is_person_id(person):
        raise Problem(400, "malformed_request", "`decision` must name a person to thank.")
    day = today(program)
    visit.record("person.thanked", program=program, target=person)
    publish_thanks(program, person, day, visit.operator.id)
    becomes_true(lambda: dependencies().challenges.thanked(program, day, [person])[person] is not None, _WAIT_S)


def _now_s() -> int:
    return context().clock.now_ms() // 1000
