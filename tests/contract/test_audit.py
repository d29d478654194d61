"""`make audit`: known vulnerabilities of locked packages are reported, and a database that cannot be reached is not a success."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

KNOWN = {
    "vulns": [
        {
            "id": "PYSEC-2099-1",
            "summary": "Ends the world",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "click"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
                }
            ],
        }
    ]
}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file of one package."""
    (tmp_path / "requirements.lock").write_text(f"click==8.3.3 --hash=sha256:{'0' * 64}\n")
    return tmp_path / "requirements.lock"


@contextmanager
def advisories(answer: object) -> Iterator[str]:
    """The URL of a database that answers every query like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Does not log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()
        thread.join(150)


def audit(lock: Path, database: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Runs the audit of a lock file against a database."""
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(lock.parent), "AUDIT_LOCK": str(lock), "AUDIT_DATABASE": database}
    return subprocess.run(["tools/audit"], env=variables | environ, capture_output=True, text=True, check=False)


def test_a_known_vulnerability_fails_the_audit(lock: Path) -> None:
    """With package, version and the advisory's id."""
    with advisories(KNOWN) as database:
        ended = audit(lock, database)
    assert ended.returncode == 1, ended.stderr
    assert "click" in ended.stdout
    assert "PYSEC-2099-1" in ended.stdout


def test_packages_without_known_vulnerabilities_pass(lock: Path) -> None:
    """The database was asked and knows none."""
    with advisories({}) as database:
        ended = audit(lock, database)
    assert (ended.returncode, "NOTHING WAS CHECKED" in ended.stderr) == (0, False), ended.stderr


@pytest.mark.parametrize(("environ", "status"), [({}, 0), ({"AUDIT_REQUIRED": "1"}, 2)])
def test_a_database_that_cannot_be_reached_is_reported(lock: Path, environ: dict[str, str], status: int) -> None:
    """Never as a success without a word; an error where the audit is required."""
    ended = audit(lock, "http://127.0.0.1:1/v1/query", **environ)
    assert ended.returncode == status
    assert "NOTHING WAS CHECKED" in ended.stderr
    assert "AUDIT_DATABASE" in ended.stderr
