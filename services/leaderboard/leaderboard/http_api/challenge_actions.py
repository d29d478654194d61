"""What operators decide about submissions: reviews, picks, features, held votes, requests for a permission; and thanks.

Each decision is a line of the log with who has decided it; lists, scores and pages follow within seconds.
"""

from collections.abc import Sequence
from datetime import date

import msgspec
from flask import g
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from leaderboard.domain.challenge_score import ChallengeDays
from leaderboard.http_api.challenges import require_challenge
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.thank_you_messages import request_thank_you
from leaderboard.pages.refusal_texts import REASONS
from referral.events.facts import (
    DecisionUndone,
    PersonThanked,
    RightsRequested,
    SubmissionFeatured,
    SubmissionLine,
    SubmissionPicked,
    SubmissionReviewed,
    VotesReviewed,
    fact_key,
)
from referral.events.ids import random_id
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import Timestamp, response
from referral.topics import EVENTS

blueprint = Blueprint("challenge_actions", __name__)
_encode = msgspec.json.Encoder().encode
_ACTIONS = "/v1/programs/<program>/challenges/<challenge>/submissions/<person>/<post>"


class ActorRequest(Schema):
    """Who decides."""

    by = fields.Str(
        required=True,
        validate=[validate.Length(1, 128), validate.Regexp(r"^.*\S")],
        metadata={"description": "Who decides: a name that colleagues know.", "examples": ["lin@glow.example"]},
    )


class ReviewRequest(ActorRequest):
    """A review: approved, or refused with a reason."""

    approved = fields.Bool(required=True, metadata={"description": "Whether the submission is approved."})
    reason = fields.Str(
        load_default=None,
        validate=validate.OneOf(list(REASONS)),
        metadata={"description": "Why it is refused; required then."},
    )

    @validates_schema
    def reason_of_refusal(self, data: dict[str, object], **_: object) -> None:
        """A refusal has a reason, an approval has none."""
        if bool(data["approved"]) is not (data["reason"] is None):
            raise ValidationError("is required to refuse a submission, and must be left out to approve it", "reason")


class PickRequest(ActorRequest):
    """A pick."""

    picked = fields.Bool(load_default=True, metadata={"description": "false takes the pick back."})


class FeatureRequest(ActorRequest):
    """The week that a submission is the post of."""

    week = fields.Int(
        required=True,
        strict=True,
        validate=validate.Range(0, 53),
        metadata={"description": "The week of the challenge, from 1; 0 takes the feature back."},
    )


class VotesRequest(ActorRequest):
    """A decision about held votes."""

    counted = fields.Bool(required=True, metadata={"description": "Whether the votes that are held now count."})


class UndoRequest(ActorRequest):
    """The decision to take back."""

    decision = fields.Str(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "The id of a review, or of a decision about votes.", "examples": ["dec_3v8k2m9q4t6w"]},
    )


class ThanksRequest(ActorRequest):
    """The person to thank, and for which day."""

    person = fields.Str(
        required=True,
        validate=validate.Length(1, 128),
        metadata={"description": "The platform's id of the person, or their person id.", "examples": ["xhs:mei"]},
    )
    day = fields.Date(required=True, metadata={"description": "The day in the program's time zone."})


class SubmissionDecisionResponse(msgspec.Struct, kw_only=True):
    """A decision that is durable."""

    id: str
    person: str
    by: str
    at: Timestamp


@blueprint.post(f"{_ACTIONS}/review")
@requires("admin")
@idempotent
@blueprint.arguments(ReviewRequest)
@response(SubmissionDecisionResponse, 202, description="The review is durable.")
@blueprint.alt_response(404, description="Unknown program, challenge or submission.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def review(body: dict[str, object], program: str, challenge: str, person: str, post: str) -> SubmissionDecisionResponse:
    """Approve a submission, or refuse it: then it does not count. The latest review counts."""
    require_submission(program, challenge, person, post)
    more = {"approved": body["approved"], "reason": body["reason"]}
    return publish_decision(SubmissionReviewed, program, challenge, person, post, body["by"], **more)


@blueprint.post(f"{_ACTIONS}/pick")
@requires("admin")
@idempotent
@blueprint.arguments(PickRequest)
@response(SubmissionDecisionResponse, 202, description="The pick is durable.")
@blueprint.alt_response(404, description="Unknown program, challenge or submission.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def pick(body: dict[str, object], program: str, challenge: str, person: str, post: str) -> SubmissionDecisionResponse:
    """Pick a submission as a curator; it earns points."""
    require_submission(program, challenge, person, post)
    return publish_decision(SubmissionPicked, program, challenge, person, post, body["by"], picked=body["picked"])


@blueprint.post(f"{_ACTIONS}/feature")
@requires("admin")
@idempotent
@blueprint.arguments(FeatureRequest)
@response(SubmissionDecisionResponse, 202, description="The feature is durable.")
@blueprint.alt_response(404, description="Unknown program, challenge or submission.")
@blueprint.alt_response(422, description="A week that the challenge does not have.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def feature(body: dict[str, int], program: str, challenge: str, person: str, post: str) -> SubmissionDecisionResponse:
    """Make a submission the post of a week of the challenge; it earns points, and the weekly prize at the end."""
    days = require_submission(program, challenge, person, post)
    require_week(days, body["week"])
    return publish_decision(SubmissionFeatured, program, challenge, person, post, body["by"], week=body["week"])


@blueprint.post(f"{_ACTIONS}/rights")
@requires("admin")
@idempotent
@blueprint.arguments(ActorRequest)
@response(SubmissionDecisionResponse, 202, description="The request is durable.")
@blueprint.alt_response(404, description="Unknown program, challenge or submission.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def request_rights(
    body: dict[str, object], program: str, challenge: str, person: str, post: str
) -> SubmissionDecisionResponse:
    """Record a request to the author: may their post be shown? The platform reports the answer (`rights.given`)."""
    require_submission(program, challenge, person, post)
    return publish_decision(RightsRequested, program, challenge, person, post, body["by"])


@blueprint.post(f"{_ACTIONS}/votes")
@requires("admin")
@idempotent
@blueprint.arguments(VotesRequest)
@response(SubmissionDecisionResponse, 202, description="The decision is durable.")
@blueprint.alt_response(404, description="Unknown program, challenge or submission.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def review_votes(
    body: dict[str, object], program: str, challenge: str, person: str, post: str
) -> SubmissionDecisionResponse:
    """Decide about the votes for a submission that are held now, since many came at once."""
    require_submission(program, challenge, person, post)
    through = to_datetime(context().clock.now_ms())
    more = {"counted": body["counted"], "through": through}
    return publish_decision(VotesReviewed, program, challenge, person, post, body["by"], **more)


@blueprint.post(f"{_ACTIONS}/undo")
@requires("admin")
@idempotent
@blueprint.arguments(UndoRequest)
@response(SubmissionDecisionResponse, 202, description="The decision is taken back, durably.")
@blueprint.alt_response(404, description="Unknown program, challenge or submission.")
@blueprint.alt_response(409, description="Not the latest review, nor the latest decision about votes.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def undo(body: dict[str, object], program: str, challenge: str, person: str, post: str) -> SubmissionDecisionResponse:
    """Take back the latest review of a submission, or the latest decision about its held votes: the state is as without it."""
    require_submission(program, challenge, person, post)
    revocable = dependencies().challenges.record(program, person).post(post).entry(challenge).revocable
    if body["decision"] not in revocable:
        listed = ", ".join(revocable) or "none"
        detail = f"`decision` must be the latest review or decision about votes; those are: {listed}."
        raise Problem(409, "not_revocable", detail)
    return publish_decision(DecisionUndone, program, challenge, person, post, body["by"], decision=body["decision"])


@blueprint.post("/v1/programs/<program>/thanks")
@requires("admin")
@idempotent
@blueprint.arguments(ThanksRequest)
@response(SubmissionDecisionResponse, 202, description="The thanks are durable.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def thank(body: dict[str, object], program: str) -> SubmissionDecisionResponse:
    """Record that a person was thanked for what they shared or posted on a day."""
    require_program(program)
    id_ = context().pseudonyms.person_id_to_find(program, str(body["person"]))
    day = body["day"]
    return publish_thanks(program, id_, day.isoformat() if isinstance(day, date) else str(day), str(body["by"]))


def require_submission(program: str, challenge: str, person: str, post: str) -> ChallengeDays:
    """Returns the days of the challenge of a submission. Raises Problem 404 for an unknown one."""
    _, days = require_challenge(program, challenge)
    record = dependencies().challenges.record(program, person)
    if not record.post(post).entry(challenge).is_submission:
        detail = f"{person} has no submission {post!r} in {challenge}. `GET …/challenges/{challenge}/submissions` lists them."
        raise Problem(404, "unknown_submission", detail)
    return days


def require_week(days: ChallengeDays, week: int) -> None:
    """Raises Problem 422 for a week that the challenge does not have."""
    last = (days.days + 6) // 7
    if week > last:
        detail = f"`week` must be 1 to {last}, or 0 to take the feature back; got {week}."
        raise Problem(422, "invalid", detail, [{"pointer": "/week", "detail": detail}])


def publish_decision(
    kind: type[SubmissionLine], program: str, challenge: str, person: str, post: str, by: object, **more: object
) -> SubmissionDecisionResponse:
    """Publishes a decision about a submission; returns once it is durable. Raises NotDurable or Overloaded."""
    return _publish(decision_line(kind, program, challenge, person, post, by, **more))


def decision_line(
    kind: type[SubmissionLine], program: str, challenge: str, person: str, post: str, by: object, **more: object
) -> SubmissionLine:
    """The line of a decision that is made now; `more` are the fields of its kind."""
    return kind(
        occurred_at=to_datetime(context().clock.now_ms()),
        id=random_id("dec"),
        program=program,
        person=person,
        challenge=challenge,
        post=post,
        by=str(by),
        api_key=_api_key(),
        **more,  # type: ignore[arg-type] # the fields of the kind
    )


def publish_lines(lines: Sequence[SubmissionLine]) -> None:
    """Returns once all of the lines are durable. Raises NotDurable or Overloaded."""
    if lines:
        dependencies().publisher.publish(EVENTS, [(fact_key(line), _encode(line)) for line in lines])


def publish_thanks(program: str, person: str, day: str, by: str) -> SubmissionDecisionResponse:
    """Publishes that a person was thanked, and requests their message; returns once both are durable.

    Raises NotDurable or Overloaded.
    """
    answer = _publish(
        PersonThanked(
            occurred_at=to_datetime(context().clock.now_ms()),
            id=random_id("thx"),
            program=program,
            person=person,
            day=day,
            by=by,
            api_key=_api_key(),
        )
    )
    request_thank_you(program, person, day)
    return answer


def _publish(line: SubmissionLine | PersonThanked) -> SubmissionDecisionResponse:
    dependencies().publisher.publish(EVENTS, [(fact_key(line), _encode(line))])
    return SubmissionDecisionResponse(id=line.id, person=line.person, by=line.by, at=line.occurred_at)


def _api_key() -> str | None:
    """The id of the API key of the request; an operator of the console has none."""
    key = g.get("key")
    return key.id if key else None
