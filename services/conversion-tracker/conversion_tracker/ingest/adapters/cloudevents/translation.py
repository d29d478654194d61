"""Maps CloudEvents 1.0 to events of this API. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md

| CloudEvents | event |
|---|---|
| `source` and `id` | `id`: an event is identified by both (spec, "id"), so it is `SOURCE ID`, hashed if longer than 64 characters |
| `type` | `type`: its last two words, so that a reverse-DNS prefix is allowed (`com.example.person.followed`) |
| `time` | `occurred_at`; required here, because a repeated event must have the same timestamp |
| `subject` | `person` |
| the extension attribute `program`, otherwise the part of `source` that starts with `prg_` | `program` |
| the extension attribute or field of `data` `channel`, `code`, `click`, `mention`, `device`, `network` | the same |
| the rest of `data` | `data` |
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from urllib.parse import unquote

import msgspec

from conversion_tracker.ingest.adapters.mapped_event import EVIDENCE_FIELDS, MappedEvent, MappingError, build_event
from referral.events.ids import derive_id

_PROGRAM = re.compile(r"prg_[a-z0-9_]+")
# JSON event format 1.0.2, section 3.1
_JSON = re.compile(r"(application|text)/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_MAX_ID = 64
_decode_json: Callable[[bytes], object] = msgspec.json.Decoder(float_hook=Decimal).decode
_FIXED_POINTERS = {
    "/id": "/id",
    "/type": "/type",
    "/occurred_at": "/time",
    "/person": "/subject",
    "/data": "/data",
    "": "",
}


def map_cloudevent(sent: object) -> MappedEvent:
    """The event of a CloudEvent in JSON format, not yet validated. Raises MappingError."""
    if not isinstance(sent, dict):
        raise MappingError("not_a_cloudevent", "", "It is not a JSON object.")
    # A null is as good as no attribute: JSON event format 1.0.2, section 2.2.
    sent = {name: value for name, value in sent.items() if value is not None}
    if sent.get("specversion") != "1.0":
        detail = f"`specversion` is {_describe(sent.get('specversion'))}."
        raise MappingError("not_a_cloudevent", "/specversion", detail)
    source, source_id, source_type = (_required_text(sent, name) for name in ("source", "id", "type"))
    evidence, data, evidence_pointers = _split_evidence(sent, _data(sent))
    program, program_pointer = _program(sent, source)
    fields = {
        "id": _event_id(source, source_id),
        "type": _event_type(source_type),
        "program": program,
        "person": sent.get("subject"),
        "occurred_at": sent.get("time"),
        "data": data,
    }
    return build_event(fields | evidence, _FIXED_POINTERS | evidence_pointers | {"/program": program_pointer})


def header_attributes(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The context attributes of a binary-mode request: its `ce-…` headers, unquoted and percent-decoded once.

    HTTP protocol binding 1.0.2, section 3.1.3.2. Raises MappingError for a value that is not UTF-8.
    """
    named = ((name.lower(), value) for name, value in headers)
    return {name[3:]: _decode_header(name, value) for name, value in named if name.startswith("ce-")}


def _decode_header(name: str, value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value.encode("latin-1").decode(), errors="strict")
    except UnicodeError:
        detail = f"The header {name} is not percent-encoded UTF-8."
        raise MappingError("not_a_cloudevent", f"/{name[3:]}", detail) from None


def _required_text(sent: Mapping[str, object], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not value:
        raise MappingError("not_a_cloudevent", f"/{name}", f"`{name}` is {_describe(value)}.")
    return value


def _describe(value: object) -> str:
    return "missing" if value is None else f"{str(value)[:64]!r}"


def _data(sent: Mapping[str, object]) -> object:
    """The data, decoded if they are in Base64. Raises MappingError if they are not JSON."""
    content_type = sent.get("datacontenttype", "application/json")
    pointer = "/data_base64" if "data_base64" in sent else "/datacontenttype"
    if not (isinstance(content_type, str) and _JSON.fullmatch(content_type)):
        raise MappingError("not_a_cloudevent", pointer, "The data is not JSON.")
    if "data_base64" not in sent:
        return sent.get("data")
    if "data" in sent:
        raise MappingError("not_a_cloudevent", pointer, "It has both `data` and `data_base64`; send one of them.")
    try:
        return _decode_json(b64decode(str(sent["data_base64"]), validate=True).removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, msgspec.MsgspecError, RecursionError):  # a ValueError if it is not Base64 or not UTF-8
        raise MappingError("not_a_cloudevent", pointer, "`data_base64` is not JSON in Base64.") from None


def _split_evidence(sent: Mapping[str, object], data: object) -> tuple[dict[str, object], object, dict[str, str]]:
    """The evidence fields, the remaining data (None if empty), and the pointer to each evidence field."""
    fields = data if isinstance(data, dict) else {}
    in_data = [name for name in EVIDENCE_FIELDS if name in fields]
    rest = {name: value for name, value in fields.items() if name not in in_data} or None
    evidence = {name: sent.get(name, fields.get(name)) for name in EVIDENCE_FIELDS if name in sent or name in in_data}
    pointers = {f"/{name}": f"/{name}" if name in sent else f"/data/{name}" for name in EVIDENCE_FIELDS}
    return evidence, rest if isinstance(data, dict) else data, pointers


def _program(sent: Mapping[str, object], source: str) -> tuple[object, str]:
    """The program, and the pointer to the attribute that names it."""
    if "program" in sent:
        return sent["program"], "/program"
    program = next((part for part in re.split(r"[/:?#&=.]", source) if _PROGRAM.fullmatch(part)), None)
    if program is None:
        detail = "The program is missing: set the extension attribute `program`, or include `prg_…` in `source`."
        raise MappingError("not_a_cloudevent", "/source", detail)
    return program, "/source"


def _event_id(source: str, source_id: str) -> str:
    joined = f"{source} {source_id}"  # unambiguous: a URI reference contains no space
    return joined if len(joined) <= _MAX_ID else derive_id("evt", source, source_id)


def _event_type(source_type: str) -> str:
    return ".".join(source_type.rsplit(".", 2)[-2:])
