"""A webhook receiver as a platform would write one: it verifies every signature and records the messages."""

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class WebhookReceiver:
    """Accepted messages in order: (message id, event type, id of the reward or endpoint), and the newest data by that id.

    `answer` returns the status of the n-th request. `signatures` has the schemes of each request, `headers` and `body` go into
    each answer.
    """

    secret: str = ""
    public_key: str = ""
    url: str = ""
    answer: Callable[[int], int] = lambda _: 204
    received: list[tuple[str, str, str]] = field(default_factory=list)
    data: dict[str, dict[str, object]] = field(default_factory=dict)
    forged: int = 0
    requests: int = 0
    attempts: Counter[str] = field(default_factory=Counter)  # by message id
    signatures: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer_body: bytes = b""
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
        self.gate.wait(150)
        with self.lock:
            self.requests += 1
            self.attempts[headers["webhook-id"]] += 1
            self.signatures.append(len(headers["webhook-signature"].split(" ")))
            status = self.answer(self.requests)
            try:
                event = Webhook(self.secret).verify(body, headers)
                verify_ed25519(self.public_key, body, headers)
            except (WebhookVerificationError, InvalidSignature):
                self.forged += 1
                return 400
            if status < 300:
                data = event["data"]
                about = data.get("id") or data.get("webhook") or data.get("budget") or data["person"]
                self.received.append((headers["webhook-id"], event["type"], about))
                self.data[about] = event["data"]
                if 0 < self.pause_at <= len(self._rewards()):
                    self.gate.clear()
            return status

    def rewards(self) -> set[str]:
        """Returns the ids of the rewards in accepted messages."""
        with self.lock:
            return self._rewards()

    def _rewards(self) -> set[str]:
        return {reward for _, kind, reward in self.received if kind.startswith("reward.")}


def verify_ed25519(public_key: str, body: bytes, headers: dict[str, str]) -> None:
    """Raises InvalidSignature unless one of the `v1a` signatures is by this key (whpk_…)."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signatures = [one.removeprefix("v1a,") for one in headers["webhook-signature"].split(" ") if one.startswith("v1a,")]
    for number, signature in enumerate(signatures, 1):
        try:
            return key.verify(b64decode(signature), content)
        except InvalidSignature:
            if number == len(signatures):
                raise
    raise InvalidSignature


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # by default 5 connections may wait to be accepted, and further ones fail


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
            for name, value in receiver.answer_headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(receiver.answer_body)))
            self.end_headers()
            self.wfile.write(receiver.answer_body)

        def handle(self) -> None:
            """Ignores the broken connections that a killed worker leaves."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: object) -> None:
            """Writes no log."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join(150)
