"""Hypothesis strategies made from declarations: values of the event types, and program files at the bounds of their fields."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Meta, Struct
from msgspec.structs import fields as struct_fields

from referral.events.program import ProgramFile
from referral.validation.struct_schema import Declaration, declaration, field_declarations

_LETTERS = st.characters(categories=["L", "N", "P", "S", "Zs", "M"])
_AMOUNTS = st.one_of(
    st.decimals(0, 10**15 - 1, allow_nan=False, places=2),
    st.sampled_from([Decimal(0), Decimal("1e-999999"), Decimal(10**15 - 1), Decimal("0.1")]),
)


def values_of(
    hint: object, known: Mapping[str, st.SearchStrategy[Any]], bounds: Mapping[str, Any] | None = None
) -> Any:
    """A strategy for what a type hint allows. `known` has strategies for fields of certain names, such as `person`."""
    bounds = bounds or {}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        merged = dict(bounds)
        for meta in arguments[1:]:
            if isinstance(meta, Meta):
                merged |= {
                    name: getattr(meta, name)
                    for name in ("ge", "le", "min_length", "max_length", "pattern")
                    if getattr(meta, name) is not None
                }
        return values_of(arguments[0], known, merged)
    if origin in (Union, UnionType):
        return st.one_of(*[st.none() if one is NoneType else values_of(one, known, bounds) for one in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(values_of(arguments[0], known), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return structs(hint, known)
    return _SCALARS[hint](bounds)  # type: ignore[index] # the scalar types of events


def structs(kind: type[Struct], known: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """A strategy for the structs of a type: required fields always, the others sometimes."""
    hints = get_type_hints(kind, include_extras=True)
    made = {
        one.name: known[one.name] if one.name in known else values_of(hints[one.name], known)
        for one in struct_fields(kind)
    }
    required = {one.name: made[one.name] for one in struct_fields(kind) if one.required}
    optional = {name: strategy for name, strategy in made.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: kind(**values))


_SCALARS: dict[Any, Any] = {
    str: lambda bounds: (
        st.from_regex(bounds["pattern"], fullmatch=True)
        if "pattern" in bounds
        else st.text(_LETTERS, min_size=bounds.get("min_length", 0), max_size=min(bounds.get("max_length", 30), 30))
    ),
    int: lambda bounds: st.one_of(
        st.sampled_from([bounds.get("ge", 0), bounds.get("le", 2**31)]),
        st.integers(bounds.get("ge", 0), bounds.get("le", 2**31)),
    ),
    bool: lambda _: st.booleans(),
    Decimal: lambda _: _AMOUNTS,
    datetime: lambda _: st.datetimes(timezones=st.just(UTC)),
    date: lambda _: st.dates(),
}


@st.composite
def at_bounds(draw: st.DrawFn, files: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Program files of which some numbers, amounts and times are the least or the largest that their fields allow."""
    content = draw(files)
    changed = _moved(draw, content, Declaration(ProgramFile, {}))
    assert isinstance(changed, dict)
    return changed


def _moved(draw: st.DrawFn, value: Any, declared: Declaration) -> Any:
    """The value, or a bound of its field; sections, lists and mappings entry by entry."""
    arguments = get_args(declared.kind)
    if isinstance(value, dict) and declared.struct is not None:
        own = {one.name: one.value for one in field_declarations(declared.struct)}
        return {name: _moved(draw, part, own[name]) for name, part in value.items()}
    if isinstance(value, dict):
        return {name: _moved(draw, part, declaration(arguments[1])) for name, part in value.items()}
    if isinstance(value, list) and declared.is_list:
        return [_moved(draw, part, declaration(arguments[0])) for part in value]
    return draw(st.sampled_from([value, *_bounds(declared)]))


def _bounds(declared: Declaration) -> list[Any]:
    meta = declared.meta
    if declared.kind is int:
        return [meta["ge"], meta["le"]]
    if declared.kind is Decimal:
        return ["0", "0.000001", meta["maximum"]]
    if declared.kind is datetime:
        return ["2000-01-01T00:00:00Z", "2999-12-31T23:59:59Z"]
    if declared.kind is date:
        return ["2000-01-01", "2999-12-31"]
    return []
