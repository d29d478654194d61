"""The platform's webhook receiver: it accepts messages, or (when it is down) refuses them all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from standardwebhooks import Webhook, WebhookVerificationError

_ACCEPTED, _FORGED, _DOWN = 204, 400, 503
_MAX_BODY = 1_000_000


class WebhookReceiver:
    """Counts accepted messages by their id. `secret` verifies the signatures."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.secret = ""
        self.up = True
        self.accepted: Counter[str] = Counter()
        self.refused = self.forged = 0
        self._lock = Lock()

    def answer(self, body: bytes, headers: dict[str, str]) -> int:
        """The status with which a message is answered."""
        with self._lock:
            if not self.up:
                self.refused += 1
                return _DOWN
            try:
                Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.forged += 1
                return _FORGED
            self.accepted[headers["webhook-id"]] += 1
            return _ACCEPTED


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        """Answers a message."""
        length = min(int(self.headers.get("content-length", 0)), _MAX_BODY)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.receiver.answer(body, headers) if len(body) == length else _FORGED)
        self.send_header("content-length", "0")
        self.end_headers()

    def handle(self) -> None:
        """Ignores connections that the sender breaks."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Writes no log."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = WebhookReceiver(f"http://127.0.0.1:{self.server_address[1]}/hook")


@contextmanager
def run_receiver() -> Iterator[WebhookReceiver]:
    """Yields a receiver on a free port of this machine."""
    with _Server() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.receiver
        server.shutdown()
        thread.join(5)
