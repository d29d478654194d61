"""Marshmallow fields with messages that include what to write instead; /openapi.json shows their bounds and descriptions.

A message continues the place of the value: "/holding_days must be a whole number from 0 to 365; got '7'".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from referral.events.ids import is_person_id
from referral.events.normal_forms import MAX_PERSON_ID, normalize_person_id
from referral.events.section import SLUG_IN_WORDS, SLUG_PATTERN
from referral.events.value_checks import InvalidValue, distinct

_ECHO = 64
_MAX_DECIMALS = 6


class Text(fields.String):
    """A string; the message for any other type includes the value."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class BoundedList(fields.List[Any]):
    """A list that is refused before its items are read if it is too long: reading them could cost more than the answer."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        _refuse_early(self, value)
        return super()._deserialize(value, *args, **kwargs)


class PersonIdField(Text):
    """A platform's id of a person, in its normal form."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            return normalize_person_id(super()._deserialize(value, attr, data, **kwargs))
        except InvalidValue as error:
            raise ValidationError(str(error)) from error


class AnyPersonIdField(PersonIdField):
    """A platform's id of a person, in its normal form, or their person id."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return value if isinstance(value, str) and is_person_id(value) else super()._deserialize(value, *args, **kwargs)


class PlainDict(fields.Dict):
    """A mapping that reports mistakes under the key itself, without marshmallow's extra level `key` or `value`.

    It is refused before its entries are read if it is too large.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        _refuse_early(self, value)
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if isinstance(error.messages, list):
                raise
            flat = {key: found.get("key") or found["value"] for key, found in error.messages.items()}
            raise ValidationError(cast("Any", flat), valid_data=error.valid_data) from error


class TextOrMapping(fields.Field[Any]):
    """A mapping, or a text where one is enough; each is checked by its own field."""

    def __init__(self, text: fields.Field[Any], mapping: PlainDict, values: fields.Field[Any], **more: Any) -> None:
        super().__init__(**more)
        self._text, self._mapping = text, mapping
        object_form = {
            "type": "object",
            "additionalProperties": {"type": "string", **values.metadata},
            **mapping.metadata,
        }
        self.metadata = {**self.metadata, "oneOf": [{"type": "string", **text.metadata}, object_form]}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, str | dict):
            raise self.make_error("invalid", input=value)
        chosen: fields.Field[Any] = self._text if isinstance(value, str) else self._mapping
        return chosen.deserialize(value, attr, data, **kwargs)


class UtcDateTime(fields.AwareDateTime):
    """A timestamp with a UTC offset (RFC 3339), converted to UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("must be within the years 1 to 9999") from error


@dataclass(frozen=True)
class MustBe(validate.Validator):
    """Refuses a value that does not meet a condition, saying what it must be."""

    holds: Callable[[Any], bool]
    wanted: str
    got: Callable[[Any], str] = repr

    def __call__(self, value: Any) -> None:
        """Raises ValidationError."""
        if not self.holds(value):
            raise ValidationError(f"must {self.wanted}; got {self.got(value):.{_ECHO}}")


@dataclass(frozen=True)
class Passes(validate.Validator):
    """Refuses what a check of `referral.events.value_checks` refuses; otherwise goes on to `then`."""

    check: Callable[[Any], object]
    then: validate.Validator | None = None

    def __call__(self, value: Any) -> None:
        """Raises ValidationError."""
        try:
            self.check(value)
        except InvalidValue as error:
            raise ValidationError(str(error)) from error
        if self.then is not None:
            self.then(value)


def text(
    description: str,
    most: int | None = 512,
    *,
    least: int | None = 1,
    pattern: str | None = None,
    must_be: str | None = None,
    check: Callable[[Any], object] | None = None,
    required: bool = False,
) -> fields.String:
    """A string within bounds of its length; `must_be` puts `pattern` into words."""
    span = f"{_span(least, most)} characters long"
    rules: list[validate.Validator] = []
    if pattern is not None:
        rules.append(MustBe(lambda value: re.fullmatch(pattern, value) is not None, f"be {must_be or pattern}"))
    if least is not None or most is not None:
        rules.append(MustBe(lambda value: _within(len(value), least, most), f"be {span}", _length))
    if check is not None:
        rules.append(Passes(check))
    bounds = {"pattern": pattern, "minLength": least, "maxLength": most}
    return Text(**_common(description, must_be or "text", required, bounds), validate=rules)


def person_id(description: str, *, required: bool = False) -> fields.String:
    """A platform's id of a person, in its normal form."""
    return PersonIdField(**_common(description, "text", required, {"minLength": 1, "maxLength": MAX_PERSON_ID}))


def any_person_id(description: str) -> fields.String:
    """A platform's id of a person, in its normal form, or their person id; required."""
    return AnyPersonIdField(**_common(description, "text", True, {"minLength": 1, "maxLength": MAX_PERSON_ID}))


def identifier(description: str, *, required: bool = True) -> fields.String:
    """An id within the program: part of keys and URLs."""
    return text(description, None, least=None, pattern=SLUG_PATTERN, must_be=SLUG_IN_WORDS, required=required)


def choice(options: Sequence[str], description: str, *, required: bool = True) -> fields.String:
    """One of the options, which are added to the description."""
    return one_of(options, f"{description}: {', '.join(options)}", required=required)


def one_of(
    options: Sequence[str],
    description: str,
    *,
    check: Callable[[Any], object] | None = None,
    required: bool = False,
) -> fields.String:
    """One of the options. If `check` refuses a value, its message replaces the list of options."""
    expected = f"one of {', '.join(options)}"
    rule: validate.Validator = MustBe(lambda value: value in options, f"be {expected}")
    return Text(
        **_common(description, expected, required, {"enum": list(options)}),
        validate=rule if check is None else Passes(check, rule),
    )


def integer(
    description: str, least: int | None = None, most: int | None = None, *, required: bool = False
) -> fields.Integer:
    """A whole number within bounds."""
    expected = f"a whole number{_from(least, most)}"
    rule = MustBe(lambda value: _within(value, least, most), f"be {expected}")
    bounds = {"minimum": least, "maximum": most}
    return fields.Integer(strict=True, **_common(description, expected, required, bounds), validate=rule)


def boolean(description: str, *, required: bool = False) -> fields.Boolean:
    """true or false."""
    return fields.Boolean(truthy={True}, falsy={False}, **_common(description, "true or false", required))


def amount(description: str, least: int, most: int, *, required: bool = False) -> fields.Decimal:
    """A decimal number, as a JSON number or string. It is answered as a string, so that no reader rounds it."""
    expected = f"an amount{_from(least, most)}"
    rules: list[validate.Validator] = [
        MustBe(lambda value: least <= value <= most, f"be {expected}", Decimal.__str__),
        MustBe(_has_few_decimals, f"have at most {_MAX_DECIMALS} decimal places", Decimal.__str__),
    ]
    bounds = {"type": ["number", "string"], "minimum": least, "maximum": most}
    return fields.Decimal(allow_nan=False, **_common(description, expected, required, bounds), validate=rules)


def _has_few_decimals(value: Decimal) -> bool:
    """Whether an amount can be written out: no currency has more than four decimal places."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_MAX_DECIMALS


def utc_datetime(
    description: str, *, required: bool = False, data_key: str | None = None, years: range | None = None
) -> UtcDateTime:
    """A timestamp with a UTC offset; `data_key` is its name in the document if that is not a valid name in Python."""
    common = _common(description, "a timestamp such as 2026-11-03T00:00:00Z", required)
    return UtcDateTime(format="iso", data_key=data_key, validate=_year_rules(years), **common)


def iso_date(description: str, *, required: bool = False, years: range | None = None) -> fields.Date:
    """A calendar date."""
    common = _common(description, "a date such as 2026-11-01", required)
    return fields.Date(format="iso", validate=_year_rules(years), **common)


def _year_rules(years: range | None) -> list[validate.Validator]:
    """Refuses a time or date outside some years."""
    if years is None:
        return []
    return [MustBe(lambda value: value.year in years, f"be in the years {years[0]} to {years[-1]}", str)]


def array(
    item: fields.Field[Any],
    description: str,
    least: int | None = None,
    most: int | None = None,
    *,
    unique: bool = False,
    must_be: str | None = None,
    check: Callable[[Any], object] | None = None,
    required: bool = False,
) -> fields.List[Any]:
    """A list within bounds of its length."""
    rules: list[validate.Validator] = _size_rules(least, most, must_be)
    rules += [Passes(rule) for rule in (distinct if unique else None, check) if rule is not None]
    bounds = {"minItems": least, "maxItems": most, "uniqueItems": unique or None}
    return BoundedList(item, **_common(description, must_be or "a list", required, bounds), validate=rules)


def mapping(
    keys: fields.Field[Any],
    values: fields.Field[Any],
    description: str,
    least: int | None = None,
    most: int | None = None,
    *,
    must_be: str | None = None,
    required: bool = False,
) -> PlainDict:
    """A mapping within bounds of its size."""
    bounds = {"minProperties": least, "maxProperties": most}
    expected = must_be or "a mapping (in JSON an object)"
    return PlainDict(
        keys=keys,
        values=values,
        **_common(description, expected, required, bounds),
        validate=_size_rules(least, most, must_be),
    )


def text_or_mapping(
    text: fields.Field[Any], mapping: PlainDict, values: fields.Field[Any], expected: str, *, required: bool = False
) -> TextOrMapping:
    """A text, or a mapping to `values` in its place; `expected` puts the mapping into words."""
    return TextOrMapping(text, mapping, values, **_common("", f"a text, or {expected}", required))


def section(schema: type[Schema], description: str, *, required: bool = False) -> fields.Nested:
    """A section."""
    return fields.Nested(schema, **_common(description, "a mapping (in JSON an object)", required))


def _common(
    description: str, expected: str, required: bool, bounds: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """What every field is made with: its messages, and what /openapi.json shows of it."""
    what = description or expected
    messages = {
        "required": f"is required: {what}",
        "null": f"must not be null: {what}",
        "invalid": f"must be {expected}",
        "too_large": f"must be {expected}",
        "special": f"must be {expected}",
        "invalid_awareness": "is missing a UTC offset: end it with Z for UTC, or an offset such as +08:00",
    }
    shown = {name: bound for name, bound in (bounds or {}).items() if bound is not None}
    about = {"description": description} if description else {}
    texts = {key: _Message(message) for key, message in messages.items()}
    return {"required": required, "error_messages": texts, "metadata": about | shown}


class _Message(str):
    """A message as marshmallow formats it: braces are text, and the value is added if marshmallow passes it."""

    def format(self, *_: object, **known: object) -> str:
        return f"{self}; got {known['input']!r:.{_ECHO}}" if "input" in known else str(self)


def _refuse_early(field: fields.Field[Any], value: object) -> None:
    """Raises ValidationError for a list or mapping beyond its upper bound, in the words of its size rule."""
    most = field.metadata.get("maxItems") or field.metadata.get("maxProperties")
    if isinstance(value, list | Mapping) and most is not None and len(value) > most:
        for rule in field.validators:
            rule(value)


def _size_rules(least: int | None, most: int | None, must_be: str | None) -> list[validate.Validator]:
    if least is None and most is None:
        return []
    wanted = f"be {must_be}" if must_be else f"have {_span(least, most)} entries"
    return [MustBe(lambda value: _within(len(value), least, most), wanted, _size)]


def _within(value: int, least: int | None, most: int | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _span(least: int | None, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"{least} to {most}" if least else f"at most {most}"


def _from(least: int | None, most: int | None) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f", {least} or more"
    return f" up to {most}" if least is None else f" from {least} to {most}"


def _length(value: str) -> str:
    return f"{len(value)} characters"


def _size(value: Sequence[object]) -> str:
    return f"{len(value)} entries" if len(value) != 1 else "1 entry"
