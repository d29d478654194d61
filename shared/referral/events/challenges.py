"""The section of a program about challenges: what followers are invited to post, for how long, and what it earns."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.line import Id, Name, Text
from referral.events.section import Localized, Section

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ChallengePrize = Literal["weekly", "final", "every_participant"]


class ChallengeResources(Section, frozen=True, kw_only=True):
    """What makes taking part easy: a guide's file, a prompt a day, and posts to look at."""

    guide: Name | None = None
    prompts: tuple[Localized, ...] = ()
    examples: tuple[Text, ...] = ()


class Challenge(Section, frozen=True, kw_only=True):
    """Posts under a hashtag, from a day on for so many days, in the program's time zone."""

    id: Id
    hashtag: Name
    starts: date
    days: Annotated[int, Meta(ge=1, le=366)]
    weekly_feature: Weekday | None = None
    resources: ChallengeResources = ChallengeResources()
    prizes: dict[ChallengePrize, Text] = field(default_factory=dict)
