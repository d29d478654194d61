"""A stand-in of leaderboard that has a digest for everyone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def run_leaderboard() -> Iterator[tuple[str, list[str]]]:
    """Yields the URL of a service that has a digest for everyone, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """Answers each request with the same digest."""

        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"subject": "Glow: growth", "text": "What moved\nNew followers: 40"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
