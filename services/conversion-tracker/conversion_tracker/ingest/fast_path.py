"""Fast path of `POST /v1/events`: a body of valid events is published before Flask handles the request.

Everything else (an invalid key, a body that is compressed or cannot be parsed, an event with an error or a warning) is left to
the Flask view, which repeats the checks and builds the response. If Kafka did not acknowledge in time, the view does not try
again: it raises the error that it finds in the WSGI environment under PUBLISH_ERROR.
"""

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from conversion_tracker.ingest.event_errors import EventRejected
from conversion_tracker.ingest.event_pseudonyms import PeopleChanges
from conversion_tracker.ingest.events_request import RawEvents, split_events
from conversion_tracker.ingest.program_terms import ProgramLookup, ProgramTerms, program_terms
from conversion_tracker.ingest.validation import EventValidator
from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.events.entities import ApiKey
from referral.events.keys import KeyedLine
from referral.http.api_keys import find_valid_key
from referral.http.bounded_body import BodyReaders
from referral.http.fast_path import FastResponse, FastView
from referral.http.key_uses import KeyUses
from referral.http.problems import Problem
from referral.log.errors import LogUnavailable, NotDurable, Overloaded

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ROUTE = "/v1/events"
PUBLISH_ERROR = "referral.publish_error"
_HEADERS = [("Content-Type", "application/json")]
_NOT_ORDINARY = frozenset({"HTTP_CE_SPECVERSION", "HTTP_CONTENT_ENCODING"})
_ALL_ACCEPTED = b'{"accepted":%d,"rejected":[],"warnings":[]}'


def ingest_fast_path(
    validator: EventValidator,
    catalog: Catalog,
    clock: Clock,
    publish: Callable[[list[KeyedLine], PeopleChanges], None],
    readers: BodyReaders,
    max_body: int,
    key_uses: KeyUses,
) -> FastView:
    """The view. `catalog` never waits for a read; `publish` returns when Kafka has acknowledged; `max_body` is in bytes."""

    def view(environ: "WSGIEnvironment") -> FastResponse | None:
        now_ms = clock.now_ms()
        key = find_valid_key(catalog, environ.get("HTTP_AUTHORIZATION", ""), "events:write", now_ms)
        if environ["PATH_INFO"] != ROUTE or key is None or not _NOT_ORDINARY.isdisjoint(environ):
            return None
        try:
            with readers.reading(key.id):
                raws = _read_events(environ, max_body)
            with catalog.reading():
                result = validator.validate(raws, now_ms, _program_lookup(catalog, key)) if raws else None
        except (
            Problem,
            LogUnavailable,
        ):  # too many bodies are being read, it cannot be split, or the directory cannot be read
            return None
        if result is None or result.rejected or result.warnings:
            return None
        try:
            publish(result.accepted, result.people)
        except (NotDurable, Overloaded) as error:
            environ[PUBLISH_ERROR] = error
            return None
        key_uses.record(key, now_ms)
        return FastResponse("202 Accepted", _HEADERS, _ALL_ACCEPTED % len(result.accepted))

    return view


def _read_events(environ: "WSGIEnvironment", max_body: int) -> RawEvents | None:
    """The undecoded events of the body, which can be read again afterwards; None for a body that Flask must reject.

    Raises Problem if the body cannot be split.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or int(length) > max_body:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return split_events(body, environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower())


def _program_lookup(catalog: Catalog, key: ApiKey) -> ProgramLookup:
    def look_up(program: str) -> ProgramTerms:
        if (key.programs and program not in key.programs) or catalog.program(program) is None:
            raise EventRejected("unknown_program", "/program", "")  # the Flask view finds out which, and explains
        return program_terms(program, catalog)

    return look_up
