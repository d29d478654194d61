"""Reads other rules out of a request: the content of a program file as JSON, as PUT /v1/programs takes it.

The services share types, not checks: each section is held against its type here, and what its parts need of each other as far as
attribution reads it. `referral program check` says everything that link-issuer would.
"""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import fields

from conversion_tracker.ingest.event_errors import split_message
from referral.events.program import Attribution, Program
from referral.http.problems import Problem
from referral.json_pointer import json_pointer

_WHEN = "effective_from"  # a replay takes rules from the beginning, so it is read and of no account
_NEEDS = {"order.paid": ("min_amount", "currency"), "person.retained": ("retained_days",)}
_LONGEST_ECHO = 64

Mistake = tuple[str, str]


def rules_in(body: bytes, mimetype: str, program: str) -> Program:
    """The program of a body. Raises Problem 400 (no JSON), 415 (another form), or 422 with a mistake of every section."""
    if mimetype != "application/json":
        raise Problem(
            415,
            "unsupported_media_type",
            f"Send the program file's content with Content-Type application/json, not {mimetype or 'without any'}.",
        )
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed_json", f"The body cannot be read as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise _invalid([("", "A JSON object belongs here: the content of a program file.")])
    content.pop(_WHEN, None)
    if mistakes := [*_mistakes(content), *_misplaced(content, program), *_nowhere(content)]:
        raise _invalid(mistakes)
    return msgspec.convert(content, Program)


def _mistakes(content: Mapping[str, object]) -> Iterator[Mistake]:
    """The first mistake of each section."""
    known = {field.name: field for field in fields(Program)}
    for name in content.keys() - known.keys():
        yield json_pointer(name[:_LONGEST_ECHO]), "There is no such section: remove it, or check how it is written."
    for name, field in known.items():
        if name in content:
            yield from _mistake(name, content[name], field.type)
        elif field.required:
            yield f"/{name}", "This is required: add it."


def _mistake(name: str, value: object, wanted: object) -> Iterator[Mistake]:
    try:
        found = msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        what, pointer = split_message(error)
        yield f"/{name}{pointer}", f"{what}."
    else:
        if isinstance(found, Attribution):
            for needed in _NEEDS.get(found.qualifies_on, ()):
                if getattr(found, needed) is None:
                    yield f"/{name}/{needed}", f"qualifies_on: {found.qualifies_on} needs this: add it."


def _misplaced(content: Mapping[str, object], program: str) -> Iterator[Mistake]:
    said = content.get("id", program)
    if said != program:
        yield "/id", f"This is {said}, but the address says {program}: replay a program's rules over its own past."


def _nowhere(content: Mapping[str, object]) -> Iterator[Mistake]:
    """A zone that nobody has would have screening hold whom it cannot find a deadline for."""
    zone = content.get("timezone")
    if not isinstance(zone, str):
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "/timezone", f"There is no time zone {zone[:_LONGEST_ECHO]}: write an IANA name such as Asia/Shanghai."


def _invalid(mistakes: list[Mistake]) -> Problem:
    many = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"
    detail = f"The rules have {many}; nothing was replayed. `referral program check` names every mistake by its line."
    return Problem(422, "invalid", detail, [{"pointer": where, "detail": what} for where, what in sorted(mistakes)])
