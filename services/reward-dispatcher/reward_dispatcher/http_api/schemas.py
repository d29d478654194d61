"""The resources of this API: strict on the way in, documented on the way out."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from reward_dispatcher.domain.account import STATUSES

ID = validate.Length(min=1, max=64)
CODES_AT_ONCE = 1000
_CODE = validate.Regexp(r"^\S{1,64}$", error="1 to 64 characters without blanks")


class RewardOut(Schema):
    """A reward and how far it has come."""

    id = fields.Str(metadata={"examples": ["rwd_0123456789abcdef"]})
    program = fields.Str()
    beneficiary = fields.Str(metadata={"description": "the platform's own id of a person"})
    rule = fields.Str(metadata={"description": "the program's rule that owes it"})
    kind = fields.Str()
    role = fields.Str(validate=validate.OneOf(["referrer", "referee"]))
    version = fields.Int(metadata={"description": "the program version whose rule it is"})
    trigger = fields.Str(metadata={"description": "a conversion id, or milestone:N"})
    status = fields.Str(validate=validate.OneOf(STATUSES))
    waits_for = fields.Str(
        allow_none=True, metadata={"description": "why it is held: holding_period, pool_empty or manual"}
    )
    code = fields.Str(allow_none=True)
    percent = fields.Int(allow_none=True)
    worth = fields.Str(allow_none=True)
    download = fields.Url(allow_none=True, metadata={"description": "of a guide: a link that works for 30 days"})
    granted_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime(metadata={"description": "when the holding period ends"})
    expires_at = fields.AwareDateTime(allow_none=True)
    fulfilled_at = fields.AwareDateTime(allow_none=True)
    redeemed_at = fields.AwareDateTime(allow_none=True)
    order_id = fields.Str(allow_none=True, metadata={"description": "the order it was used for"})
    revoked_for = fields.Str(allow_none=True, metadata={"description": "why it was taken back"})
    clawback = fields.Bool(metadata={"description": "used, and then its reason fell"})


class RewardsOut(Schema):
    """A page of rewards, newest grant first."""

    items = fields.List(fields.Nested(RewardOut))
    total = fields.Int()
    next_cursor = fields.Str(allow_none=True)


class RedemptionIn(Schema):
    """Which reward is to be used, by its code or its id, and for which order."""

    code = fields.Str(validate=_CODE)
    reward_id = fields.Str(validate=ID)
    order_id = fields.Str(required=True, validate=ID, metadata={"description": "the shop's own id of the order"})
    program = fields.Str(validate=ID, metadata={"description": "needed only where two programs have the same code"})

    @validates_schema
    def one_of_both(self, data: dict[str, object], **_: object) -> None:
        """Exactly one of code and reward_id."""
        if ("code" in data) == ("reward_id" in data):
            raise ValidationError("Send either code or reward_id.", "code")


class RedemptionOut(Schema):
    """A redemption that succeeded."""

    id = fields.Str(metadata={"examples": ["rdm_0123456789abcdef"]})
    reward_id = fields.Str()
    order_id = fields.Str()
    status = fields.Str(validate=validate.OneOf(["redeemed"]))
    redeemed_at = fields.AwareDateTime()


class CodeQuery(Schema):
    """Whose code is meant."""

    program = fields.Str(validate=ID, metadata={"description": "needed only where two programs have the same code"})


class CodeOut(Schema):
    """Whether a code could be used now; asking does not use it."""

    code = fields.Str()
    valid = fields.Bool()
    reason = fields.Str(
        allow_none=True, metadata={"description": "why not: already_redeemed, not_redeemable, revoked or expired"}
    )
    reward_id = fields.Str()
    program = fields.Str()
    kind = fields.Str()
    percent = fields.Int(allow_none=True)
    expires_at = fields.AwareDateTime(allow_none=True)
    order_id = fields.Str(allow_none=True)


class CodesIn(Schema):
    """Codes for a pool, given out in this order."""

    codes = fields.List(fields.Str(validate=_CODE), required=True, validate=validate.Length(1, CODES_AT_ONCE))


class CodesOut(Schema):
    """What became of the codes, and what the pool has now."""

    accepted = fields.Int(metadata={"description": "codes the pool did not have"})
    duplicates = fields.Int(
        metadata={"description": "codes sent twice, or already in the pool; letters' case does not count"}
    )
    total = fields.Int(metadata={"description": "codes the pool was ever given"})


class PoolFigures(Schema):
    """A pool's codes."""

    left = fields.Int(metadata={"description": "codes that can be given"})
    waiting = fields.Int(metadata={"description": "rewards that wait for a code"})


class SummaryOut(Schema):
    """A program's rewards in figures."""

    program = fields.Str()
    standing = fields.Int(metadata={"description": "granted and neither revoked nor expired"})
    redeemed = fields.Int(metadata={"description": "used, clawbacks among them"})
    by_status = fields.Dict(
        fields.Str(),
        fields.Int(),
        metadata={"description": "`clawback`: used, and then its reason fell; not in `redeemed`"},
    )
    by_rule = fields.Dict(fields.Str(), fields.Dict(fields.Str(), fields.Int()))
    pools = fields.Dict(fields.Str(), fields.Nested(PoolFigures))
