"""The resources of this API, documented on the way out. Facts on the way in are msgspec's: `referral.events.facts`."""

from typing import get_args

from marshmallow import Schema, fields, validate

from conversion_tracker.attribution.considered_touches import OUTCOME_TEXTS
from referral.events.attributions import ReferrerKind
from referral.events.program import PartnerKind

_KINDS = validate.OneOf(["code", "click", "scan", "mention", "tag"])


class PartnerOut(Schema):
    """A partner, as in the newest rules that name them."""

    id = fields.Str(metadata={"examples": ["kol_lin"]})
    kind = fields.Str(allow_none=True, validate=validate.OneOf(get_args(PartnerKind)))
    channel = fields.Str(allow_none=True)
    name = fields.Dict(fields.Str(), fields.Str(), metadata={"description": "by language"})


class ReferrerOut(Schema):
    """A participant who is a referrer."""

    id = fields.Str(metadata={"examples": ["par_0t04dnkrn229c38f"]})
    external_id = fields.Str(allow_none=True)
    display_name = fields.Str(allow_none=True)
    kind = fields.Str(validate=validate.OneOf(get_args(ReferrerKind)))
    partner = fields.Nested(PartnerOut, allow_none=True)


class CreditOut(Schema):
    """How much of the credit a touch has under each model, from 0 to 1; only `models.pays` pays."""

    first_touch = fields.Float(metadata={"examples": [0]})
    last_touch = fields.Float(metadata={"examples": [1]})
    linear = fields.Float(metadata={"description": "equal parts for all that count", "examples": [0.25]})
    position_based = fields.Float(
        metadata={"description": "0.4 for the first, 0.4 for the last, the rest for those between", "examples": [0.4]}
    )


class PartOut(Schema):
    """How much of the credit a referrer has."""

    referrer = fields.Nested(ReferrerOut)
    share = fields.Float(metadata={"description": "from 0 to 1"})


class TouchOut(Schema):
    """Evidence of a possible referrer, and its outcome."""

    kind = fields.Str(validate=_KINDS)
    touched_at = fields.AwareDateTime()
    event = fields.Str(metadata={"description": "the fact it was in; for a click, the click's"})
    code = fields.Str(allow_none=True)
    channel = fields.Str(allow_none=True)
    content = fields.Str(allow_none=True)
    cta = fields.Str(allow_none=True)
    partner = fields.Str(
        allow_none=True,
        metadata={"description": "the referrer's partner id, or the partner for whom the link was created"},
    )
    campaign = fields.Str(allow_none=True, metadata={"description": "the link's"})
    referrer = fields.Nested(ReferrerOut, allow_none=True)
    won = fields.Bool()
    why = fields.Str(validate=validate.OneOf(list(OUTCOME_TEXTS)), metadata={"description": "stable, for programs"})
    detail = fields.Str(metadata={"description": "the same for people"})
    credit = fields.Nested(CreditOut)


class ModelsOut(Schema):
    """Who each model credits; only `pays` pays. The last two weigh every touch that counts, whatever its kind."""

    first_touch = fields.Nested(ReferrerOut, allow_none=True)
    last_touch = fields.Nested(ReferrerOut, allow_none=True)
    linear = fields.List(fields.Nested(PartOut))
    position_based = fields.List(fields.Nested(PartOut))
    pays = fields.Str(allow_none=True)


class NetworkOut(Schema):
    """People whom the person referred (first), whom those referred (second), and so on. Measured, never paid."""

    first = fields.Int(metadata={"examples": [12]})
    second = fields.Int(metadata={"examples": [31]})
    third = fields.Int(metadata={"examples": [9]})
    truncated = fields.Bool(
        metadata={
            "description": "more than 5,000 people in the first two degrees; the referees of those beyond were not counted",
            "examples": [False],
        }
    )


class PersonOut(Schema):
    """A person in a program."""

    program = fields.Str()
    external_id = fields.Str()
    status = fields.Str(validate=validate.OneOf(["none", "follower", "unfollowed"]))
    followed_at = fields.AwareDateTime(allow_none=True, metadata={"description": "since when they follow now"})
    first_followed_at = fields.AwareDateTime(allow_none=True)
    version = fields.Int(allow_none=True, metadata={"description": "the program version they are judged under"})
    referral = fields.Str(allow_none=True, metadata={"description": "the valid referral"})
    referrer = fields.Nested(ReferrerOut, allow_none=True)
    reason = fields.Str(allow_none=True, metadata={"description": "why the follower is unattributed"})
    qualified_at = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "when the referral did what the program pays for: followed, ordered or stayed"},
    )
    models = fields.Nested(ModelsOut)
    touches = fields.List(fields.Nested(TouchOut), metadata={"description": "oldest first"})
    late = fields.Int(metadata={"description": "facts that came beyond the lateness bound and changed nothing"})
    network = fields.Nested(NetworkOut)
    brought_by = fields.List(
        fields.Nested(ReferrerOut),
        metadata={"description": "who is above the person to the third degree, nearest first"},
    )
