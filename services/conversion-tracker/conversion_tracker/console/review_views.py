"""The queues of held and appealed referrals in the console: release and reject, one or many, and take a decision back."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, assert_never

from flask import Blueprint, request
from werkzeug.wrappers import Response

from conversion_tracker.attribution.api import known_referrers
from conversion_tracker.dependencies import dependencies
from conversion_tracker.pages.review_page import WAITING, Queue, QueueStatus, queue_status, review_page
from conversion_tracker.screening.api import publish_review, require_reviewable, review_note
from conversion_tracker.screening.conversion import Conversion, PublishedDecision
from conversion_tracker.screening.conversion_response import conversion_responses
from referral.console.guard import Visit, console_view
from referral.console.home_part import HomePart, Movement, Need, part_response
from referral.console.person import story_path
from referral.events.audit import ActionName
from referral.events.ids import is_person_id
from referral.events.timestamps import DAY_MS, to_datetime
from referral.fold.sorted_set_listing import ListEntry
from referral.http.context import context
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.pages.console_shell import back_to, current_program
from referral.polling import becomes_true

MAX_AT_ONCE = 50  # rows of a page, and so conversions of a form
_MAX_NOTE = 512
_WAIT_S = 2.0
_DECISIONS: dict[str, PublishedDecision] = {"release": "cleared", "reject": "rejected", "undo": "withdrawn"}

blueprint = Blueprint("console_review", __name__, template_folder="../pages/templates")


@blueprint.get("/console/review")
@console_view("read")
def queue(visit: Visit) -> str:
    """Conversions of one status, the first that qualified first; appeals by how long they wait."""
    program, status = current_program(visit), queue_status(request.args.get("status", "held"))
    if program is None:
        return review_page(visit, Queue(status, [], None))
    board = f"{program}|{status}"
    position = decode_position(request.args.get("cursor"), board)
    entry = ListEntry(*position) if position else None
    found, last = dependencies().conversions.after(program, status, entry, MAX_AT_ONCE)
    more = encode_position(board, last.score, last.member) if last else None
    counts: dict[QueueStatus, int] = {one: dependencies().conversions.count(program, one)[0] for one in WAITING}
    return review_page(visit, Queue(status, conversion_responses(found, known_referrers()), more, counts))


@blueprint.post("/console/review")
@console_view("review")
def decide(visit: Visit) -> Response:
    """Decides on the chosen conversions, and shows the queue again, with a way back."""
    word, _, single = request.form.get("decision", "").partition(" ")
    decision = _DECISIONS.get(word)
    if decision is None:
        raise Problem(400, "malformed_request", "`decision` must be release, reject or undo.")
    ids = dict.fromkeys([single] if single else request.form.getlist("id")[:MAX_AT_ONCE])
    note = request.form.get("note", "")[:_MAX_NOTE]
    done = [one for one in _conversions(visit, ids) if _decide(visit, one, decision, note)]
    _wait_until_decided(done, decision)
    back = request.form.get("back", "")
    result: dict[str, Any] = {"done": word, "refused": len(ids) - len(done)}
    decided = [one.id for one in done]
    if is_person_id(back):
        return back_to(story_path(back), ids=decided, part="referrals", **result)
    status = queue_status(request.form.get("status", "held"))
    return back_to("/console/review", ids=decided, status=status, **result)


@blueprint.get("/console/review/home")
@console_view("read")
def home_part(visit: Visit) -> Response:
    """What waits here, and the friends who came and left, for the home view."""
    program = current_program(visit)
    if program is None:
        return part_response(HomePart())
    needs = (_need(program, "held"), _need(program, "appealed"))
    return part_response(HomePart(needs, (_friends(program), _left(program))))


def _friends(program: str) -> Movement:
    """Friends who count, by when they qualified."""
    now_ms, conversions = context().clock.now_ms(), dependencies().conversions
    today = conversions.count_since(program, "cleared", now_ms - DAY_MS)
    both_days = conversions.count_since(program, "cleared", now_ms - 2 * DAY_MS)
    return Movement("friends", today, 2 * today - both_days)


def _left(program: str) -> Movement:
    since_ms = context().clock.now_ms() - DAY_MS
    return Movement("left", dependencies().conversions.count_since(program, "reversed", since_ms))


def _need(program: str, queue: Literal["held", "appealed"]) -> Need:
    number, oldest_ms = dependencies().conversions.count(program, queue)
    path = "/console/review" if queue == "held" else f"/console/review?status={queue}"
    return Need(queue, number, to_datetime(round(oldest_ms)) if oldest_ms else None, path)


def _conversions(visit: Visit, ids: dict[str, None]) -> Iterator[Conversion]:
    """Those of the operator's programs that exist."""
    for id in ids:
        found = dependencies().conversions.find(id)
        if found is not None and found.program in visit.programs():
            yield found


def _decide(visit: Visit, conversion: Conversion, decision: PublishedDecision, note: str) -> bool:
    """Whether the decision is on the log; not if the referral was reversed, or its referrer is banned."""
    try:
        require_reviewable(conversion, decision)
    except Problem:
        return False
    text = review_note(conversion, note)
    visit.record(
        _action(decision), program=conversion.program, target=conversion.id, note=text.text_id if text else None
    )
    publish_review(conversion, decision, visit.operator.id, text, None)
    return True


def _action(decision: PublishedDecision) -> ActionName:
    match decision:
        case "cleared":
            return "conversion.released"
        case "rejected":
            return "conversion.rejected"
        case "withdrawn":
            return "conversion.withdrawn"
        case _:
            assert_never(decision)


def _wait_until_decided(conversions: Sequence[Conversion], decision: PublishedDecision) -> None:
    """Returns once the fold has all decisions, so that the next page shows them, or after two seconds without."""
    becomes_true(lambda: all(_is_decided(one.id, decision) for one in conversions), _WAIT_S)


def _is_decided(id: str, decision: PublishedDecision) -> bool:
    known = dependencies().conversions.find(id)
    review = known.review if known else None
    waits = known is not None and known.waits_for_appeal and decision != "withdrawn"
    return (review.decision if review else "withdrawn") == decision and not waits
