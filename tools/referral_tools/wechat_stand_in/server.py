"""The HTTP API of the stand-in, on a free port of this machine."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from referral_tools.wechat_stand_in.account import Account, ApiError


class _ApiServer(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def _answer(account: Account, path: str, body: bytes) -> dict[str, object]:
    """The answer to a request. Raises ApiError."""
    where, query = urlsplit(path), parse_qs(urlsplit(path).query)
    if where.path == "/cgi-bin/stable_token":
        asked = json.loads(body)
        return account.token(asked["appid"], asked["secret"], force=bool(asked.get("force_refresh")))
    account.require_token(query.get("access_token", [""])[0])
    match where.path:
        case "/cgi-bin/message/custom/send":
            return account.send(json.loads(body))
        case "/cgi-bin/message/subscribe/bizsend":
            return account.notify(json.loads(body))
        case "/cgi-bin/media/upload":
            return account.upload(body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0])
        case "/cgi-bin/qrcode/create":
            asked = json.loads(body)
            scene = asked["action_info"]["scene"]["scene_str"]
            return account.create_scene(asked["action_name"], scene, asked.get("expire_seconds"))
    raise ApiError(404, "no such interface")


@contextmanager
def serve_account(account: Account, port: int = 0) -> Iterator[str]:
    """Yields the address of the API of an account."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(account.delay_s)
            with account.lock:
                try:
                    answer = _answer(account, self.path, body)
                except ApiError as error:
                    account.errors[error.code] += 1
                    answer = {"errcode": error.code, "errmsg": str(error)}
            sent = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def handle(self) -> None:
            """Ignores the broken connections that a killed worker leaves."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: object) -> None:
            """Writes no log."""

    with _ApiServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(5)
