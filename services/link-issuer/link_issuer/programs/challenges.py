"""The challenge section of a program file: what followers are invited to post. It mirrors `referral.events.challenges`."""

import re
from datetime import date, timedelta
from typing import Any, get_args

from marshmallow import ValidationError, fields, validates_schema

from link_issuer.programs.report import report
from referral.events.challenges import ChallengePrize, Weekday
from referral.validation.fields import PlainDict, StrictSchema, choice, identifier, integer, localized, shown, text

_HASHTAG = re.compile(r"#[^\s#]{1,64}\Z")


def _hashtag(text: str) -> None:
    """Refuses what platforms would not read as one hashtag."""
    shown(text)
    if not _HASHTAG.match(text):
        raise ValidationError("is no hashtag: write # and one word, in quotes, such as '#Glow30'")


class ResourcesSection(StrictSchema):
    """What makes taking part easy."""

    guide = text("the file of a guide, such as skincare-secrets.pdf", 128)
    prompts = fields.List(
        localized("what to post about that day"),
        metadata={"description": "what to post about, one a day from the first day on"},
    )
    examples = fields.List(text("a post to look at"), metadata={"description": "posts to look at, such as addresses"})


class ChallengeSection(StrictSchema):
    """Posts under a hashtag, for so many days."""

    id = identifier("a name of your own for this challenge")
    hashtag = fields.String(
        required=True, validate=_hashtag, metadata={"description": "what posts carry, such as '#Glow30'"}
    )
    starts = fields.Date(
        required=True,
        format="iso",
        metadata={"description": "the first day, in the program's zone, such as 2026-11-01"},
    )
    days = integer("how many days it goes on, 1 to 366", 1, 366, required=True)
    weekly_feature = choice(get_args(Weekday), "the day on which posts are featured", required=False)
    resources = fields.Nested(ResourcesSection, metadata={"description": "what makes taking part easy"})
    prizes = PlainDict(
        keys=choice(get_args(ChallengePrize), "a prize"),
        values=text("the prize's name"),
        metadata={"description": f"what there is to win, by name: {', '.join(get_args(ChallengePrize))}"},
    )

    @validates_schema(skip_on_field_errors=False)
    def _dates_fit(self, challenge: dict[str, Any], **_: object) -> None:
        days, starts = challenge.get("days"), challenge.get("starts")
        prompts = len(challenge.get("resources", {}).get("prompts", ()))
        if days and prompts > days:
            report(
                {"resources": {"prompts": [f"are {prompts} for {days} days: one a day is read, so leave out the rest"]}}
            )
        if days and starts and date.max - starts < timedelta(days):
            report({"days": ["end after the year 9999"]})
