"""docs/limits.md: every upper bound of what comes from outside, collected from the code and the OpenAPI documents."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from conversion_tracker.explain.api import MAX_OF_ONE_KEY
from conversion_tracker.ingest.events_request import MAX_EVENTS
from conversion_tracker.replay.jobs import MAX_CONCURRENT
from leaderboard.challenge_store import MAX_VOTES_READ
from leaderboard.domain.challenge_record import MAX_POSTS
from leaderboard.domain.live_changes import MAX_PROGRAMS, MAX_RECORDS
from leaderboard.http_api.costly_reads import WAIT_S
from link_issuer.http_api.clicks.api import MAX_CLICKS
from link_issuer.http_api.clicks.reclassification_request import MAX_DAYS
from link_issuer.http_api.dependencies import MAX_EXPORTS
from link_issuer.http_api.people.api import MAX_OF_ONE_KEY as MAX_OF_ONE_EXPORTER
from link_issuer.privacy.person_lines import PageLimits
from referral.config import Settings
from referral.http.serve import HEADER_TIMEOUT_S, MAX_CONNECTIONS
from referral.program_file.check import MAX_PROGRAM_BYTES
from referral.validation.mistakes import MAX_MISTAKES
from referral_tools.stack.front_door import REQUESTS_PER_CLIENT
from reward_dispatcher.link_requests import MOST as MOST_ASKING

INTRO = (
    "Everything that comes from outside has an upper bound: no client, program or stranger can use more than its share. The front"
    " door has [more limits](front-door.md#what-it-protects-against); settings are described in [Configuration](configuration.md)."
)
HEADS = ("what", "at most", "beyond it")
FIELDS = (
    "Further fields are times, one of a list of values, or texts with a pattern; each body, line and URL is bounded as a whole"
    " (above). Path parameters are bounded by the URL."
)
FIELD_HEADS = ("request", "field", "at most")
PROGRAM = "A program file that exceeds one of these is refused by `referral program check`, `PUT` and replays alike."
PROGRAM_HEADS = ("field", "at most")
_APPS = (
    "link_issuer.http_api.app",
    "conversion_tracker.app",
    "reward_dispatcher.http_api.app",
    "leaderboard.http_api.app",
)
_PROGRAM_PATH = "/v1/programs/{program}"
_PAGE = PageLimits()


class InputLimit(NamedTuple):
    """The upper bound of a field of a request. `most` is None if the OpenAPI document has none."""

    request: str
    field: str
    kind: str
    most: float | None

    @property
    def text(self) -> str:
        """The bound in words: `64 characters`."""
        return f"{self.most:,}" if self.kind == "value" else f"{self.most:,} {self.kind}"


def rows() -> list[tuple[str, str, str]]:
    """What is bounded as a whole."""
    default = Settings(signing_key="0" * 48)
    return [
        ("request body", f"`REFERRAL_MAX_BODY` ({default.max_body:,} bytes), also decompressed", "413 `too_large`"),
        ("request line and headers", "8 KiB each (front door)", "400 `malformed_request`"),
        ("time for request line and headers", f"{HEADER_TIMEOUT_S} s", "disconnected"),
        ("connections of a process", f"{MAX_CONNECTIONS:,}", "wait in the kernel's queue"),
        ("requests of one client at the same time", f"{REQUESTS_PER_CLIENT} (front door)", "429 `rate_limited`"),
        (
            "management requests of a key or address",
            f"`REFERRAL_RATE_LIMIT` ({default.rate_limit})",
            "429 `rate_limited`",
        ),
        (
            "look-ups without a result of an address, IPv6 per /64",
            f"`REFERRAL_MISS_LIMIT` ({default.miss_limit})",
            "429 `rate_limited`",
        ),
        (
            "wrong discount codes of a key and shopper (`client`); of a key ten times as many",
            f"`REFERRAL_WRONG_CODE_LIMIT` ({default.wrong_code_limit})",
            "429 `rate_limited`: no code is looked up, right ones neither",
        ),
        (
            "participants, links and people of a host",
            f"`REFERRAL_DIRECTORY_MB` ({default.directory_mb:,} MB, about 1 MB for 1,000)",
            "503 `unavailable` for what is new, until there is room",
        ),
        (
            "pictures that are drawn for a key or address",
            f"`REFERRAL_PICTURE_LIMIT` ({default.picture_limit})",
            "429 `rate_limited`; beyond two at a time 503 `busy`",
        ),
        (
            "recorded clicks of an address on a code",
            f"`REFERRAL_CLICKS_PER_MINUTE` ({default.clicks_per_minute} a minute)",
            "redirected without a record",
        ),
        (
            "people of a program who wait for a link to their wallet",
            f"{MOST_ASKING:,}, each for 30 days",
            "503 `busy`",
        ),
        ("posts of a person in the challenges of a program", f"{MAX_POSTS:,}", "later posts enter no challenge"),
        (
            "votes of a post that are checked for bursts and own friends",
            f"{MAX_VOTES_READ:,}",
            "later votes are not counted",
        ),
        (
            "explanations of a key",
            f"`REFERRAL_EXPLANATION_LIMIT` ({default.explanation_limit}), {MAX_OF_ONE_KEY} at the same time",
            "429 `rate_limited`",
        ),
        (
            (
                "figures of an API key that read many people, and growth pages and networks computed for an operator or link, at"
                " the same time; requests that wait for what another one computes"
            ),
            f"a quarter of `REFERRAL_HTTP_THREADS`, of all callers half; three eighths of them, {WAIT_S:.0f} s each",
            "429 `rate_limited`; 503 `unavailable`",
        ),
        (
            "live streams of a key, operator, link or address; of a process",
            (
                f"`REFERRAL_LIVE_STREAMS_PER_CLIENT` ({default.live_streams_per_client}); `REFERRAL_LIVE_STREAMS`"
                f" ({default.live_streams:,}), three quarters of them without a key, session or link"
            ),
            "429 `too_many_streams`; 503 `streams_full`",
        ),
        (
            "what a live stream keeps for a reader who comes back",
            f"{MAX_RECORDS} records of a program, {MAX_PROGRAMS} programs",
            "an event `reset`: the figures have to be read again",
        ),
        (
            "exports of people",
            (
                f"{MAX_OF_ONE_EXPORTER} of a key and {MAX_EXPORTS} of a process at the same time; a page has at most"
                f" {_PAGE.lines:,} lines, {_PAGE.bytes // 1024**2} MB or {_PAGE.seconds:.0f} s of reading"
            ),
            "429 `rate_limited`, 503",
        ),
        ("lines of a process that await Kafka", f"`REFERRAL_MAX_IN_FLIGHT` ({default.max_in_flight:,})", "503"),
        ("event", f"`REFERRAL_MAX_EVENT` ({default.max_event:,} bytes)", "the event is rejected"),
        ("events of a request", f"{MAX_EVENTS:,}", "413 `too_many_events`"),
        (
            "how far an event may be in the future",
            f"`REFERRAL_FUTURE_TOLERANCE_S` ({default.future_tolerance_s} s)",
            "rejected",
        ),
        ("program file", f"{MAX_PROGRAM_BYTES:,} bytes", "413 `too_large`"),
        ("mistakes that an answer lists", f"{MAX_MISTAKES}", "the answer names how many more there are"),
        ("replays at the same time", f"1 of a program, {MAX_CONCURRENT} in all", "409 or 429"),
        (
            "clicks that a request reclassifies",
            f"{MAX_CLICKS:,}, of {MAX_DAYS} days",
            "413 `too_much`, 422 for a longer period",
        ),
    ]


def field_rows() -> list[tuple[str, str, str]]:
    """The bounds of the fields of all requests, without program files."""
    found = {(f"`{one.request}`", f"`{one.field}`", one.text) for one in _bounded() if not _is_program(one)}
    return sorted(found)


def program_rows() -> list[tuple[str, str]]:
    """The bounds of the fields of a program file."""
    return sorted({(f"`{one.field}`", one.text) for one in _bounded() if one.request == f"PUT {_PROGRAM_PATH}"})


@cache
def input_limits() -> tuple[InputLimit, ...]:
    """Every number, text and list that a request of the four services may contain."""
    return tuple(limit for module in _APPS for limit in _service_limits(module))


def _bounded() -> Iterator[InputLimit]:
    return (one for one in input_limits() if one.most is not None)


def _service_limits(module: str) -> Iterator[InputLimit]:
    app = import_module(module).app(Settings(signing_key="0" * 48, log_level="critical", directory="memory"))
    document = app.test_client().get("/openapi.json").get_json()
    app.extensions["referral"].close()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                yield from _operation_limits(f"{method.upper()} {path}", operation, document)


def _is_program(limit: InputLimit) -> bool:
    return limit.request in (f"PUT {_PROGRAM_PATH}", f"POST {_PROGRAM_PATH}/replays")


def _operation_limits(request: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[InputLimit]:
    for listed in operation.get("parameters", ()):
        parameter = _resolve(listed, document)
        if parameter["in"] == "query":
            yield from _schema_limits(request, parameter["schema"], document, f"?{parameter['name']}")
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _schema_limits(request, content.get("schema", {}), document, "")


def _schema_limits(
    request: str, schema: Mapping[str, Any], document: Mapping[str, Any], field: str
) -> Iterator[InputLimit]:
    schema = _resolve(schema, document)
    for choice in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(choice, ()):
            yield from _schema_limits(request, part, document, field)
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "array" in kinds:
        entries = schema.get("items", {})
        choices = _resolve(entries, document).get("enum")
        yield InputLimit(request, f"{field}[]", "entries", schema.get("maxItems", len(choices) if choices else None))
        yield from _schema_limits(request, entries, document, f"{field}[]")
    for name, part in schema.get("properties", {}).items():
        yield from _schema_limits(request, part, document, f"{field}.{name}".lstrip("."))
    if "string" in kinds and not schema.keys() & {"enum", "const", "format", "pattern"}:
        yield InputLimit(request, field, "characters", schema.get("maxLength"))
    if kinds & {"integer", "number"}:
        yield InputLimit(request, field, "value", schema.get("maximum"))


def _resolve(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    _, kind, name = schema["$ref"].rsplit("/", 2)
    resolved: Mapping[str, Any] = document["components"][kind][name]
    return resolved
