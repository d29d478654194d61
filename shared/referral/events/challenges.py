"""The challenge section of a program: what followers are invited to post, for how long, and what it earns."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.board_rules import Prize
from referral.events.line import Name
from referral.events.section import YEARS, Localized, Section, ShortText, Slug
from referral.events.value_checks import legible

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ChallengePrize = Literal["weekly", "final", "every_participant"]
MAX_DAYS = 366
MAX_EXAMPLES = 100
MAX_CHALLENGES = 100
"""Each challenge is compared with each other one, so their number is bounded."""


class ChallengeResources(Section, frozen=True, kw_only=True):
    """What makes it easy to take part: a guide, a prompt per day, and example posts."""

    guide: Annotated[Name | None, Meta(description="file name of a guide", examples=["skincare-secrets.pdf"])] = None
    prompts: Annotated[
        tuple[Localized, ...],
        Meta(max_length=MAX_DAYS, description="what to post about, one per day from the first day on"),
    ] = ()
    examples: Annotated[
        tuple[ShortText, ...], Meta(max_length=MAX_EXAMPLES, description="example posts, such as URLs")
    ] = ()


class Challenge(Section, frozen=True, kw_only=True):
    """Posts under a hashtag for a number of days, in the program's time zone."""

    id: Annotated[Slug, Meta(description="your own name for this challenge", examples=["glow30"])]
    hashtag: Annotated[
        str,
        Meta(
            pattern=r"^#[^\s#]{1,64}$",
            description="the hashtag of the posts, in quotes",
            examples=["#Glow30"],
            extra={"must_be": "# and one word, in quotes, such as '#Glow30'", "check": legible},
        ),
    ]
    starts: Annotated[
        date,
        Meta(description="the first day, in the program's time zone", examples=["2026-11-01"], extra={"years": YEARS}),
    ]
    days: Annotated[int, Meta(ge=1, le=MAX_DAYS, description="how many days it lasts")]
    vote_from: Annotated[
        date | None,
        Meta(
            description="the day from which followers can vote for submissions, until the last day",
            examples=["2026-11-24"],
            extra={"years": YEARS, "left_out": "no votes"},
        ),
    ] = None
    weekly_feature: Annotated[Weekday | None, Meta(description="the day on which posts are featured")] = None
    resources: Annotated[ChallengeResources, Meta(description="what makes it easy to take part")] = ChallengeResources()
    prizes: Annotated[
        dict[ChallengePrize, Prize],
        Meta(
            description="what can be won, each a text, a text in each language, or the id of a reward",
            examples=[{"final": "a day with the creator"}],
        ),
    ] = field(default_factory=dict)
