"""The program file as a whole, as marshmallow checks it."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from marshmallow import fields, validate, validates_schema

from link_issuer.programs.adapters import AdapterSection, WechatSection
from link_issuer.programs.boards import BoardSection
from link_issuer.programs.challenges import ChallengeSection
from link_issuer.programs.content import ContentSection
from link_issuer.programs.kits import KITS
from link_issuer.programs.limits import CapsSection, CodesSection
from link_issuer.programs.partners import PartnerSection
from link_issuer.programs.qualifying import currency, money, qualifying_mistakes
from link_issuer.programs.references import MOST_CHALLENGES, across
from link_issuer.programs.report import report, twice
from link_issuer.programs.rewards import RewardSection
from link_issuer.programs.screening import ScreeningSection
from referral.events import program as contract
from referral.events.attributions import EvidenceKind
from referral.events.facts import Channel
from referral.validation.fields import (
    StrictSchema,
    choice,
    distinct,
    integer,
    localized,
    target,
    time_zone,
    utc_datetime,
)

# The id becomes part of keys in which | and : divide, and of addresses.
_PROGRAM_ID = re.compile(r"prg_[a-z0-9_]{1,60}\Z")


class AttributionSection(StrictSchema):
    """Who gets the credit."""

    window_days = integer("days within which a touch counts, 1 to 365", 1, 365)
    model = choice(get_args(contract.AttributionModel), "which touch of a kind is paid", required=False)
    evidence = fields.List(
        choice(get_args(EvidenceKind), "a kind of evidence"),
        validate=[validate.Length(min=1), distinct],
        metadata={"description": "which evidence counts, the strongest first"},
    )
    qualifies_on = choice(get_args(contract.QualifyingEvent), "what makes a referral pay", required=False)
    min_amount = money()
    currency = currency()
    retained_days = integer("days that a new follower must stay, 1 to 365", 1, 365)
    refollow = choice(("restore", "never"), "what a second follow does", required=False)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _fits_together(self, section: dict[str, Any], original: object, **_: object) -> None:
        """A field that is wrong by itself is not called missing or misplaced as well."""
        wrong = set(original) - set(section) if isinstance(original, Mapping) else set()
        mistakes = () if "qualifies_on" in wrong else qualifying_mistakes(section)
        report({name: [detail] for name, detail in mistakes if name not in wrong})


class ProgramFile(StrictSchema):
    """Everything a growth team decides."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(_PROGRAM_ID, error="is no program id: write prg_ and up to 60 of a-z, 0-9 and _"),
        metadata={"description": "prg_ and a name of your own, such as prg_glow"},
    )
    name = localized("the program's name, in one or more languages")
    timezone = fields.String(
        required=True,
        validate=time_zone,
        metadata={"description": "where days and months begin, such as Asia/Shanghai"},
    )
    target_url = fields.String(
        required=True,
        validate=[validate.Length(max=512), target],
        metadata={"description": "where links lead, such as https://example.com/follow"},
    )
    fallback_url = fields.String(
        validate=[validate.Length(max=512), target],
        metadata={"description": "where people may go on from a link that leads nowhere; left out: they read why"},
    )
    channels = fields.List(
        choice(get_args(Channel), "a channel"),
        required=True,
        validate=[validate.Length(min=1, error="is empty: name at least one channel"), distinct],
        metadata={"description": f"where the program runs: {', '.join(get_args(Channel))}"},
    )
    effective_from = utc_datetime(
        "when this version takes effect, such as 2026-12-01T00:00:00+08:00; left out: at once (a change after five seconds)"
    )
    ends_at = utc_datetime("when the program closes, such as 2026-12-31T23:59:59+08:00; left out: never")
    attribution = fields.Nested(AttributionSection, metadata={"description": "who gets the credit"})
    screening = fields.Nested(ScreeningSection, metadata={"description": "what is done about each suspicion"})
    rewards = fields.List(fields.Nested(RewardSection), metadata={"description": "who gets what, and when"})
    holding_days = integer("days a reward waits before it can be used, 0 to 365", 0, 365)
    caps = fields.Nested(CapsSection, metadata={"description": "the most that is given"})
    boards = fields.List(fields.Nested(BoardSection), metadata={"description": "the rankings"})
    content = fields.List(
        fields.Nested(ContentSection), metadata={"description": "what is shared, and what asks for it"}
    )
    adapters = fields.List(
        fields.Nested(AdapterSection), metadata={"description": "other platforms' webhooks, and how they become events"}
    )
    wechat = fields.Nested(WechatSection, metadata={"description": "the WeChat official account that reports"})
    kits = KITS
    codes = fields.Nested(CodesSection, metadata={"description": "which referral codes there may be"})
    challenges = fields.List(
        fields.Nested(ChallengeSection),
        validate=validate.Length(max=MOST_CHALLENGES),
        metadata={"description": f"what followers are invited to post, {MOST_CHALLENGES} at most"},
    )
    partners = fields.List(
        fields.Nested(PartnerSection), metadata={"description": "who promotes the program beside its participants"}
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _ids_differ(self, _: dict[str, Any], original: object, **__: object) -> None:
        named = (
            ("rewards", "id"),
            ("boards", "metric"),
            ("content", "id"),
            ("challenges", "id"),
            ("partners", "id"),
            ("adapters", "id"),
        )
        report({name: twice(original, name, key) for name, key in named})

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _sections_fit_together(self, program: dict[str, Any], original: object, **_: object) -> None:
        report(across(program, original))
