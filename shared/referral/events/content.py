"""The content section of a program: what is shared, and the calls to action in it."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.section import UNIQUE, Localized, Section, ShortText, Slug

Mechanic = Literal["share_trigger", "social_currency", "practical_value", "emotional_connection", "ease_of_sharing"]
Element = Literal["emotional_trigger", "practical_value", "easy_share", "social_currency"]
Placement = Literal["caption", "first_slide", "last_slide", "comment", "voice_over"]
Format = Literal["tag_a_friend", "results", "helpful", "relatable", "conversation"]
ExperimentMetric = Literal["follows_per_impression", "shares_per_impression"]
MAX_CTAS = 20
MAX_CONTENT_ITEMS = 200


class CallToAction(Section, frozen=True, kw_only=True):
    """A call to action: a request to share, and where in the content item it is."""

    id: Annotated[Slug, Meta(description="your own name for this call to action", examples=["tag"])]
    placement: Annotated[Placement, Meta(description="where in the item it is")]
    text: Annotated[Localized, Meta(description="its text, in one or more languages")]


class Experiment(Section, frozen=True, kw_only=True):
    """A comparison of a content item's calls to action: which of them, and by which metric."""

    id: Annotated[Slug, Meta(description="your own name for this experiment", examples=["exp_cta1"])]
    variants: Annotated[
        tuple[Slug, ...],
        Meta(
            min_length=2,
            max_length=MAX_CTAS,
            description="which of the item's calls to action are compared, two or more of their ids",
            examples=[["tag", "save"]],
            extra_json_schema=UNIQUE,
            extra={"must_be": f"a list of 2 to {MAX_CTAS} ids of the item's calls to action"},
        ),
    ]
    metric: Annotated[ExperimentMetric, Meta(description="by which metric they are compared")] = (
        "follows_per_impression"
    )


class ContentItem(Section, frozen=True, kw_only=True):
    """A piece of content made to be shared. `elements` describes how it has each of the four that make one shareable."""

    id: Annotated[Slug, Meta(description="your own name for this item", examples=["dry-skin-hacks"])]
    format: Annotated[Format, Meta(description="what kind of content it is")]
    mechanics: Annotated[
        tuple[Mechanic, ...], Meta(min_length=1, description="why people share it", extra_json_schema=UNIQUE)
    ]
    elements: Annotated[
        dict[Element, ShortText],
        Meta(description="how the item has each of the four elements of shareable content, in a few words"),
    ] = field(default_factory=dict)
    hook: Annotated[Localized, Meta(description="the first words people see")] = field(default_factory=dict)
    ctas: Annotated[tuple[CallToAction, ...], Meta(max_length=MAX_CTAS, description="requests to share")] = ()
    experiment: Annotated[Experiment | None, Meta(description="a comparison of this item's calls to action")] = None
