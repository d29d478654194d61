"""The share-kit section of a program file: the words a participant shares with, by channel and language.

It mirrors `kits` of `referral.events.program.Program`.
"""

from typing import get_args

from marshmallow import ValidationError, fields, validate

from referral.events.caption_template import blanks
from referral.events.content import Blank
from referral.events.facts import Channel
from referral.validation.fields import PlainDict, choice, language, shown

_LONGEST = 512
_BLANKS = ", ".join(f"{{{blank}}}" for blank in get_args(Blank))


def fillable(text: str) -> None:
    """Refuses a text whose blanks nobody can fill in, or that a page cannot show."""
    shown(text.replace("\n", " "))
    try:
        unknown = [blank for blank in blanks(text) if blank not in get_args(Blank)]
    except ValueError as error:
        raise ValidationError(f"{error}: write blanks as {_BLANKS}") from error
    if unknown:
        raise ValidationError(f"has the blank {{{unknown[0]}}}, which nobody can fill in: take one of {_BLANKS}")


KITS = PlainDict(
    keys=choice(get_args(Channel), "a channel"),
    values=PlainDict(
        keys=language(),
        values=fields.String(validate=[validate.Length(1, _LONGEST), fillable]),
        validate=validate.Length(min=1, error="needs at least one language: write zh-CN or en"),
    ),
    metadata={"description": f"what participants share, by channel and language; filled in for each: {_BLANKS}"},
)
