"""The routes of live streams. Behind the front door the server of live streams calls them to admit a reader, and holds the stream.

Requested directly, a stream is one message, after which the client is to ask again in some seconds: correct, only slower.
"""

from collections.abc import Callable

from flask import Response, g, request

from leaderboard.domain.live_changes import Position, read_position
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import require_zone
from leaderboard.live import messages
from leaderboard.live.admission import ENVIRON_KEY, Admission, Grant
from referral.events.entities import ApiKey
from referral.http.api_keys import is_expired, requires
from referral.http.client_network import client_network
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit

_FEED_TIMEOUT_S = 3.0
_EXAMPLE = """retry: 3000

id: 3f.a2..1
event: change
data: {"referred":2,"discovered":0,"qualified":1,"counted":1,"within_ms":500}

"""
_LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "schema": {"type": "string", "maxLength": 1024},
    "description": "The id of the last event that arrived: the stream begins with what changed since.",
}
_RESPONSES = {
    200: {
        "description": "Server-sent events: `ready` first if nothing has changed, `change` with how many more there are,"
        " `reset` if the changes since the last id are not known (read the figures again), `end` if access has expired;"
        " a comment every 15 seconds. The id of an event is a position in the log.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    404: {"description": "Unknown program."},
    429: {"description": "Too many streams are open for this key or address."},
    503: {
        "description": "Too many streams are open here, or the log cannot be read now. `Retry-After` says when to ask again."
    },
}

blueprint = Blueprint("live", __name__, description="What changes in a program, as it happens.")


@blueprint.get("/v1/programs/<program>/live")
@requires("read")
@blueprint.doc(parameters=[_LAST_EVENT_ID], responses=_RESPONSES)
def live(program: str) -> Response:
    """What changes in a program, as server-sent events: how many more people were referred, came by themselves, and count.

    Changes of half a second are one event. The sums are for a glance: after an outage a change may arrive twice, so figures
    come from insights and boards.
    """
    require_zone(program)
    key: ApiKey = g.key
    return stream_response(Grant(program, f"key {key.id}", counts=True, is_valid=_key_check(key)))


@blueprint.get("/p/<program>/live")
@blueprint.doc(parameters=[_LAST_EVENT_ID], responses=_RESPONSES)
@without_rate_limit
def public_live(program: str) -> Response:
    """When the public board may have changed, as server-sent events without figures: the page then reads itself again."""
    require_zone(program)
    client = f"address {client_network(request.remote_addr or 'unknown')}"
    return stream_response(Grant(program, client, counts=False, is_valid=lambda: True, is_anonymous=True))


def stream_response(grant: Grant) -> Response:
    """Lets the reader of this request in, or returns one message to a client that asked directly. Raises Problem."""
    position = read_position(request.headers.get("Last-Event-ID", "")[:1024])
    admission: Admission | None = request.environ.get(ENVIRON_KEY)
    if admission is not None:
        admission.admit(grant, position)
        return _event_stream(b"")
    return _event_stream(_one_message(grant, position))


def _one_message(grant: Grant, position: Position | None) -> bytes:
    feed = dependencies().live
    feed.watch()
    if not feed.wait_until_ready(_FEED_TIMEOUT_S):
        detail = "The log cannot be read now. Ask again after `Retry-After` seconds."
        raise Problem(503, "unavailable", detail, headers={"Retry-After": "5"})
    change, now = feed.since(grant.program, position)
    if now is None:  # the feed has stopped in this moment
        return messages.opening(messages.POLL_RETRY_MS)
    text = (
        None
        if position is None
        else messages.message(change, now, counts=grant.counts, within_ms=messages.within_ms(1))
    )
    return messages.opening(messages.POLL_RETRY_MS) + (text or messages.ready(now))


def _event_stream(body: bytes) -> Response:
    response = Response(body, mimetype="text/event-stream")
    response.cache_control.no_store = True
    return response


def _key_check(key: ApiKey) -> Callable[[], bool]:
    """Whether the key still may do what it did when the stream began. Needs no request."""
    catalog, clock = context().catalog.snapshot(), context().clock

    def is_valid() -> bool:
        newest = catalog.api_key(key.digest)
        return newest is not None and not newest.revoked and not is_expired(newest, clock.now_ms())

    return is_valid
