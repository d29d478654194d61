"""Files of guides: each program has its own, whatever names and links it contains; and what a person sees if one is missing."""

from collections.abc import Iterator
from dataclasses import replace as with_fields
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reward_dispatcher.domain.account import Account, new_account
from reward_dispatcher.guide_files import GuideFiles
from reward_dispatcher.http_api.app import app as make_app
from tests.support.builders.participants import PROGRAM
from tests.support.builders.reward_dispatcher import grant
from tests.support.settings import UNREACHABLE

OTHER = "prg_other"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A guide of each of two programs, one in the old layout, and a file outside."""
    for program in (PROGRAM, OTHER):
        (tmp_path / "guides" / program).mkdir(parents=True)
    (tmp_path / "guides" / PROGRAM / "skincare-secrets.pdf").write_bytes(b"%PDF glow")
    (tmp_path / "guides" / OTHER / "own.pdf").write_bytes(b"%PDF other")
    (tmp_path / "guides" / "old.pdf").write_bytes(b"%PDF old")
    (tmp_path / "secret.pdf").write_bytes(b"secret")
    return tmp_path / "guides"


def test_a_program_reaches_its_own_files_only(root: Path) -> None:
    """Neither the file of another brand's program, nor one that belongs to none."""
    files = GuideFiles(root)
    assert files.find(PROGRAM, "skincare-secrets.pdf") == root / PROGRAM / "skincare-secrets.pdf"
    assert files.find(OTHER, "skincare-secrets.pdf") is None
    assert files.find(PROGRAM, "old.pdf") is None
    assert (files.names(PROGRAM), files.names("prg_none")) == (("skincare-secrets.pdf",), ())


@pytest.mark.parametrize(
    "name",
    [
        "../prg_glow/skincare-secrets.pdf",
        "..",
        ".",
        "",
        "/etc/passwd",
        "a/b.pdf",
        "..\\x",
        "own.pdf\n",
        "own.pdf\x00",
        ".env",
    ],
)
def test_a_name_leads_to_no_other_folder(root: Path, name: str) -> None:
    """A rule names a file, never a path."""
    assert GuideFiles(root).find(OTHER, name) is None


@pytest.mark.parametrize("program", ["..", ".", "", "prg_glow/../prg_other", "PRG_GLOW", "guides"])
def test_only_ids_of_programs_are_folders(root: Path, program: str) -> None:
    """Whatever a line of the log contains."""
    assert GuideFiles(root).find(program, "own.pdf") is None
    assert GuideFiles(root).names(program) == ()


def test_a_link_out_of_the_folder_is_not_followed(root: Path) -> None:
    """To another program, out of the folder of all guides, in a circle, or by a linked folder."""
    (root / OTHER / "stolen.pdf").symlink_to(root / PROGRAM / "skincare-secrets.pdf")
    (root / OTHER / "outside.pdf").symlink_to(root.parent / "secret.pdf")
    (root / OTHER / "circle.pdf").symlink_to(root / OTHER / "circle.pdf")
    (root / "prg_link").symlink_to(root / PROGRAM)
    files = GuideFiles(root)
    assert [files.find(OTHER, f"{name}.pdf") for name in ("stolen", "outside", "circle")] == [None] * 3
    assert files.find("prg_link", "skincare-secrets.pdf") is None
    assert files.names(OTHER) == ("own.pdf",)


def test_a_link_inside_the_folder_works(root: Path) -> None:
    """Kubernetes mounts the files of a volume as links into a folder beside them."""
    (root / OTHER / "..data").mkdir()
    (root / OTHER / "..data" / "mounted.pdf").write_bytes(b"%PDF")
    (root / OTHER / "mounted.pdf").symlink_to(Path("..data") / "mounted.pdf")
    assert GuideFiles(root).find(OTHER, "mounted.pdf") == root / OTHER / "..data" / "mounted.pdf"


def test_a_file_of_the_former_layout_is_named_with_where_to_move_it(root: Path) -> None:
    """Before, all programs shared one folder."""
    files = GuideFiles(root)
    assert files.misplaced() == ("old.pdf",)
    assert files.place(PROGRAM, "old.pdf") == (
        "prg_glow/old.pdf in the folder REFERRAL_GUIDES: move old.pdf there, as each program has a folder of its own"
    )
    assert files.place(PROGRAM, "new.pdf") == "prg_glow/new.pdf in the folder REFERRAL_GUIDES"


@given(st.text(max_size=40), st.text(max_size=40))
def test_every_file_that_is_found_is_in_the_programs_folder(program: str, name: str) -> None:
    """Whatever the names."""
    root = Path("examples/guides").resolve()
    found = GuideFiles(root).find(program, name)
    assert found is None or found.parent == root / program


class _Ledger:
    """The ledger with one reward."""

    def __init__(self, account: Account | None) -> None:
        self.held = account

    def account(self, reward: str) -> Account | None:
        """Returns it."""
        return self.held


class _Downloads:
    """Counts downloads, beginning at `seen`."""

    seen = 0

    def count(self, link: str) -> int:
        """Returns the number of this one."""
        self.seen += 1
        return self.seen


@pytest.fixture
def guides(root: Path) -> Iterator[tuple[FlaskClient, _Ledger, str]]:
    """A client of the service, its ledger, and a download link of the reward."""
    app = make_app(with_fields(UNREACHABLE, guides=str(root)))
    fulfilled = replace(new_account(grant()), kind="guide", status="fulfilled", file="skincare-secrets.pdf")
    ledger = _Ledger(fulfilled)
    app.extensions["rewards"] = with_fields(app.extensions["rewards"], store=ledger, downloads=_Downloads())
    in_an_hour = app.extensions["referral"].clock.now_ms() + 3_600_000
    yield app.test_client(), ledger, app.extensions["rewards"].tokens.sign_guide("rwd_1", in_an_hour)
    app.extensions["referral"].close()


def test_another_brands_program_never_gets_the_guide(guides: tuple[FlaskClient, _Ledger, str]) -> None:
    """Its rule names the same file: its people get a page, the program that has the file the guide."""
    client, ledger, token = guides
    assert client.get(f"/g/{token}").data == b"%PDF glow"
    assert ledger.held is not None
    ledger.held = replace(ledger.held, program=OTHER)
    answer = client.get(f"/g/{token}")
    assert answer.status_code == 404
    assert b"%PDF" not in answer.data


def test_a_person_gets_a_page_in_their_language_and_a_program_a_problem(
    guides: tuple[FlaskClient, _Ledger, str],
) -> None:
    """For a missing file, a reward that was revoked, and an invalid link."""
    client, ledger, token = guides
    assert ledger.held is not None
    missing, revoked = replace(ledger.held, file="gone.pdf"), replace(ledger.held, status="revoked")
    for account, link, status, code, title in (
        (missing, token, 404, "no_such_guide", "Your guide is not here yet"),
        (revoked, token, 410, "reward_gone", "This reward is not available"),
        (missing, token[:-1], 404, "unknown_link", "This link is incomplete"),
    ):
        ledger.held = account
        page = client.get(f"/g/{link}", headers={"Accept": "text/html", "Accept-Language": "en"})
        assert (page.status_code, page.mimetype) == (status, "text/html")
        assert title in page.text
        assert title not in client.get(f"/g/{link}", headers={"Accept-Language": "zh-CN"}).text
        problem = client.get(f"/g/{link}", headers={"Accept": "application/json"})
        assert (problem.status_code, problem.get_json()["code"]) == (status, code)


def test_a_part_of_a_guide_is_returned_as_http_defines_it(guides: tuple[FlaskClient, _Ledger, str]) -> None:
    """One range, to or from the end; several, or none that is one, are the whole; `If-Range` protects against another file."""
    client, _, token = guides
    whole = client.get(f"/g/{token}")
    assert whole.headers["Accept-Ranges"] == "bytes"
    for asked, status, body, where in (
        ("bytes=0-3", 206, b"%PDF", "bytes 0-3/9"),
        ("bytes=5-", 206, b"glow", "bytes 5-8/9"),
        ("bytes=-2", 206, b"ow", "bytes 7-8/9"),
        ("bytes=0-1,3-4", 200, b"%PDF glow", None),
        ("lines=0-1", 200, b"%PDF glow", None),
        ("bytes=x", 200, b"%PDF glow", None),
    ):
        answer = client.get(f"/g/{token}", headers={"Range": asked})
        assert (answer.status_code, answer.data, answer.headers.get("Content-Range")) == (status, body, where), asked
    behind = client.get(f"/g/{token}", headers={"Range": "bytes=9-"})
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, "bytes */9")
    for tag, status in ((whole.headers["ETag"], 206), ('"another"', 200)):
        again = client.get(f"/g/{token}", headers={"Range": "bytes=0-3", "If-Range": tag})
        assert again.status_code == status


def test_a_link_is_for_fifty_downloads_and_a_continued_one_counts_once(
    guides: tuple[FlaskClient, _Ledger, str],
) -> None:
    """What is passed on to a crowd ends; a download that is continued in parts does not use it up."""
    client, _, token = guides
    for number in range(60):
        assert client.get(f"/g/{token}", headers={"Range": f"bytes={1 + number % 8}-"}).status_code == 206
    for _ in range(50):
        assert client.get(f"/g/{token}").status_code == 200
    page = client.get(f"/g/{token}", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert page.status_code == 410
    assert "This download link was used too often" in page.text
