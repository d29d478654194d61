"""The content section of a program file: what is shared, and what asks for it. It mirrors `referral.events.program`."""

from typing import Any, get_args

from marshmallow import fields, validate, validates_schema

from link_issuer.programs.fields import Strict, choice, distinct, identifier, localized
from link_issuer.programs.report import report, twice
from referral.events.program import Mechanic


class CallToActionSection(Strict):
    """What asks a reader to pass it on."""

    id = identifier("a name of your own for this call to action")
    placement = choice(("caption", "first_slide", "last_slide", "comment", "voice_over"), "where it stands")
    text = localized("the words, in one or more languages")


class ContentSection(Strict):
    """A piece of content that is made to be shared."""

    id = identifier("a name of your own for this content")
    format = choice(("tag_a_friend", "results", "helpful", "relatable", "conversation"), "what kind of content it is")
    mechanics = fields.List(
        choice(get_args(Mechanic), "why people share it"),
        required=True,
        validate=[validate.Length(min=1), distinct],
        metadata={"description": f"why people share it: {', '.join(get_args(Mechanic))}"},
    )
    hook = localized("the first words people see", required=False)
    ctas = fields.List(fields.Nested(CallToActionSection), metadata={"description": "what asks readers to pass it on"})

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _ids_differ(self, _: dict[str, Any], original: object, **__: object) -> None:
        report({"ctas": twice(original, "ctas", "id")})
