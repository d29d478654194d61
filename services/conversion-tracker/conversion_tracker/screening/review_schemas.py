"""Reviews and bans on the way in and out."""

from marshmallow import Schema, ValidationError, fields, validate

from conversion_tracker.attribution.person_schemas import ReferrerOut
from conversion_tracker.screening.catalogue import REASON_TEXTS
from conversion_tracker.screening.conversion import CONVERSION_STATUSES
from referral.http.paging import PageQuery

_LONGEST_PERSON, _LONGEST_BY, _LONGEST_NOTE = 128, 128, 512


def _writable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValidationError("This holds half a character (a lone surrogate): write whole ones.") from None


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("This is blank: write who or what it is.")


_BY = {"description": "who decided: a name or an address that others know", "examples": ["lin@glow.example"]}
_NOTE = {"description": "why, for whoever looks at it later", "examples": ["they are sisters, I asked"]}


class DecisionIn(Schema):
    """Who decides, and why."""

    by = fields.Str(required=True, validate=[validate.Length(1, _LONGEST_BY), _not_blank, _writable], metadata=_BY)
    note = fields.Str(load_default="", validate=[validate.Length(max=_LONGEST_NOTE), _writable], metadata=_NOTE)


class BanIn(DecisionIn):
    """Who is to be banned."""

    person = fields.Str(
        required=True,
        validate=[validate.Length(1, _LONGEST_PERSON), _not_blank, _writable],
        metadata={"description": "the platform's own id of a person, enrolled or not", "examples": ["xhs:amy"]},
    )


class ConversionsIn(PageQuery):
    """Which conversions are wanted."""

    status = fields.Str(
        load_default="held",
        validate=validate.OneOf(CONVERSION_STATUSES),
        metadata={"description": "`held` waits for somebody to decide; `reversed` has fallen"},
    )


class ReasonOut(Schema):
    """Why a conversion does not simply count."""

    reason = fields.Str(validate=validate.OneOf(list(REASON_TEXTS)), metadata={"description": "stable, for programs"})
    description = fields.Str(metadata={"description": "the same for people"})
    outcome = fields.Str(validate=validate.OneOf(["held", "rejected"]))
    observed = fields.Dict(fields.Str(), fields.Float(), metadata={"description": "the numbers that the rule saw"})


class ReviewOut(Schema):
    """What somebody decided."""

    decision = fields.Str(validate=validate.OneOf(["cleared", "rejected"]))
    by = fields.Str()
    note = fields.Str()
    reviewed_at = fields.AwareDateTime()


class EvidenceOut(Schema):
    """The touch that won."""

    kind = fields.Str()
    touched_at = fields.AwareDateTime()
    event = fields.Str()
    code = fields.Str(allow_none=True)
    channel = fields.Str(allow_none=True)
    content = fields.Str(allow_none=True)
    cta = fields.Str(allow_none=True)
    partner = fields.Str(allow_none=True)
    campaign = fields.Str(allow_none=True)


class ConversionOut(Schema):
    """A referral after screening."""

    id = fields.Str(metadata={"examples": ["cnv_0123456789abcdef"]})
    program = fields.Str()
    status = fields.Str(validate=validate.OneOf(CONVERSION_STATUSES))
    referral = fields.Str()
    person = fields.Str(metadata={"description": "who was brought"})
    referrer = fields.Nested(ReferrerOut)
    since = fields.AwareDateTime(metadata={"description": "since when the person has followed"})
    qualified_at = fields.AwareDateTime(metadata={"description": "when they did what the program pays for"})
    version = fields.Int(metadata={"description": "the program version it is judged under"})
    reasons = fields.List(fields.Nested(ReasonOut))
    evidence = fields.Nested(EvidenceOut)
    review = fields.Nested(ReviewOut, allow_none=True)


class ConversionsOut(Schema):
    """A page of conversions, the first that qualified first."""

    items = fields.List(fields.Nested(ConversionOut))
    next_cursor = fields.Str(allow_none=True)


class BanOut(Schema):
    """Somebody who is banned, by whom, when and why."""

    person = fields.Str()
    by = fields.Str()
    note = fields.Str()
    at = fields.AwareDateTime()


class BansOut(Schema):
    """A page of bans, the oldest first."""

    items = fields.List(fields.Nested(BanOut))
    next_cursor = fields.Str(allow_none=True)
