"""Serves live streams by aiohttp, in a thread of the HTTP process: a stream costs some kilobytes in place of a thread.

The Flask app decides who may watch; this server holds the connections. docs/decisions/0059 has the reasons and measurements.
"""

import asyncio
import contextlib
import resource
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from multidict import CIMultiDict

from leaderboard.domain.live_changes import Position
from leaderboard.live import messages
from leaderboard.live.admission import ENVIRON_KEY, Admission, Grant, Seats
from leaderboard.live.feed import LiveFeed
from leaderboard.live.wsgi_request import WsgiResponse, call, wsgi_environ
from referral.config import Settings
from referral.telemetry.metrics import counter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HEARTBEAT_S = 15.0
PACE_S = 0.5
"""Between two messages of a program: what changes meanwhile is one message."""
SLOW_BYTES = 16 * 1024
"""With so much unsent, a stream waits; later changes cost nothing, since a message has all that changed since the last."""
SLOW_S = 30.0
"""A reader who takes nothing for so long is disconnected."""
CHECK_S = 5.0
_ADMISSION_THREADS = 4
_OTHER_FILES = 512
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
log = structlog.get_logger()


class _Stream:
    """An open stream: who watches, up to which position it was written, and what its task waits for."""

    __slots__ = (
        "checked_at",
        "ending",
        "ends_at",
        "grant",
        "position",
        "slow_since",
        "transport",
        "wake",
        "written_at",
    )

    def __init__(self, grant: Grant, position: Position | None, transport: asyncio.WriteTransport) -> None:
        now = time.monotonic()
        self.grant, self.position, self.transport = grant, position, transport
        self.wake = asyncio.Event()
        self.written_at = self.checked_at = now
        self.ends_at = now + grant.lifetime_s * (0.8 + 0.2 * secrets.randbelow(1000) / 1000)  # not all at the same time
        self.slow_since: float | None = None
        self.ending: str | None = None

    def end(self, reason: str) -> None:
        """Lets its task end it."""
        self.ending = self.ending or reason
        self.wake.set()


class LiveServer:
    """The server, with a loop and thread of its own. `start` returns when it listens; `stop` ends all streams."""

    def __init__(self, app: "WSGIApplication", feed: LiveFeed, settings: Settings) -> None:
        self._app, self._feed, self._settings = app, feed, settings
        self._seats = Seats(settings.live_streams, settings.live_streams_per_client)
        self._streams: dict[str, set[_Stream]] = {}
        self._resting: set[str] = set()  # programs with a message less than PACE_S ago
        self._waiting: set[str] = set()  # those of them that have changed since
        self._pool = ThreadPoolExecutor(_ADMISSION_THREADS, "live-admission")
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self.port = settings.live_port

    def start(self) -> "LiveServer":
        """Starts the thread. Raises OSError if the port is taken."""
        _allow_files(self._settings.live_streams + _OTHER_FILES)
        self._feed.on_change = self._on_change
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def stop(self) -> None:
        """Ends all streams and the thread; readers come back at another process."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: it ended before
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - `start` raises it
            self._failure = error
        finally:
            self._loop.close()
            self._started.set()

    async def _serve(self) -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._handle, allow_head=False)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        reuse_port = self._settings.http_workers > 1
        site = web.TCPSite(
            runner, self._settings.http_host, self._settings.live_port, backlog=1024, reuse_port=reuse_port
        )
        try:
            await site.start()
            self.port = runner.addresses[0][1]
            self._started.set()
            checks = asyncio.ensure_future(self._check_streams())
            await self._stopping.wait()
            checks.cancel()
            for stream in self._all():
                stream.end("closing")
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/live"):
            raise web.HTTPNotFound
        admission = Admission(self._seats)
        try:
            refusal = await self._loop.run_in_executor(self._pool, self._admit, request, admission)
            if admission.grant is None or request.transport is None:
                return web.Response(status=refusal.status, headers=CIMultiDict(refusal.headers), body=refusal.body)
            stream = _Stream(admission.grant, admission.position, request.transport)
            return await self._stream(request, stream)
        finally:  # the view may still run in its thread, if the reader has left
            admission.end()

    def _admit(self, request: web.Request, admission: Admission) -> WsgiResponse:
        """Calls the view of the route, which fills in the admission or refuses."""
        environ = wsgi_environ(
            request.rel_url.raw_path,
            request.rel_url.raw_query_string,
            request.headers.items(),
            request.remote or "",
            request.host,
        )
        return call(self._app, {**environ, ENVIRON_KEY: admission})

    async def _stream(self, request: web.Request, stream: _Stream) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        program = stream.grant.program
        self._streams.setdefault(program, set()).add(stream)
        self._feed.watch()
        try:
            await response.prepare(request)
            await response.write(messages.opening() + messages.HEARTBEAT)
            await self._write_changes(stream, response)
        except (ConnectionError, asyncio.CancelledError):
            stream.ending = stream.ending or "left"
            raise
        finally:
            counter("live_streams_ended").labels(stream.ending or "left").inc()
            self._streams[program].discard(stream)
            if not self._streams[program]:
                del self._streams[program]
        return response

    async def _write_changes(self, stream: _Stream, response: web.StreamResponse) -> None:
        stream.wake.set()
        is_first = True
        while True:
            await stream.wake.wait()
            stream.wake.clear()
            if stream.ending is not None:
                if stream.ending == "expired":
                    await response.write(messages.end("expired"))
                return
            text = self._next(stream, is_first=is_first)
            if text is not None:
                await response.write(text)
                stream.written_at, is_first = time.monotonic(), is_first and text == messages.HEARTBEAT

    def _next(self, stream: _Stream, *, is_first: bool) -> bytes | None:
        """What is to be written now: what changed since the last message, otherwise a heartbeat if it is time for one."""
        if stream.transport.get_write_buffer_size() > SLOW_BYTES:
            return None
        change, position = self._feed.since(stream.grant.program, stream.position)
        if position is None:  # the feed is not ready
            return self._heartbeat(stream)
        is_new = stream.position is None
        within_ms, counts = messages.within_ms(len(self._seats)), stream.grant.counts
        text = (
            messages.ready(position)
            if is_new
            else messages.message(change, position, counts=counts, within_ms=within_ms)
        )
        stream.position = position
        if text is None and is_first:
            text = messages.ready(position)
        return text or self._heartbeat(stream)

    def _heartbeat(self, stream: _Stream) -> bytes | None:
        return messages.HEARTBEAT if time.monotonic() - stream.written_at >= HEARTBEAT_S else None

    def _on_change(self, programs: set[str]) -> None:
        """Called by the feed's thread; without programs all streams are to look."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._wake, programs)

    def _wake(self, programs: set[str]) -> None:
        for program in programs or set(self._streams):
            if program in self._resting:
                self._waiting.add(program)
            elif program in self._streams:
                self._resting.add(program)
                self._loop.call_later(PACE_S, self._rested, program)
                for stream in self._streams[program]:
                    stream.wake.set()

    def _rested(self, program: str) -> None:
        self._resting.discard(program)
        if program in self._waiting:
            self._waiting.discard(program)
            self._wake({program})

    async def _check_streams(self) -> None:
        """Every few seconds: which streams need a heartbeat, are too slow, have lasted long enough, or lost their grant."""
        while True:
            await asyncio.sleep(CHECK_S)
            streams = self._all()
            if streams:
                self._feed.watch()
            for stream in streams:
                self._check(stream, time.monotonic())

    def _check(self, stream: _Stream, now: float) -> None:
        if stream.transport.get_write_buffer_size() > SLOW_BYTES:
            stream.slow_since = stream.slow_since or now
            if now - stream.slow_since >= SLOW_S:
                stream.ending = "slow"
                stream.transport.abort()
            return
        stream.slow_since = None
        if now >= stream.ends_at:
            stream.end("renewed")
        elif not self._has_grant(stream, now):
            stream.end("expired")
        elif now - stream.written_at >= HEARTBEAT_S:
            stream.wake.set()

    def _has_grant(self, stream: _Stream, now: float) -> bool:
        """Whether a stream's grant still holds, as of HEARTBEAT_S ago at most: also if it has messages all the time."""
        if now - stream.checked_at < HEARTBEAT_S:
            return True
        stream.checked_at = now
        return stream.grant.is_valid()

    def _all(self) -> list[_Stream]:
        return [stream for streams in self._streams.values() for stream in streams]


def _allow_files(wanted: int) -> None:
    """Raises the limit of open files by what streams need, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    more = soft + wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (more if hard == resource.RLIM_INFINITY else min(more, hard), hard))
