"""Decodes catalog records, also programs that were stored before a bound of today was introduced.

The log is never rewritten, so a version with a number above today's bounds stays readable. Lines that its rules cannot process
are set aside by the folds, for that program alone.
"""

from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Union, cast, get_args, get_origin

import msgspec
import structlog

from referral.events.entities import CatalogEntity, ProgramVersion

INVALID_RECORD = (msgspec.MsgspecError, TypeError, ValueError, KeyError, RecursionError)
"""What `decode_entity` raises for a record that is no entity."""
_decode: Callable[[bytes], CatalogEntity] = msgspec.json.Decoder(CatalogEntity).decode
_TYPE = "type"
log = structlog.get_logger()


def decode_entity(raw: bytes) -> CatalogEntity:
    """The entity of a record. Raises one of INVALID_RECORD."""
    try:
        return _decode(raw)
    except msgspec.ValidationError as error:
        document = msgspec.json.decode(raw)
        if not isinstance(document, dict) or document.pop(_TYPE, None) != ProgramVersion.__struct_config__.tag:
            raise
        version = cast("ProgramVersion", _without_bounds(document, ProgramVersion))
        log.warning(
            "a stored program version is beyond the bounds of program files: apply a corrected one",
            program=version.program.id,
            version=version.version,
            reason=str(error),
        )
        return version


def _without_bounds(value: object, hint: object) -> object:
    """The value as its type says, whatever its size. Raises msgspec.ValidationError, TypeError or KeyError for another type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _without_bounds(value, arguments[0])
    if origin in (Union, UnionType):
        return None if value is None else _first_match(value, [one for one in arguments if one is not NoneType])
    if origin is tuple and isinstance(value, list):
        return tuple(_without_bounds(item, arguments[0]) for item in value)
    if origin is dict and isinstance(value, dict):
        return {_without_bounds(k, arguments[0]): _without_bounds(v, arguments[1]) for k, v in value.items()}
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and isinstance(value, dict):
        fields = {field.encode_name: field for field in msgspec.structs.fields(hint)}
        return hint(**{fields[name].name: _without_bounds(part, fields[name].type) for name, part in value.items()})
    return cast("object", msgspec.convert(value, hint))


def _first_match(value: object, hints: Sequence[object]) -> object:
    """The value as the first of these types that it has. Raises as `_without_bounds` for the last if it has none of them."""
    for hint in hints[:-1]:
        try:
            return _without_bounds(value, hint)
        except (msgspec.ValidationError, TypeError, KeyError):
            continue
    return _without_bounds(value, hints[-1])
