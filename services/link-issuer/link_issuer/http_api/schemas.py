"""The shapes of answers, for OpenAPI and for the views that answer through them."""

from typing import get_args

from marshmallow import Schema, fields

from link_issuer.domain.link_spec import Hindrance
from link_issuer.programs.schema import ProgramFile
from referral.events.facts import Channel


class WarningAnswer(Schema):
    """What could be better about a program."""

    code = fields.String(
        required=True, metadata={"description": "the mistake's stable name", "example": "one_sided_reward"}
    )
    pointer = fields.String(required=True, metadata={"example": "/rewards"})
    detail = fields.String(required=True)


class ProgramAnswer(Schema):
    """A version of a program."""

    program = fields.Nested(ProgramFile, required=True)
    version = fields.Integer(required=True, metadata={"example": 1})
    effective_from = fields.AwareDateTime(
        required=True, metadata={"description": "from when on events are judged by it"}
    )
    recorded_at = fields.AwareDateTime(required=True)
    warnings = fields.List(fields.Nested(WarningAnswer), metadata={"description": "only when applied"})
    is_new = fields.Boolean(
        metadata={"description": "only when applied: whether the rules differ from the version before"}
    )
    dry_run = fields.Boolean(metadata={"description": "only when applied"})


class ProgramVersionsAnswer(Schema):
    """All versions of a program."""

    items = fields.List(fields.Nested(ProgramAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ProgramListed(Schema):
    """A program in a list: what it is called, and the newest version of its rules."""

    id = fields.String(required=True, metadata={"example": "prg_glow"})
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    version = fields.Integer(required=True, metadata={"example": 1})
    effective_from = fields.AwareDateTime(required=True)


class ProgramsAnswer(Schema):
    """A page of programs, by id."""

    items = fields.List(fields.Nested(ProgramListed), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ParticipantAnswer(Schema):
    """Somebody who takes part, with what they refer others by."""

    id = fields.String(required=True, metadata={"example": "par_3v8k2m9q4t6w1x7z"})
    external_id = fields.String(required=True, metadata={"example": "xhs:u42"})
    display_name = fields.String(required=True, metadata={"example": "Amy"})
    code = fields.String(required=True, metadata={"example": "AMY88"})
    link = fields.String(required=True, metadata={"example": "https://go.example.com/AMY88"})
    mention = fields.String(required=True, allow_none=True, metadata={"example": "@amy"})
    partner = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "which of the program's partners they are; null for a follower", "example": None},
    )


class ParticipantsAnswer(Schema):
    """Participants in the order they were asked for."""

    participants = fields.List(fields.Nested(ParticipantAnswer), required=True)


class LinkAnswer(Schema):
    """A code and where it leads."""

    id = fields.String(
        required=True, metadata={"description": "lnk_…, or par_… where the code is the participant's own"}
    )
    code = fields.String(required=True)
    link = fields.String(required=True)
    program = fields.String(required=True)
    participant = fields.String(required=True)
    channel = fields.String(required=True, allow_none=True, metadata={"description": ", ".join(get_args(Channel))})
    content = fields.String(required=True, allow_none=True)
    cta = fields.String(required=True, allow_none=True)
    starts_at = fields.AwareDateTime(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    max_uses = fields.Integer(
        required=True, allow_none=True, metadata={"description": "how often people may open it; null without a bound"}
    )
    uses = fields.Integer(
        required=True, allow_none=True, metadata={"description": "how often people have; null without a bound"}
    )
    partner = fields.String(required=True, allow_none=True)
    campaign = fields.String(required=True, allow_none=True)
    standing = fields.String(required=True, metadata={"description": ", ".join(("open", *get_args(Hindrance)))})
    qr_svg = fields.String(required=True, metadata={"description": "the address of its QR code as SVG"})
    qr_png = fields.String(required=True, metadata={"description": "the address of its QR code as PNG"})
