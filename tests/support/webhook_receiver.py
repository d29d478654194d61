"""A webhook receiver as a platform would write one: it checks every signature and notes what came."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """What came, in order: (message id, event type, reward id). `answer` gives the status for the n-th request."""

    secret: str = ""
    url: str = ""
    answer: Callable[[int], int] = lambda _: 204
    came: list[tuple[str, str, str]] = field(default_factory=list)
    forged: int = 0
    requests: int = 0
    lock: Lock = field(default_factory=Lock)

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Notes a request and gives the status to answer."""
        with self.lock:
            self.requests += 1
            status = self.answer(self.requests)
            try:
                event = Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.forged += 1
                return 400
            if status < 300:
                self.came.append((headers["webhook-id"], event["type"], event["data"]["id"]))
            return status

    def rewards(self) -> set[str]:
        """The rewards that were taken."""
        with self.lock:
            return {reward for _, _, reward in self.came}


@contextmanager
def receiving(**how: object) -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver(**how)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if len(body) < int(self.headers["content-length"]):
                return  # the sender died in the middle of it
            self.send_response(receiver.take(body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_header("content-length", "0")
            self.end_headers()

        def handle(self) -> None:
            """A worker that is killed leaves its connections; that is no news."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join(5)
