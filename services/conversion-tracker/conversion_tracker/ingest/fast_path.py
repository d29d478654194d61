"""The ingest as a hot view: a body whose events are all good is taken before Flask is asked.

Anything else (a key that will not do, a body that cannot be read, a refused event) is left to the Flask view, which looks again and
explains. A log that did not acknowledge is not asked twice: the view raises what is found under FAILED.
"""

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from conversion_tracker.ingest.event_errors import EventRejected
from conversion_tracker.ingest.events_request import RawEvents, split_events
from conversion_tracker.ingest.validation import EventValidator, KeyedLine
from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.events.entities import ApiKey
from referral.http.api_keys import find_valid_key
from referral.http.fast_path import FastResponse, FastView
from referral.http.problems import Problem
from referral.log.errors import NotDurable, Overloaded

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ROUTE = "/v1/events"
PUBLISH_ERROR = "referral.failed"
_HEADERS = [("Content-Type", "application/json")]


def ingest_fast_path(
    inspector: EventValidator, known: Catalog, clock: Clock, send: Callable[[list[KeyedLine]], None], most: int
) -> FastView:
    """The view. `known` answers at once; `send` returns once the log has the lines; a body has `most` bytes at most."""

    def take(environ: "WSGIEnvironment") -> FastResponse | None:
        key = find_valid_key(known, environ.get("HTTP_AUTHORIZATION", ""), "events:write")
        if environ["PATH_INFO"] != ROUTE or key is None or "HTTP_CE_SPECVERSION" in environ:
            return None
        raws = _read_events(environ, most)
        found = inspector.validate(raws, clock.now_ms(), _program_check(known, key)) if raws else None
        if found is None or found.rejected:
            return None
        try:
            send(found.accepted)
        except (NotDurable, Overloaded) as error:
            environ[PUBLISH_ERROR] = error
            return None
        return FastResponse("202 Accepted", _HEADERS, b'{"accepted":%d,"rejected":[]}' % len(found.accepted))

    return take


def _read_events(environ: "WSGIEnvironment", most: int) -> RawEvents | None:
    """The events of a request's body, which can be read again afterwards; None where Flask has to say what is wrong."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or int(length) > most:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    try:
        return split_events(body, environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower())
    except Problem:
        return None


def _program_check(known: Catalog, key: ApiKey) -> Callable[[str], None]:
    def admit(program: str) -> None:
        if (key.programs and program not in key.programs) or known.program(program) is None:
            raise EventRejected("unknown_program", "/program", "")  # Flask's view finds out which it is, and says so

    return admit
