"""The resources of this API: strict on the way in, documented on the way out."""

from typing import get_args

from marshmallow import Schema, fields, validate

from referral.events.attributions import ReferrerKind
from referral.http.paging import PageQuery

_PERIOD = (
    "`day`, `week`, `month` or `all` for the current one by the program's clock, or one by name: 2026-11-24, "
    "2026-W48 (ISO week), 2026-11."
)


class PeriodIn(Schema):
    """Which period is meant."""

    period = fields.Str(
        load_default="all", validate=validate.Length(1, 16), metadata={"description": _PERIOD, "example": "month"}
    )


_KIND = "`follower` or `partner`: partners stand on a board of their own, and followers compete among themselves."


class BoardIn(PeriodIn, PageQuery):
    """Which part of a board is wanted."""

    kind = fields.Str(
        load_default="follower", validate=validate.OneOf(get_args(ReferrerKind)), metadata={"description": _KIND}
    )


class AroundIn(PeriodIn):
    """How much of the board around a person is wanted."""

    around = fields.Int(
        load_default=5, validate=validate.Range(0, 50), metadata={"description": "Places on each side."}
    )


class EntryOut(Schema):
    """A place on a board."""

    rank = fields.Int(metadata={"example": 1})
    participant = fields.Str(metadata={"example": "par_0123456789abcdef"})
    external_id = fields.Str(
        allow_none=True, metadata={"description": "The platform's own id; null while the catalog has not told us."}
    )
    display_name = fields.Str(metadata={"description": "The name to show; the participant's id where none is known."})
    score = fields.Int(metadata={"description": "Referrals of the period that count now."})
    reached_at = fields.AwareDateTime(
        metadata={"description": "When the last of these happened, to the second. Of equal scores the earlier leads."}
    )


class SpanOut(Schema):
    """A period, by name and by its borders."""

    program = fields.Str()
    period = fields.Str(metadata={"description": "Its name.", "example": "2026-11"})
    starts_at = fields.AwareDateTime(allow_none=True, metadata={"description": "Null for all time."})
    ends_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "The first moment that is no longer in it; null for all time."}
    )


class BoardOut(SpanOut):
    """Part of a board: more referrals first, then who got there first, then by id."""

    metric = fields.Str(metadata={"example": "referrals"})
    kind = fields.Str(metadata={"description": _KIND})
    entries = fields.List(fields.Nested(EntryOut))
    total = fields.Int(metadata={"description": "How many stand on the whole board."})
    next_cursor = fields.Str(allow_none=True)


class StandingOut(SpanOut):
    """A person's place on a board, and who stands around it."""

    metric = fields.Str(metadata={"example": "referrals"})
    kind = fields.Str(metadata={"description": "Among whom they are ranked: what they take part as."})
    participant = fields.Str()
    external_id = fields.Str(allow_none=True)
    display_name = fields.Str()
    rank = fields.Int(allow_none=True, metadata={"description": "Null while nothing of theirs counts in the period."})
    score = fields.Int()
    reached_at = fields.AwareDateTime(allow_none=True)
    entries = fields.List(fields.Nested(EntryOut), metadata={"description": "The person amid the neighbours."})
    total = fields.Int(metadata={"description": "How many stand on the whole board."})


class InsightsOut(SpanOut):
    """What happened in a period, as it stands now: what was taken back is not in it, and each fact is in it once."""

    followers = fields.Int(metadata={"description": "Who follows now, of those who began in the period."})
    referred = fields.Int(metadata={"description": "Those of them whom somebody brought."})
    discovered = fields.Int(metadata={"description": "Those whom nobody brought."})
    referral_share = fields.Float(metadata={"description": "referred of followers, 0 to 1; 0 where nobody follows."})
    qualified = fields.Int(metadata={"description": "Referred, and did what the program pays for."})
    by_channel = fields.Dict(
        fields.Str(), fields.Int(), metadata={"description": "referred by the channel that brought them, if any."}
    )
    posts = fields.Int(metadata={"description": "Posts published in the period that are still there."})
    shares = fields.Int(metadata={"description": "Content shared."})
    shown = fields.Int(metadata={"description": "Content shown."})
    clicks = fields.Int(metadata={"description": "Referral links opened by people."})
