"""Server-sent events of a live stream: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import msgspec

from leaderboard.domain.live_changes import LiveChange, Position, write_position

RETRY_MS = 3_000
POLL_RETRY_MS = 5_000
HEARTBEAT = b":\n\n"
"""A comment: the browser ignores it, proxies and the server see that the connection works."""


def opening(retry_ms: int = RETRY_MS) -> bytes:
    """How long the browser waits before it connects again."""
    return b"retry: %d\n\n" % retry_ms


def ready(position: Position) -> bytes:
    """The first event of a stream to which nothing is to be said: from which position on it sends changes."""
    return _event("ready", position, {})


def message(change: LiveChange | None, position: Position, *, counts: bool, within_ms: int) -> bytes | None:
    """What a stream sends; None if nothing changed. Its id is the position.

    `change` with the counts, or without them where they are not public; `reset` if the changes are not known. A page reads itself
    again at a random time within `within_ms`, so that many readers do not do so at once.
    """
    if change is not None and not any(change):
        return None
    shown = change._asdict() if change is not None and counts else {}
    return _event("reset" if change is None else "change", position, {**shown, "within_ms": within_ms})


def within_ms(readers: int) -> int:
    """Over how many milliseconds so many readers spread their requests: at most 200 a second."""
    return max(500, readers * 5)


def end(reason: str) -> bytes:
    """The last event of a stream whose reader must not come back by itself."""
    return b"event: end\ndata: %s\n\n" % msgspec.json.encode({"reason": reason})


def _event(name: str, position: Position, data: object) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        write_position(position).encode(),
        name.encode(),
        msgspec.json.encode(data),
    )
