"""The sections of a program file that set limits: caps and code rules. They mirror `referral.events.program`."""

import re
from collections.abc import Sequence
from typing import get_args

from marshmallow import fields, validate

from referral.events.section import Period
from referral.validation.fields import PlainDict, StrictSchema, choice, distinct, integer


class BudgetSection(StrictSchema):
    """What all rewards together may cost."""

    total = integer("the most that all rewards may cost, in the currency's main unit, 1 or more", 1, required=True)
    currency = fields.String(
        required=True,
        validate=validate.Regexp(
            re.compile(r"[A-Z]{3}\Z"), error="is no currency: write its ISO 4217 code, such as CNY"
        ),
        metadata={"description": "the currency's ISO 4217 code, such as CNY"},
    )


class CapsSection(StrictSchema):
    """The most that is given."""

    per_referrer = PlainDict(
        keys=choice(get_args(Period), "a period"),
        values=integer("how many referrals are rewarded, 1 or more", 1),
        metadata={"description": "how many referrals of one referrer are rewarded in a period, such as {month: 200}"},
    )
    budget = fields.Nested(BudgetSection, metadata={"description": "what all rewards together may cost"})


def _differ(words: Sequence[str]) -> None:
    """Refuses a word that stands twice, in whatever case: codes have none."""
    distinct([word.casefold() for word in words])


class CodesSection(StrictSchema):
    """Which referral codes there may be."""

    vanity = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "whether participants may choose a code of their own"}
    )
    blocklist = fields.List(
        fields.String(
            validate=validate.Regexp(
                re.compile(r"[A-Za-z0-9_-]{2,32}\Z"), error="can stand in no code: take 2 to 32 of A-Z, 0-9, - and _"
            )
        ),
        validate=_differ,
        metadata={"description": "what no code may contain, in upper or lower case"},
    )
