"""The sections of a program about what is shared: content, what asks for it, and the words of the share kits."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.line import Id, Text
from referral.events.section import Localized, Section

Mechanic = Literal["share_trigger", "social_currency", "practical_value", "emotional_connection", "ease_of_sharing"]
Element = Literal["emotional_trigger", "practical_value", "easy_share", "social_currency"]
Placement = Literal["caption", "first_slide", "last_slide", "comment", "voice_over"]
Format = Literal["tag_a_friend", "results", "helpful", "relatable", "conversation"]
ExperimentMetric = Literal["follows_per_impression", "shares_per_impression"]
Blank = Literal["name", "code", "link", "mention", "hook", "cta"]
"""What a kit's text may leave blank, as {name}: filled in for the participant, the content and its call to action."""


class CallToAction(Section, frozen=True, kw_only=True):
    """What asks a reader to pass it on, and where it stands."""

    id: Id
    placement: Placement
    text: Localized


class Experiment(Section, frozen=True, kw_only=True):
    """A comparison of a content item's calls to action: which of them, and by what they are judged."""

    id: Id
    variants: Annotated[tuple[Id, ...], Meta(min_length=2)]
    metric: ExperimentMetric = "follows_per_impression"


class ContentItem(Section, frozen=True, kw_only=True):
    """A piece of content that is made to be shared. `elements` says how it has each of the four that make one shareable."""

    id: Id
    format: Format
    mechanics: tuple[Mechanic, ...]
    elements: dict[Element, Text] = field(default_factory=dict)
    hook: Localized = field(default_factory=dict)
    ctas: tuple[CallToAction, ...] = ()
    experiment: Experiment | None = None
