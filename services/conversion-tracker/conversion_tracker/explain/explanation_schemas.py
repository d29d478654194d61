"""An explanation, documented on the way out."""

from marshmallow import Schema, fields, validate

from conversion_tracker.attribution.person_schemas import PersonOut, TouchOut
from conversion_tracker.screening.conversion import CONVERSION_STATUSES
from conversion_tracker.screening.review_schemas import ReviewOut


class PlaceOut(Schema):
    """Where a line stands on the log, and when its record was appended."""

    topic = fields.Str(metadata={"examples": ["referral.events"]})
    partition = fields.Int()
    offset = fields.Int(metadata={"description": "of its record"})
    line = fields.Int(metadata={"description": "its number in the record, which is NDJSON; 0 is the first"})


class ExplainedTouchOut(TouchOut):
    """A touch, and where the fact that told of it stands."""

    place = fields.Nested(PlaceOut, allow_none=True, metadata={"description": "null where it was not kept"})


class RulesOut(Schema):
    """The rules that the person is judged by: those in force at their first follow."""

    version = fields.Int()
    effective_from = fields.AwareDateTime()
    window_days = fields.Int()
    model = fields.Str(metadata={"examples": ["last_touch"]})
    evidence = fields.List(fields.Str(), metadata={"description": "the strongest first"})
    qualifies_on = fields.Str(metadata={"examples": ["person.followed"]})
    min_amount = fields.Str(allow_none=True)
    currency = fields.Str(allow_none=True)
    retained_days = fields.Int(allow_none=True)
    refollow = fields.Str()


class FindingOut(Schema):
    """What one rule of screening found."""

    reason = fields.Str(metadata={"examples": ["self_referral"]})
    outcome = fields.Str(metadata={"description": "what the program does about it", "examples": ["rejected"]})
    description = fields.Str()
    observed = fields.Dict(fields.Str(), fields.Float(), metadata={"description": "the numbers that the rule saw"})
    detail = fields.Dict(fields.Str(), fields.Float(), metadata={"description": "the same as `observed`"})


class ScreeningOut(Schema):
    """Whether the referral may be trusted."""

    conversion = fields.Str()
    status = fields.Str(
        validate=validate.OneOf(CONVERSION_STATUSES),
        metadata={"description": "`reversed`: the referral no longer stands"},
    )
    findings = fields.List(fields.Nested(FindingOut))
    review = fields.Nested(ReviewOut, allow_none=True)


class StateOut(Schema):
    """Something that happened to a reward, and where that stands."""

    state = fields.Str(metadata={"examples": ["granted"]})
    at = fields.AwareDateTime()
    reason = fields.Str(allow_none=True)
    place = fields.Nested(PlaceOut)


class ExplainedRewardOut(Schema):
    """A reward that the conversion led to. What happened to it since it was given is in its beneficiary's wallet."""

    id = fields.Str()
    rule = fields.Str(allow_none=True)
    kind = fields.Str(allow_none=True)
    beneficiary = fields.Str()
    role = fields.Str(allow_none=True, metadata={"examples": ["referrer"]})
    trigger = fields.Str(allow_none=True)
    milestone = fields.Int(
        allow_none=True, metadata={"description": "how many friends it is for, where it is for a number"}
    )
    due_at = fields.AwareDateTime(allow_none=True, metadata={"description": "when its holding period ends"})
    status = fields.Str(metadata={"description": "the last of its states that was found"})
    states = fields.List(fields.Nested(StateOut))


class RankOut(Schema):
    """Where the referrer stands by referrals, of all time."""

    rank = fields.Int(allow_none=True, metadata={"description": "null for who has no referral that counts"})
    score = fields.Int()
    total = fields.Int(metadata={"description": "how many are on the board"})
    reached_at = fields.AwareDateTime(allow_none=True)


class CauseOut(Schema):
    """A line of the log that the answer rests on."""

    type = fields.Str(metadata={"examples": ["referral.qualified"]})
    says = fields.Str(metadata={"description": "the same for people"})
    at = fields.AwareDateTime(metadata={"description": "when it happened in the world"})
    recorded_at = fields.AwareDateTime(metadata={"description": "when its record was appended"})
    place = fields.Nested(PlaceOut)
    cause = fields.Nested(
        PlaceOut, allow_none=True, metadata={"description": "the line that led to it; null for a fact"}
    )


class MissingOut(Schema):
    """A step that was not found on the log."""

    step = fields.Str()
    detail = fields.Str(metadata={"description": "why, and what to do"})


class ExplanationOut(PersonOut):
    """Why a person stands where they do, down to the raw facts."""

    verdict = fields.Str(metadata={"description": "the whole in one sentence"})
    timezone = fields.Str(metadata={"description": "the program's", "examples": ["Asia/Shanghai"]})
    rules = fields.Nested(RulesOut, allow_none=True, metadata={"description": "null before the first follow"})
    touches = fields.List(fields.Nested(ExplainedTouchOut), metadata={"description": "oldest first"})
    screening = fields.Nested(ScreeningOut, allow_none=True, metadata={"description": "null where nothing qualified"})
    rewards = fields.List(fields.Nested(ExplainedRewardOut))
    rank = fields.Nested(RankOut, allow_none=True)
    rank_unknown = fields.Str(allow_none=True, metadata={"description": "why `rank` is null"})
    causes = fields.List(
        fields.Nested(CauseOut), metadata={"description": "facts, attributions, conversions, rewards; each as recorded"}
    )
    missing = fields.List(fields.Nested(MissingOut), metadata={"description": "empty where the whole chain was found"})
