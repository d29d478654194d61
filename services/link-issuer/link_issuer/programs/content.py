"""The content section of a program file: what is shared, and what asks for it. It mirrors `referral.events.content`."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, get_args

from marshmallow import fields, validate, validates_schema

from link_issuer.programs.report import items, report, twice
from referral.events.content import Element, ExperimentMetric, Format, Mechanic, Placement
from referral.validation.fields import PlainDict, StrictSchema, choice, distinct, identifier, localized, text

MOST_CTAS = 20


class CallToActionSection(StrictSchema):
    """What asks a reader to pass it on."""

    id = identifier("a name of your own for this call to action")
    placement = choice(get_args(Placement), "where it stands")
    text = localized("the words, in one or more languages")


class ExperimentSection(StrictSchema):
    """A comparison of calls to action of one content item."""

    id = identifier("a name of your own for this experiment")
    variants = fields.List(
        identifier("the id of a call to action"),
        required=True,
        validate=[validate.Length(min=2, error="compares nothing: name two or more calls to action"), distinct],
        metadata={"description": "which of the item's calls to action are compared, two or more of their ids"},
    )
    metric = choice(get_args(ExperimentMetric), "by what they are compared", required=False)


class ContentSection(StrictSchema):
    """A piece of content that is made to be shared."""

    id = identifier("a name of your own for this content")
    format = choice(get_args(Format), "what kind of content it is")
    mechanics = fields.List(
        choice(get_args(Mechanic), "why people share it"),
        required=True,
        validate=[validate.Length(min=1), distinct],
        metadata={"description": f"why people share it: {', '.join(get_args(Mechanic))}"},
    )
    elements = PlainDict(
        keys=choice(get_args(Element), "an element"),
        values=text("how this piece has it, in a few words"),
        metadata={
            "description": f"how it has each of what makes a piece shareable, in a few words: {', '.join(get_args(Element))}"
        },
    )
    hook = localized("the first words people see", required=False)
    ctas = fields.List(
        fields.Nested(CallToActionSection),
        validate=validate.Length(max=MOST_CTAS),
        metadata={"description": f"what asks readers to pass it on, {MOST_CTAS} at most"},
    )
    experiment = fields.Nested(
        ExperimentSection, metadata={"description": "a comparison of this item's calls to action"}
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _fits_together(self, _: dict[str, Any], original: object, **__: object) -> None:
        report({"ctas": twice(original, "ctas", "id"), "experiment": _strangers(original)})


def _strangers(item: object) -> dict[str, dict[int, list[str]]]:
    """The variants of an item's experiment that are none of its calls to action."""
    known = {str(cta["id"]): None for _, cta in items(item, "ctas") if isinstance(cta.get("id"), str)}
    choices = " or ".join(islice(known, MOST_CTAS)) or "none, since there is none yet"
    experiment = item.get("experiment") if isinstance(item, Mapping) else None
    variants = experiment.get("variants") if isinstance(experiment, Mapping) else None
    wrong = {
        index: [f"is no call to action of this item: take {choices}"]
        for index, variant in enumerate(variants if isinstance(variants, list) else ())
        if isinstance(variant, str) and variant not in known
    }
    return {"variants": wrong} if wrong else {}
