"""A webhook receiver as a platform would write one: it verifies every signature and records the messages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class WebhookReceiver:
    """Accepted messages in order: (message id, event type, reward id). `answer` returns the status of the n-th request."""

    secret: str = ""
    url: str = ""
    answer: Callable[[int], int] = lambda _: 204
    received: list[tuple[str, str, str]] = field(default_factory=list)
    forged: int = 0
    requests: int = 0
    pause_at: int = 0  # so many rewards close the gate; 0 is never
    lock: Lock = field(default_factory=Lock)
    gate: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def open_gate(self, pause_at: int) -> None:
        """Lets messages in until `pause_at` rewards are accepted; later ones wait for the next opening. 0 is never."""
        with self.lock:
            self.pause_at = pause_at
            self.gate.set()

    def handle(self, body: bytes, headers: dict[str, str]) -> int:
        """Records a request; returns the status of the response."""
        self.gate.wait(60)
        with self.lock:
            self.requests += 1
            status = self.answer(self.requests)
            try:
                event = Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.forged += 1
                return 400
            if status < 300:
                self.received.append((headers["webhook-id"], event["type"], event["data"]["id"]))
                if 0 < self.pause_at <= len(self._rewards()):
                    self.gate.clear()
            return status

    def rewards(self) -> set[str]:
        """Returns the ids of the rewards in accepted messages."""
        with self.lock:
            return self._rewards()

    def _rewards(self) -> set[str]:
        return {reward for _, _, reward in self.received}


@contextmanager
def run_receiver(**options: object) -> Iterator[WebhookReceiver]:
    """Yields a receiver on a free port of this machine."""
    receiver = WebhookReceiver(**options)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if len(body) < int(self.headers["content-length"]):
                return  # the sender died in the middle of it
            self.send_response(receiver.handle(body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_header("content-length", "0")
            self.end_headers()

        def handle(self) -> None:
            """Ignores the broken connections that a killed worker leaves."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: object) -> None:
            """Writes no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join(5)
