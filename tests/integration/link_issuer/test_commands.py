"""`referral keys` and `referral program`, against a running catalog and service."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.systems.link_issuer import LinkIssuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
GLOW = "examples/programs/glow.yaml"


@pytest.fixture
def url(issuer: LinkIssuer) -> Iterator[str]:
    """The URL of the service."""
    with serve_app(issuer.app) as address:
        yield address


def _run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environ)


def test_a_key_is_created_used_listed_and_revoked(issuer: LinkIssuer, environ: dict[str, str]) -> None:
    """Its secret is printed once and grants its scopes; after revocation it grants nothing."""
    made = _run(environ, "keys", "create", "--name", "reports", "--scope", "read", "--program", "prg_x")
    secret = made.stdout.strip()
    assert (made.exit_code, secret[:3], len(secret)) == (0, "rk_", 46)
    assert issuer.request("GET", "/v1/programs/prg_x", key=secret.removeprefix("rk_")).status_code == 404
    assert issuer.request("GET", "/v1/programs/prg_y", key=secret.removeprefix("rk_")).status_code == 403
    assert issuer.request("PUT", "/v1/programs/prg_x", {}, key=secret.removeprefix("rk_")).status_code == 403
    listed = _run(environ, "keys", "list").stdout
    [line] = [line for line in listed.splitlines() if "reports" in line]
    assert secret not in listed
    assert line.split()[1:4] == ["reports", "read", "prg_x"]
    revoked = _run(environ, "keys", "revoke", line.split()[0])
    assert revoked.exit_code == 0
    issuer.context.follower.read_to_end(30)
    assert issuer.request("GET", "/v1/programs/prg_x", key=secret.removeprefix("rk_")).status_code == 401
    assert "REVOKED" in _run(environ, "keys", "list").stdout


def test_a_rotated_key_has_two_secrets_for_the_overlap_and_keeps_its_id(
    issuer: LinkIssuer, environ: dict[str, str]
) -> None:
    """Both secrets work until the overlap ends; without an overlap the previous one is refused at once. Revoking ends both."""
    first, id_ = _created(environ, "--scope", "read", "--expires", "90d")
    second = _run(environ, "keys", "rotate", id_, "--overlap", "1d").stdout.strip()
    issuer.context.follower.read_to_end(30)
    assert [_status(issuer, secret) for secret in (first, second)] == [200, 200]
    assert sorted(row.split()[-2:][0] for row in _rows(environ, id_)) == [_day(1), _day(90)]
    third = _run(environ, "keys", "rotate", id_, "--overlap", "0d").stdout.strip()
    issuer.context.follower.read_to_end(30)
    assert [_status(issuer, secret) for secret in (first, second, third)] == [401, 401, 200]
    assert issuer.request("GET", "/v1/programs", key=second.removeprefix("rk_")).get_json()["code"] == "expired_key"
    assert _run(environ, "keys", "revoke", id_).exit_code == 0
    issuer.context.follower.read_to_end(30)
    assert [_status(issuer, secret) for secret in (first, second, third)] == [401, 401, 401]
    assert "is revoked" in _run(environ, "keys", "rotate", id_).stderr


def test_the_list_shows_when_a_secret_was_last_used(issuer: LinkIssuer, environ: dict[str, str]) -> None:
    """It is written once for many requests; a list without Redis still shows the keys."""
    secret, id_ = _created(environ, "--scope", "read")
    assert _rows(environ, id_)[0].split()[-2] == "never"
    assert {_status(issuer, secret) for _ in range(20)} == {200}
    wait_until(lambda: "never" not in _rows(environ, id_)[0])
    assert f"{datetime.now(UTC):%Y-%m-%d}" in _rows(environ, id_)[0].split()[-3]
    redis_away = _run(environ | {"REFERRAL_REDIS": "redis://127.0.0.1:1/0"}, "keys", "list")
    assert ("last uses cannot be read" in redis_away.stderr, id_ in redis_away.stdout) == (True, True)


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        ("2020-01-01", "must be in the future"),
        ("0d", "must be like 90d"),
        ("9999d", "must be like 90d"),
        ("soon", "must be like 90d"),
        ("99999999999999999999d", "must be like 90d"),
        ("0001-01-01T00:00+14:00", "must be like 90d"),
    ],
)
def test_an_end_that_makes_no_sense_is_refused(
    settings: object, environ: dict[str, str], expires: str, message: str
) -> None:
    """In the past, more than ten years ahead, or no time at all."""
    refused = _run(environ, "keys", "create", "--name", "x", "--scope", "read", "--expires", expires)
    assert (refused.exit_code != 0, message in refused.stderr) == (True, True), refused.stderr


def _created(environ: dict[str, str], *options: str) -> tuple[str, str]:
    """The secret and the id of a new key."""
    made = _run(environ, "keys", "create", "--name", "app", *options)
    assert made.exit_code == 0, made.output
    return made.stdout.strip(), made.stderr.split()[0]


def _status(issuer: LinkIssuer, secret: str) -> int:
    return issuer.request("GET", "/v1/programs", key=secret.removeprefix("rk_")).status_code


def _rows(environ: dict[str, str], id_: str) -> list[str]:
    return [line for line in _run(environ, "keys", "list").stdout.splitlines() if line.startswith(id_)]


def _day(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


def test_commands_about_keys_explain_their_errors(settings: object, environ: dict[str, str]) -> None:
    """An unknown key, an unknown scope, an invalid setting: one message each, and a non-zero exit code."""
    assert "there is no key key_none" in _run(environ, "keys", "revoke", "key_none").stderr
    assert _run(environ, "keys", "create", "--name", "x", "--scope", "everything").exit_code == 2
    wrong = _run(environ | {"REFERRAL_PARTITIONS": "many"}, "keys", "list")
    assert (wrong.exit_code, "REFERRAL_PARTITIONS" in wrong.stderr) == (1, True)


def test_a_file_becomes_a_version(url: str, tmp_path: Path) -> None:
    """A dry run, then for real; again changes nothing; a change is version 2; rejections of the service have the file's line."""
    aim = ["--url", url, "--key", "rk_admin"]
    assert "would be version 1" in _run({}, "program", "apply", GLOW, *aim, "--dry-run").stdout
    assert "version 1 is in effect" in _run({}, "program", "apply", GLOW, *aim).stdout
    assert "nothing was changed" in _run({}, "program", "apply", GLOW, *aim).stdout
    changed = tmp_path / "glow.yaml"
    changed.write_text(Path(GLOW).read_text("utf-8").replace("window_days: 30", "window_days: 14"), "utf-8")
    assert "version 2 is in effect" in _run({}, "program", "apply", str(changed), *aim).stdout
    late = tmp_path / "late.yaml"
    late.write_text("effective_from: 2020-01-01T00:00:00Z\n" + Path(GLOW).read_text("utf-8"), "utf-8")
    refused = _run({}, "program", "apply", str(late), *aim)
    assert refused.exit_code == 1
    assert f"{late}:1: /effective_from" in refused.stderr
    assert _run({}, "program", "apply", GLOW, "--url", url, "--key", "rk_links").exit_code == 1
    assert "does not respond" in _run({}, "program", "apply", GLOW, "--url", "http://127.0.0.1:1", "--key", "x").stderr


def test_versions_are_listed_and_compared(url: str, tmp_path: Path) -> None:
    """Two versions, a file with the newest, and a version with it: each difference is listed, and when it takes effect."""
    aim = ["--url", url, "--key", "rk_admin"]
    changed = tmp_path / "glow.yaml"
    changed.write_text(Path(GLOW).read_text("utf-8").replace("window_days: 30", "window_days: 14"), "utf-8")
    assert _run({}, "program", "apply", GLOW, *aim).exit_code == 0
    same = f"prg_glow: version 1 → {GLOW}\nThe rules are the same.\n"
    assert _run({}, "program", "diff", GLOW, *aim).stdout.endswith(same)
    assert _run({}, "program", "apply", str(changed), *aim).exit_code == 0
    listed = _run({}, "program", "versions", "prg_glow", *aim).stdout.splitlines()[-2:]
    assert [line.split()[0] for line in listed] == ["2", "1"]
    assert [line.partition("Z  ")[2] for line in listed] == ["1 changed: Attribution", "the first"]
    forward = "~ window_days: 30 → 14  /attribution/window_days"
    between = _run({}, "program", "diff", "prg_glow@1", "prg_glow@2", *aim).stdout
    assert "prg_glow: version 1 → version 2\nThe new rules apply from 2" in between
    assert forward in between
    assert forward in _run({}, "program", "diff", "prg_glow@1", *aim).stdout
    assert "~ window_days: 14 → 30" in _run({}, "program", "diff", GLOW, *aim).stdout
    assert "versions are 1 to 2" in _run({}, "program", "diff", "prg_glow@3", GLOW, *aim).stderr
    assert "404 unknown_program" in _run({}, "program", "versions", "prg_none", *aim).stderr
