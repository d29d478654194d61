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
MAX_WEIGHT = 1000
MIN_PEOPLE = 150
MAX_CONTENT_ITEMS = 200


class CallToAction(Section, frozen=True, kw_only=True):
    """A call to action: a request to share, and where in the content item it is."""

    id: Annotated[Slug, Meta(description="your own name for this call to action", examples=["tag"])]
    placement: Annotated[Placement, Meta(description="where in the item it is")]
    text: Annotated[Localized, Meta(description="its text, in one or more languages")]


class Experiment(Section, frozen=True, kw_only=True):
    """A comparison of a content item's calls to action: which of them, by which metric, and when it ends by itself."""

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
    weights: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=MAX_WEIGHT)], ...],
        Meta(
            max_length=MAX_CTAS,
            description="the share of people who get each variant, in the order of `variants`",
            examples=[[1, 1]],
            extra={"left_out": "equal shares"},
        ),
    ] = ()
    window_days: Annotated[
        int,
        Meta(ge=1, le=60, description="days from a person's first impression in which their shares and friends count"),
    ] = 7
    automatic_end: Annotated[
        bool, Meta(description="whether the experiment is decided as soon as one variant is certain to be better")
    ] = True
    min_people: Annotated[
        int, Meta(ge=MIN_PEOPLE, le=1_000_000, description="people a variant needs before it is decided")
    ] = MIN_PEOPLE
    min_days: Annotated[
        int, Meta(ge=7, le=365, description="days from the first impression on before it is decided")
    ] = 7


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


def experiment_of(content: tuple[ContentItem, ...], item: str) -> Experiment | None:
    """The experiment of the content item with an id; None for an unknown item, and for one without an experiment."""
    return next((one.experiment for one in content if one.id == item), None)


def weights_of(experiment: Experiment) -> tuple[int, ...]:
    """The weight of each variant, in the order of `variants`."""
    return experiment.weights or (1,) * len(experiment.variants)
