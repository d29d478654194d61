"""Challenges: what they are, their submissions, their gallery, and a person's part in them."""

from typing import cast

from marshmallow import validate
from webargs import fields

from leaderboard.board_store import BoardName
from leaderboard.challenge_store import ListedPost
from leaderboard.domain.challenge_score import (
    ChallengeDays,
    counted_posts,
    current_run,
    longest_run,
    points,
    posted_days,
)
from leaderboard.folds import state_keys
from leaderboard.folds.state_keys import ChallengeList
from leaderboard.http_api.challenge_responses import (
    ChallengeResponse,
    ParticipationResponse,
    SubmissionPage,
    SubmissionResponse,
    challenge_response,
    submission_response,
)
from leaderboard.http_api.dependencies import dependencies
from referral.events.challenges import Challenge
from referral.events.timestamps import to_datetime
from referral.fold.sorted_set_listing import ListEntry
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.paging import PageQuery, decode_position, encode_position
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.people.known_people import known_people

blueprint = Blueprint("challenges", __name__)
_LISTED = 10  # challenges that an error names


class SubmissionsQuery(PageQuery):
    """Which submissions to list."""

    limit = fields.Int(
        load_default=50, validate=validate.Range(1, 100), metadata={"description": "Maximum number of items, 1 to 100."}
    )
    state = fields.Str(
        load_default="all",
        validate=validate.OneOf(["all", "waiting", "counted"]),
        metadata={
            "description": "`waiting` for a review, the longest wait first; `counted`: those that count; or all."
        },
    )


class GalleryQuery(PageQuery):
    """Which part of the gallery to list."""

    limit = fields.Int(
        load_default=24, validate=validate.Range(1, 100), metadata={"description": "Maximum number of items, 1 to 100."}
    )


def find_challenge(program: str, challenge: str) -> tuple[Challenge, ChallengeDays] | None:
    """Returns a challenge as the newest version that has it declares it, and its days; None for an unknown one."""
    found = dependencies().challenge_terms.all_of(program, context().catalog).get(challenge)
    if found is None:
        return None
    versions = reversed(context().catalog.versions(program))
    declared = (one for version in versions for one in version.program.challenges if one.id == challenge)
    return next(declared, found.challenge), found.days


def require_challenge(program: str, challenge: str) -> tuple[Challenge, ChallengeDays]:
    """Returns the same. Raises Problem 404 for an unknown program or challenge."""
    require_program(program)
    found = find_challenge(program, challenge)
    if found is None:
        known = [*dependencies().challenge_terms.all_of(program, context().catalog)][:_LISTED]
        listed = ", ".join(known) if known else "none; declare one in `challenges` of the program file"
        raise Problem(
            404, "unknown_challenge", f"Program {program} has no challenge {challenge[:64]!r}. It has: {listed}."
        )
    return found


@blueprint.get("/v1/programs/<program>/challenges/<challenge>")
@requires("read")
@response(ChallengeResponse)
@blueprint.alt_response(404, description="Unknown program or challenge.")
def challenge(program: str, challenge: str) -> ChallengeResponse:
    """A challenge as of now: its day, today's prompt, what can be won, and how many take part."""
    declared, days = require_challenge(program, challenge)
    store, second = dependencies().challenges, context().clock.now_ms() // 1000
    participants, posts, waiting = (
        store.count(name, program, challenge) for name in ("participants", "counted", "waiting")
    )
    return challenge_response(program, declared, days, second, (participants, posts, waiting))


@blueprint.get("/v1/programs/<program>/challenges/<challenge>/submissions")
@requires("read")
@blueprint.arguments(SubmissionsQuery, location="query")
@response(SubmissionPage)
@blueprint.alt_response(404, description="Unknown program or challenge.")
def submissions(query: dict[str, object], program: str, challenge: str) -> SubmissionPage:
    """The submissions of a challenge. Those of banned people are left out."""
    _, days = require_challenge(program, challenge)
    name = "submissions" if query["state"] == "all" else cast("ChallengeList", query["state"])
    return _page(name, query, program, days)


@blueprint.get("/v1/programs/<program>/challenges/<challenge>/gallery")
@requires("read")
@blueprint.arguments(GalleryQuery, location="query")
@response(SubmissionPage)
@blueprint.alt_response(404, description="Unknown program or challenge.")
def gallery(query: dict[str, object], program: str, challenge: str) -> SubmissionPage:
    """The submissions that may be shown, the newest first: approved, there, and with the author's permission.

    A page may have fewer items than `limit`: posts of erased people are left out.
    """
    _, days = require_challenge(program, challenge)
    page = _page("gallery", query, program, days)
    return SubmissionPage([one for one in page.items if one.external_id is not None], page.next_cursor)


@blueprint.get("/v1/programs/<program>/challenges/<challenge>/people/<path:person>")
@requires("read")
@response(ParticipationResponse)
@blueprint.alt_response(404, description="Unknown program or challenge.")
def participation(program: str, challenge: str, person: str) -> ParticipationResponse:
    """A person's part in a challenge, by the platform's id or the person id; of someone who takes no part, zeros."""
    _, days = require_challenge(program, challenge)
    id_ = context().pseudonyms.person_id_to_find(program, person)
    record = dependencies().challenges.record(program, id_)
    counted = counted_posts(record, days)
    posted = posted_days(counted, days)
    joined = record.joined.get(challenge)
    return ParticipationResponse(
        program=program,
        challenge=challenge,
        participant=id_,
        joined_at=to_datetime(joined * 1000) if joined else None,
        score=sum(points(record, days).values()),
        rank=_rank(program, challenge, id_),
        posts=len(counted),
        posted_days=list(posted),
        streak=current_run(posted, days.day_at(context().clock.now_ms() // 1000)),
        longest_streak=longest_run(posted),
    )


def challenge_board(program: str, challenge: str) -> BoardName:
    """The board of a challenge by score."""
    period = state_keys.challenge_period(challenge)
    return BoardName(state_keys.ACTIVITY, state_keys.board(program, "challenge_score", period))


def submission_responses(program: str, days: ChallengeDays, posts: list[ListedPost]) -> list[SubmissionResponse]:
    """Returns posts with their authors and texts."""
    people = context().people
    known = known_people({post.person for post in posts}, people)
    texts = [people.text(post.person, post.post) for post in posts]
    return [
        submission_response(post, days, known[post.person], text.text if text else None)
        for post, text in zip(posts, texts, strict=True)
    ]


def _page(name: ChallengeList, query: dict[str, object], program: str, days: ChallengeDays) -> SubmissionPage:
    cursor_of = f"{name}:{program}:{days.id}"
    position = decode_position(query["cursor"], cursor_of)
    after, limit = ListEntry(*position) if position else None, int(str(query["limit"]))
    posts, last = dependencies().challenges.posts(name, program, days.id, after, limit)
    next_cursor = encode_position(cursor_of, last.score, last.member) if last else None
    return SubmissionPage(submission_responses(program, days, posts), next_cursor)


def _rank(program: str, challenge: str, person: str) -> int | None:
    around = dependencies().boards.around(program, challenge_board(program, challenge), person, 0)
    return around.entries[0].rank if around and around.entries else None
