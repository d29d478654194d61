"""CloudEvents 1.0 as our events. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md

| CloudEvents | ours |
|---|---|
| `source` and `id` | `id`: both together are an event's identity (spec, "id"), so `SOURCE ID` is kept, hashed above 64 letters |
| `type` | `type`: its last two words, so a reverse-DNS name may stand before it (`com.example.person.followed`) |
| `time` | `occurred_at`; required here, since a repetition must tell the same moment |
| `subject` | `person` |
| the extension attribute `program`, else the part of `source` that begins with `prg_` | `program` |
| the extension attributes `channel`, `code`, `click`, `mention`, `device`, `network`, else fields of `data` so named | the same |
| what else is in `data` | `data` |
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from conversion_tracker.ingest.adapters.mapped_event import EVIDENCE_FIELDS, MappedEvent, MappingError, build_event
from referral.events.ids import derive_id

_PROGRAM = re.compile(r"prg_[a-z0-9_]+")
_JSON = re.compile(
    r"(application|text)/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE
)  # JSON event format 1.0.2, section 3.1
_MAX_ID = 64
_FIXED = {"/id": "/id", "/type": "/type", "/occurred_at": "/time", "/person": "/subject", "/data": "/data", "": ""}


def map_cloudevent(sent: object) -> MappedEvent:
    """The event of a CloudEvent in its JSON form. Raises Unmapped; what our events ask for is inspected afterwards."""
    if not isinstance(sent, dict):
        raise MappingError("not_a_cloudevent", "", "This is no JSON object.")
    if sent.get("specversion") != "1.0":
        raise MappingError(
            "not_a_cloudevent", "/specversion", f"`specversion` is {_describe(sent.get('specversion'))}."
        )
    source, own_id, kind = (_required_text(sent, name) for name in ("source", "id", "type"))
    evidence, data, places = _split_evidence(sent, _data(sent))
    program, place = _program(sent, source)
    fields = {
        "id": _event_id(source, own_id),
        "type": _event_type(kind),
        "program": program,
        "person": sent.get("subject"),
    }
    return build_event(
        fields | {"occurred_at": sent.get("time"), "data": data} | evidence, _FIXED | places | {"/program": place}
    )


def header_attributes(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The context attributes of a binary-mode request: its headers `ce-…`, unquoted and percent-decoded once.

    HTTP protocol binding 1.0.2, section 3.1.3.2. Raises Unmapped for a value that is not UTF-8.
    """
    named = ((name.lower(), value) for name, value in headers)
    return {name[3:]: _decode_header(name, value) for name, value in named if name.startswith("ce-")}


def _decode_header(name: str, value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value.encode("latin-1").decode(), errors="strict")
    except UnicodeError:
        raise MappingError(
            "not_a_cloudevent", f"/{name[3:]}", f"The header {name} is not UTF-8, percent-encoded."
        ) from None


def _required_text(sent: Mapping[str, object], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not value:
        raise MappingError("not_a_cloudevent", f"/{name}", f"`{name}` is {_describe(value)}.")
    return value


def _describe(value: object) -> str:
    return "missing" if value is None else f"{str(value)[:64]!r}"


def _data(sent: Mapping[str, object]) -> object:
    kind = sent.get("datacontenttype", "application/json")
    if "data_base64" in sent or not (isinstance(kind, str) and _JSON.fullmatch(kind)):
        place = "/data_base64" if "data_base64" in sent else "/datacontenttype"
        raise MappingError("not_a_cloudevent", place, "The data is not JSON.")
    return sent.get("data")


def _split_evidence(sent: Mapping[str, object], data: object) -> tuple[dict[str, object], object, dict[str, str]]:
    """Evidence, the rest of the data (None where nothing is left), and where the evidence stood."""
    inside = data if isinstance(data, dict) else {}
    lifted = [name for name in EVIDENCE_FIELDS if name in inside]
    rest = {name: value for name, value in inside.items() if name not in lifted} or None
    evidence = {name: sent.get(name, inside.get(name)) for name in EVIDENCE_FIELDS if name in sent or name in lifted}
    places = {f"/{name}": f"/{name}" if name in sent else f"/data/{name}" for name in EVIDENCE_FIELDS}
    return evidence, rest if isinstance(data, dict) else data, places


def _program(sent: Mapping[str, object], source: str) -> tuple[object, str]:
    if "program" in sent:
        return sent["program"], "/program"
    found = next((part for part in re.split(r"[/:?#&=.]", source) if _PROGRAM.fullmatch(part)), None)
    if found is None:
        what = "No program is named: neither by an extension attribute `program`, nor by a part `prg_…` of `source`."
        raise MappingError("not_a_cloudevent", "/source", what)
    return found, "/source"


def _event_id(source: str, own_id: str) -> str:
    together = f"{source} {own_id}"  # a source is a URI reference: no blank is in it
    return together if len(together) <= _MAX_ID else derive_id("evt", source, own_id)


def _event_type(said: str) -> str:
    return ".".join(said.rsplit(".", 2)[-2:])
