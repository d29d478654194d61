"""What the sections of a program have in common.

A field's `Meta` is its one declaration: bounds, `description` (what belongs there), `examples`, and for sections a `title` and the
text of the docs. The schema of the program file, its error messages, /openapi.json and docs/programs.md are made from it by
`referral.validation.struct_schema`. Keys of `extra`:

- `must_be`: what a value must be, where a pattern or length does not read well in a message ("must be ...; got 'x'")
- `check`: a function that raises InvalidValue for what no bound or pattern expresses (`events.value_checks`)
- `years`: the years in which a time or date must be
- `left_out`: what happens if the field is left out, where the default does not show it
- `why`, `use`: for a section, why a growth team wants it, and what the system does with it
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from referral.events.currencies import currency_code
from referral.events.value_checks import legible

Period = Literal["day", "week", "month", "all"]
SLUG_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
SLUG_IN_WORDS = "1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"
Slug = Annotated[str, Meta(pattern=SLUG_PATTERN, extra={"must_be": SLUG_IN_WORDS})]
ShortText = Annotated[str, Meta(min_length=1, max_length=512)]
DisplayText = Annotated[str, Meta(min_length=1, max_length=512, extra={"check": legible})]
Language = Annotated[
    str,
    Meta(pattern=r"^[a-z]{2,3}(-[A-Z][A-Za-z]{1,3}){0,2}$", extra={"must_be": "a language such as zh-CN or en"}),
]
MAX_LANGUAGES = 30
IN_SOME_LANGUAGE = {
    "must_be": f"a text in 1 to {MAX_LANGUAGES} languages, such as {{zh-CN: 焕肤计划, en: Glow Together}}"
}
Localized = Annotated[dict[Language, DisplayText], Meta(min_length=1, max_length=MAX_LANGUAGES, extra=IN_SOME_LANGUAGE)]
CurrencyCode = Annotated[str, Meta(max_length=16, examples=["CNY"], extra={"check": currency_code})]
UNIQUE: dict[str, object] = {"uniqueItems": True}
YEARS = range(2000, 3000)
"""The years of times and dates in a program file: any sum of them with the longest of its durations is a valid date."""
MAX_COUNT_OF_PEOPLE = 1_000_000
"""The largest number of people or referrals in a rule."""


class Section(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A section of a program."""


def section(title: str, description: str, *, why: str, use: str) -> Meta:
    """The Meta of a field of the program that has a heading of its own in docs/programs.md."""
    return Meta(title=title, description=description, extra={"why": why, "use": use})


def with_defaults(value: object) -> object:
    """A program or a section of it for JSON, including the defaults of fields that were left out; None and {} are omitted."""
    if isinstance(value, Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        given = {name: getattr(value, attribute) for name, attribute in names}
        return {name: with_defaults(part) for name, part in given.items() if part not in (None, {})}
    return [with_defaults(part) for part in value] if isinstance(value, tuple) else value
