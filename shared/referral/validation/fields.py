"""Marshmallow fields of a program file. Each says in `description` what belongs there; messages and OpenAPI say it."""

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from referral.events import value_checks
from referral.events.value_checks import InvalidValue, legible

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]{1,3}){0,2}")
_BUILT_IN = fields.Field.default_error_messages
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class StrictSchema(Schema):
    """A section: unknown fields are refused, and every message says what to do."""

    class Meta:
        """Refuses what it does not know."""

        unknown = RAISE

    def handle_error(self, error: ValidationError, data: object, **_: object) -> None:
        """Puts the remedy into marshmallow's own messages; called by marshmallow for each section."""
        messages = cast("dict[str, Any]", error.messages)
        for name, problems in messages.items():
            if isinstance(problems, list):
                messages[name] = [self._with_remedy(str(name), str(problem)) for problem in problems]

    def _with_remedy(self, name: str, problem: str) -> str:
        said = {field.data_key or own: field for own, field in self.fields.items()}
        if problem == self.error_messages["unknown"]:
            return f"is not known here{_suggestion(name, said)}"
        if problem == self.error_messages["type"]:
            return f"must be a section (in JSON an object) with {', '.join(said)}"
        description = said[name].metadata.get("description") if name in said else None
        if problem in (_BUILT_IN["required"], _BUILT_IN["null"]):
            return f"is missing: {description}"
        return f"{problem} Expected: {description}" if description and problem.startswith("Not a valid") else problem


def _suggestion(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else f": take one of {', '.join(known)}"


class PlainDict(fields.Dict):
    """A mapping whose mistakes stand under the key itself, not under marshmallow's further level `key` or `value`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if isinstance(error.messages, list):
                raise
            flat = {key: found.get("key") or found["value"] for key, found in error.messages.items()}
            raise ValidationError(cast("Any", flat), valid_data=error.valid_data) from error


_NO_MOMENT = {
    "invalid": "is no moment: write one such as 2026-11-03T00:00:00Z",
    "invalid_awareness": "has no zone: put Z at its end for UTC, or +08:00",
}


class UtcDateTime(fields.AwareDateTime):
    """A moment with its zone (RFC 3339), kept in UTC."""

    def __init__(self, **more: Any) -> None:
        super().__init__(format="iso", error_messages=dict(_NO_MOMENT), **more)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("is outside the years 1 to 9999") from error


def utc_datetime(description: str) -> UtcDateTime:
    """A moment that may be left out."""
    return UtcDateTime(metadata={"description": description})


def identifier(description: str, *, required: bool = True) -> fields.String:
    """An id within the program: it becomes part of keys and addresses, so its letters are few."""
    pattern = validate.Regexp(
        re.compile(_IDENTIFIER.pattern + r"\Z"),
        error="is no id: 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit",
    )
    return fields.String(required=required, validate=pattern, metadata={"description": description})


def choice(options: Sequence[str], description: str, *, required: bool = True) -> fields.String:
    """One of the words that the contract knows."""
    return fields.String(
        required=required,
        validate=validate.OneOf(options),
        metadata={"description": f"{description}: {', '.join(options)}"},
    )


def integer(description: str, least: int, most: int | None = None, *, required: bool = False) -> fields.Integer:
    """A whole number within bounds."""
    return fields.Integer(
        strict=True, required=required, validate=validate.Range(least, most), metadata={"description": description}
    )


def text(description: str, most: int = 512, *, required: bool = False) -> fields.String:
    """A short text."""
    return fields.String(required=required, validate=validate.Length(1, most), metadata={"description": description})


def language() -> fields.String:
    """A language as texts are keyed by, e.g. zh-CN."""
    pattern = validate.Regexp(re.compile(_LOCALE.pattern + r"\Z"), error="is no language: write zh-CN or en")
    return fields.String(validate=pattern)


def localized(description: str, *, required: bool = True) -> PlainDict:
    """A text in one or more languages, e.g. {zh-CN: 焕肤计划, en: Glow Together}."""
    return PlainDict(
        keys=language(),
        values=fields.String(validate=[validate.Length(1, 512), shown]),
        required=required,
        validate=validate.Length(min=1, error="needs at least one language: write zh-CN or en"),
        metadata={"description": description},
    )


def shown(text: str) -> None:
    """Refuses text that a page cannot show."""
    try:
        legible(text)
    except InvalidValue as error:
        raise ValidationError(str(error)) from error


def distinct(values: Sequence[Hashable]) -> None:
    """Refuses a list that says something twice."""
    seen: set[Hashable] = set()
    for value in values:
        if value in seen:
            raise ValidationError(f"says {value} twice: remove one")
        seen.add(value)


def time_zone(name: str) -> None:
    """Refuses a name that the IANA time zone database does not have."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError(
            f"{name!r} is no time zone: write a name such as Asia/Shanghai or Europe/Berlin"
        ) from error


def target(url: str) -> None:
    """Refuses an address that links must not lead to."""
    try:
        value_checks.target_url(url)
    except InvalidValue as error:
        raise ValidationError(str(error)) from error
