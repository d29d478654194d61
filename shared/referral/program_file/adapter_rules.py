"""Rules across the fields of an adapter: what its other fields require or rule out."""

from collections.abc import Iterator, Mapping

from referral.program_file.raw_section import RawSection
from referral.validation.mistakes import Mistake


def adapter_fields(program: RawSection) -> Iterator[Mistake]:
    """An event's name is in one place, a time zone belongs to times that are texts, and a minor unit to a currency."""
    for adapter in program.sections("adapters"):
        yield from _event_name(adapter)
        yield from _time_zone(adapter)
        yield from _amount_unit(adapter)


def _event_name(adapter: RawSection) -> Iterator[Mistake]:
    where = adapter.section("where")
    if isinstance(adapter.values.get("where"), Mapping) and not where.has("type") and not adapter.has("type_header"):
        detail = "is required: write where the event's name is, or name its header in type_header of the adapter"
        yield where.mistake("type", detail)
    elif where.get("type") is not None and adapter.get("type_header") is not None:
        yield adapter.mistake("type_header", "must be left out if where.type is set: an event's name is in one place")


def _time_zone(adapter: RawSection) -> Iterator[Mistake]:
    time_format = adapter.text("time_format")
    if adapter.get("time_zone") is not None and time_format in ("seconds", "milliseconds"):
        yield adapter.mistake("time_zone", f"must be left out with time_format {time_format}: it counts in UTC")


def _amount_unit(adapter: RawSection) -> Iterator[Mistake]:
    data = adapter.section("data")
    if adapter.text("amount_unit") == "minor":
        for name in ("amount", "currency"):
            if not data.has(name):
                yield adapter.mistake(
                    "amount_unit", f"minor needs data.{name}: the currency decides how many digits there are"
                )
