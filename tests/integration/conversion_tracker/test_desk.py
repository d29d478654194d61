"""The desk through its pages, its API and its command, on a real log with the attribute fold."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from referral.config import Settings
from referral.people.join_proofs import claim_id, proof_code
from referral.topics import AUDIT
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.builders.participants import AMY, PROGRAM
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.processes import run_module
from tests.support.records import write_lines
from tests.support.systems.conversion_tracker import CATALOG, ConversionTracker, serve_conversion_tracker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
DESK = "/console/desk"
LIN, SUPPORT = operator("lin", "growth"), operator("su", "support")
PASTE = f"小鹿：我是{AMY.code}来的🌸\nBo2: just followed! {AMY.code.lower()}\n早早: 好用！\nMo: {AMY.code[:-1]}x\n小鹿：{AMY.code}"

THREE = "\n".join(f"{name}: {AMY.code}" for name in ("Bo2", "Cy2", "Di2"))
PEOPLE = ("xhs:bo2", "xhs:cy2", "xhs:di2")


@dataclass(frozen=True)
class Desk:
    """The service, and a browser of lin."""

    tracker: ConversionTracker
    lin: ConsoleBrowser

    def send(self, path: str, fields: dict[str, object]) -> str:
        """Returns the page after a form."""
        sent = self.lin.post(f"{path}?lang=en", fields, page=DESK)
        assert sent.status_code == 200, sent.text
        return sent.text

    def follows(self) -> list[str]:
        """Returns the people of the follows on the log."""
        return [line["person"] for line in self.tracker.decoded("events") if line["type"] == "person.followed"]

    def referrer(self, person: str) -> object:
        """Returns the code by which a person came; None without a referral."""
        found = self.tracker.person(person)
        return found["referrer"] and found["referrer"]["external_id"] if found else None

    def api(self, step: str, **more: object) -> object:
        """Returns the response to a request of the API."""
        client, headers = self.tracker.app.test_client(), {"Authorization": "Bearer rk_all"}
        return client.post(f"/v1/programs/{PROGRAM}/desk/{step}", headers=headers, **more)  # type: ignore[arg-type]


@pytest.fixture
def desk(settings: Settings, environ: dict[str, str]) -> Iterator[Desk]:
    """Conversion-tracker with the attribute fold, and an operator who may record events."""
    with ExitStack() as stack:
        tracker = stack.enter_context(serve_conversion_tracker(settings, *CATALOG, LIN, SUPPORT))
        stack.enter_context(run_module(environ, "conversion_tracker", "fold", "attribute"))
        browser = ConsoleBrowser(tracker.app)
        browser.enter(LIN)
        yield Desk(tracker, browser)


def _rows(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'name="row" value="([^"]*)"', page)]


def test_a_paste_is_checked_recorded_once_and_taken_back(desk: Desk) -> None:
    """Two friends count for Amy; the same paste again adds nothing; after the undo no one was referred."""
    page = desk.send(f"{DESK}/check", {"text": PASTE, "channel": "xiaohongshu"})
    assert "2 new · 1 to decide · 1 already here · 1 nothing" in page
    rows = _rows(page)
    fields: dict[str, object] = {"row": rows, "pick": ["0", "1"], "channel": "xiaohongshu"}
    fields |= {"evidence-0": AMY.code, "evidence-1": AMY.code, "name-0": "小鹿", "name-1": "Bo2"}
    done = desk.send(DESK, fields)
    assert "2 added." in done
    wait_until(lambda: [desk.referrer(who) for who in ("xhs:小鹿", "xhs:bo2")] == ["xhs:amy"] * 2)
    again = desk.send(f"{DESK}/check", {"text": PASTE, "channel": "xiaohongshu"})
    assert "0 new · 1 to decide · 3 already here · 1 nothing" in again
    assert "0 added." in desk.send(DESK, fields)
    assert len(desk.follows()) == 2
    undo: dict[str, object] = {"paste": _pastes(done)[0]}
    assert "2 taken back." in desk.send(f"{DESK}/undo", undo)
    wait_until(lambda: desk.referrer("xhs:小鹿") is None)
    assert "2 new" in desk.send(f"{DESK}/check", {"text": PASTE, "channel": "xiaohongshu"})
    audit = read_lines(desk.tracker.settings, AUDIT)
    actions = [re.search(rb'"action":"([a-z.]+)"', line)[1].decode() for _, line in audit]  # type: ignore[index]
    assert actions == ["desk.recorded", "desk.recorded", "desk.withdrawn"]
    assert "2 taken back." in desk.send(f"{DESK}/undo", undo)
    assert "2 added." in desk.send(DESK, fields), (
        "the form of the undo, sent twice, withdraws nothing that comes after it"
    )
    wait_until(lambda: [desk.referrer(who) for who in ("xhs:小鹿", "xhs:bo2")] == ["xhs:amy"] * 2)
    assert "2 taken back." in desk.send(f"{DESK}/undo", undo), "and is answered as before"
    checked = desk.send(f"{DESK}/check", {"text": f"小鹿：{AMY.code}\nBo2：{AMY.code}", "channel": "xiaohongshu"})
    assert "0 new · 0 to decide · 2 already here" in checked


def test_a_similar_code_is_recorded_only_as_it_was_decided(desk: Desk) -> None:
    """A code that no one has is refused with the reason."""
    rows = _rows(desk.send(f"{DESK}/check", {"text": f"Mo: {AMY.code[:-1]}X", "channel": "xiaohongshu"}))
    wrong = desk.send(DESK, {"row": rows, "pick": ["0"], "name-0": "Mo", "evidence-0": "NONE99"})
    assert "0 added." in wrong
    assert "No promoter of this program has this code or mention." in wrong
    right = desk.send(DESK, {"row": rows, "pick": ["0"], "name-0": "Mo", "evidence-0": AMY.code})
    assert "1 added." in right
    wait_until(lambda: desk.referrer("xhs:mo") == "xhs:amy")


def test_no_name_is_on_a_topic_but_people(desk: Desk) -> None:
    """Events have person ids, and their ids are made of those."""
    rows = _rows(
        desk.send(f"{DESK}/check", {"text": f"小鹿：{AMY.code} https://xhslink.com/a/bcd", "channel": "weibo"})
    )
    assert len(rows) == 2
    desk.send(
        DESK,
        {
            "row": rows,
            "pick": ["0", "1"],
            "channel": "weibo",
            "name-0": "小鹿",
            "name-1": "小鹿",
            "evidence-0": AMY.code,
        },
    )
    lines = b"\n".join(line for _, line in desk.tracker.lines("events")).decode()
    assert "小鹿" not in lines
    assert "xhslink" not in lines
    assert "post.published" in lines


def test_only_who_may_record_events_sees_the_desk(desk: Desk) -> None:
    """Support decides about referrals, and makes none."""
    browser = ConsoleBrowser(desk.tracker.app)
    browser.enter(SUPPORT)
    assert browser.get(DESK).status_code == 403
    assert browser.post(DESK, {"row": []}, page="/console/review").status_code == 403


def _workbook(*rows: tuple[object, ...]) -> bytes:
    book, out = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        _workbook(("昵称", "评论内容"), ("小鹿", f"我是{AMY.code}来的")),
        f"昵称,评论内容\n小鹿,我是{AMY.code}来的\n".encode("gb18030"),
        f"昵称\t评论内容\n小鹿\t我是{AMY.code}来的\n".encode("utf-16"),
        f"昵称;评论内容\r\n小鹿;我是{AMY.code}来的\r\n".encode("utf-8-sig"),
    ],
    ids=["xlsx", "gb18030", "utf-16", "utf-8"],
)
def test_files_of_every_form_are_read(desk: Desk, body: bytes) -> None:
    """As Excel and platforms write them."""
    answer = desk.api("check", data=body).get_json()  # type: ignore[attr-defined]
    (row,) = answer["rows"]
    assert (row["status"], row["person"], row["code"]) == ("new", "xhs:小鹿", AMY.code)


def _archive(part: bytes) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as opened:
        opened.writestr("xl/sharedStrings.xml", part)
    return archive.getvalue()


def test_a_file_that_would_fill_the_memory_is_refused(desk: Desk) -> None:
    """A small archive with large parts or many tags, one that is damaged or has entities, and too many lines."""
    bodies = {
        _archive(b"0" * 70_000_000): 413,
        _archive(b"<si/>" * 500_001): 413,
        _archive("<si/>".encode("utf-16-le") * 500_001): 413,
        _archive(b'<!DOCTYPE a [<!ENTITY b "<si/><si/>">]><a>&b;</a>'): 422,
        b"PK\x03\x04 damaged": 422,
        b"a\n" * 60_000: 413,
        b"\xd0\xcf\x11\xe0": 415,
        b"": 422,
    }
    for body, status in bodies.items():
        assert desk.api("check", data=body).status_code == status  # type: ignore[attr-defined]


def test_the_command_adds_a_file_once_and_takes_it_back(desk: Desk, tmp_path: Path) -> None:
    """With what is to be decided listed, and status 1."""
    file = tmp_path / "comments.txt"
    file.write_text(PASTE, encoding="utf-8")
    with serve_app(desk.tracker.app) as url:

        def run(*more: str) -> tuple[int, str]:
            environment = {"REFERRAL_URL": url, "REFERRAL_KEY": "rk_all"}
            done = CliRunner().invoke(main, ["import", PROGRAM, str(file), *more], env=environment)
            return done.exit_code, done.output

        assert "would add 2, to decide 1, already here 1, nothing 1" in run("--dry-run")[1]
        status, output = run()
        assert (status, "added 2, to decide 1" in output) == (1, True), output
        wait_until(lambda: desk.referrer("xhs:bo2") == "xhs:amy")
        assert "added 0, to decide 1, already here 3, nothing 1" in run()[1]
        assert "withdrew 2" in run("--undo")[1]
    wait_until(lambda: desk.referrer("xhs:bo2") is None)


def test_a_code_of_the_join_page_proves_a_handle_once_an_operator_has_ticked_it(desk: Desk) -> None:
    """Not of another person; earlier links to the wallet end, and Undo ends what it opened."""
    known = desk.tracker.context.pseudonyms
    code = proof_code(known, PROGRAM, AMY.id, "7K2M9")
    page = desk.send(f"{DESK}/check", {"text": f"xhs:amy: {code}\nBo: {code}", "channel": "xiaohongshu"})
    assert "0 new · 1 to decide · 0 already here · 1 nothing" in page
    fields = {"row": _rows(page), "pick": ["0"], "name-0": "xhs:amy", "channel": "xiaohongshu"}
    done = desk.send(DESK, fields)
    assert "1 added." in done
    claim = claim_id(known, PROGRAM, AMY.id, "7K2M9")

    def claims() -> tuple[str, ...]:
        desk.tracker.context.follower.read_to_end(30)
        access = desk.tracker.context.people.snapshot().wallet_access(AMY.id)
        return access.claims if access else ()

    wait_until(lambda: claims() == (claim,))
    assert "1 already here" in desk.send(f"{DESK}/check", {"text": f"xhs:amy: {code}", "channel": "xiaohongshu"})
    desk.send(f"{DESK}/undo", {"paste": _pastes(done)[0]})
    wait_until(lambda: claims() == ())


def _fields(desk: Desk, text: str) -> dict[str, object]:
    """Returns the form that adds the lines of a paste."""
    rows = _rows(desk.send(f"{DESK}/check", {"text": text, "channel": "xiaohongshu"}))
    names = {f"name-{index}": json.loads(row)["name"] for index, row in enumerate(rows)}
    codes = {f"evidence-{index}": json.loads(row).get("code", "") for index, row in enumerate(rows)}
    picks = [str(index) for index in range(len(rows))]
    return {"row": rows, "pick": picks, "channel": "xiaohongshu", **names, **codes}


def _record(desk: Desk, text: str) -> str:
    """Adds the lines of a paste, and returns the page after it."""
    return desk.send(DESK, _fields(desk, text))


def _pastes(page: str) -> list[str]:
    return re.findall(r'name="paste" value="([^"]+)"', page)


def test_a_paste_is_taken_back_from_the_list_once_its_page_is_lost(desk: Desk) -> None:
    """The list says who added what; a post and a follow are withdrawn; the same content can then be added again."""
    assert "3 added." in _record(desk, f"小鹿：{AMY.code} https://xhslink.com/a/bcd\nBo2: {AMY.code}")
    wait_until(lambda: [desk.referrer(who) for who in ("xhs:小鹿", "xhs:bo2")] == ["xhs:amy"] * 2)
    page = desk.lin.get(f"{DESK}?lang=en").text
    [paste] = _pastes(page)
    assert all(text in page for text in ("3 lines", "小鹿", "lin", "Undo: the paste of"))
    assert "3 taken back." in desk.send(f"{DESK}/undo", {"paste": paste})
    wait_until(lambda: [desk.referrer(who) for who in ("xhs:小鹿", "xhs:bo2")] == [None, None])
    assert "post.removed" in [line["type"] for line in desk.tracker.decoded("events")]
    assert "Taken back on" in desk.lin.get(f"{DESK}?lang=en").text
    assert "2 added." in _record(desk, f"小鹿：{AMY.code}\nBo2: {AMY.code}")
    wait_until(lambda: desk.referrer("xhs:bo2") == "xhs:amy")
    between = datetime.now(UTC)
    assert "3 taken back." in desk.send(f"{DESK}/undo", {"paste": paste}), "again: nothing that came after it"
    removed = [line["occurred_at"] for line in desk.tracker.decoded("events") if line["type"] == "post.removed"]
    assert len(removed) == 2
    assert all(datetime.fromisoformat(one) < between for one in removed), "a look at the post in between stays"
    before = len(desk.tracker.decoded("events"))
    wait_until(lambda: [desk.referrer(who) for who in ("xhs:小鹿", "xhs:bo2")] == ["xhs:amy"] * 2)
    assert len(desk.tracker.decoded("events")) == before
    assert "小鹿".encode() not in b"".join(line for _, line in read_lines(desk.tracker.settings, AUDIT))


def test_a_paste_of_another_program_or_of_no_one_is_not_taken_back(desk: Desk) -> None:
    """The page says so, and nothing is written."""
    sent = desk.lin.post(f"{DESK}/undo?lang=en", {"paste": "act_unknown"}, page=DESK)
    assert sent.status_code == 404
    assert "too long ago" in sent.text
    assert not read_lines(desk.tracker.settings, AUDIT)


def test_a_line_that_the_ingest_refuses_is_neither_listed_nor_taken_back(desk: Desk) -> None:
    """Of two lines one is of a time to come: the list and the undo have the other; a paste of it alone is not listed."""
    fields = _fields(desk, f"Bo2: {AMY.code}\nCy2: {AMY.code}")
    first, second = (json.loads(row) for row in fields["row"])  # type: ignore[attr-defined]
    later = json.dumps(second | {"occurred_at": "2099-01-01T00:00:00Z"})
    done = desk.send(DESK, fields | {"row": [json.dumps(first), later]})
    assert "1 added." in done
    assert "These lines added nothing." in done
    page = desk.lin.get(f"{DESK}?lang=en").text
    assert "1 line" in page
    assert "2 lines" not in page
    assert "1 taken back." in desk.send(f"{DESK}/undo", {"paste": _pastes(page)[0]})
    alone = desk.lin.post(DESK, fields | {"row": [later], "pick": ["0"], "name-0": "Cy2"}, page=DESK)
    assert alone.status_code == 422
    assert len(_pastes(desk.lin.get(DESK).text)) == 1


def test_an_audit_line_of_a_newer_version_is_left_out(desk: Desk) -> None:
    """During an upgrade another process writes actions that this one does not know: the desk lists the others."""
    _record(desk, f"Bo2: {AMY.code}")
    known = next(line for _, line in read_lines(desk.tracker.settings, AUDIT))
    unknown = known.replace(b"desk.recorded", b"desk.copied")
    write_lines(desk.tracker.settings, AUDIT, [("", unknown), ("", b"{"), ("", b"\xff")])
    [paste] = _pastes(desk.lin.get(DESK).text)
    assert "1 taken back." in desk.send(f"{DESK}/undo", {"paste": paste})


KILLED_AFTER_ONE_LINE = """
import json, os, signal, sys
from referral.config import Settings
from referral.log.publisher import Publisher
from tests.support.operators import ConsoleBrowser, operator
from tests.support.systems.conversion_tracker import make_app

publish = Publisher.publish

def publish_one_and_die(self, topic, lines, people=()):
    if topic.name == "events":
        publish(self, topic, lines[:1], people)
        os.kill(os.getpid(), signal.SIGKILL)
    return publish(self, topic, lines, people)

Publisher.publish = publish_one_and_die
browser, (path, fields) = ConsoleBrowser(make_app(Settings.from_env())), json.load(sys.stdin)
browser.app.extensions["referral"].follower.read_to_end(30)
browser.enter(operator("lin", "growth"))
print(browser.post(path, fields, page="/console/desk").text)
"""


def _send_and_die(environ: dict[str, str], path: str, fields: dict[str, object]) -> None:
    """Sends a form to a process that is killed once one line of it is durable."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_ONE_LINE],
        input=json.dumps([path, fields]),
        env=environ | {"PYTHONPATH": str(Path.cwd())},
        text=True,
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def test_a_paste_that_was_killed_is_completed_by_doing_it_again(desk: Desk, environ: dict[str, str]) -> None:
    """One line of three is durable, then the process is gone: the list has the paste, and nothing is doubled."""
    _send_and_die(environ, DESK, _fields(desk, THREE))
    wait_until(lambda: sum(desk.referrer(who) is not None for who in PEOPLE) == 1)
    [killed] = _pastes(desk.lin.get(f"{DESK}?lang=en").text)
    assert "2 added." in _record(desk, THREE)
    wait_until(lambda: [desk.referrer(who) for who in PEOPLE] == ["xhs:amy"] * 3)
    assert len(desk.follows()) == 3
    assert "3 taken back." in desk.send(f"{DESK}/undo", {"paste": killed}), "also what was to be added by it"
    wait_until(lambda: [desk.referrer(who) for who in PEOPLE] == [None] * 3)


def test_an_undo_that_was_killed_is_completed_by_doing_it_again(desk: Desk, environ: dict[str, str]) -> None:
    """One of three is withdrawn, then the process is gone."""
    _record(desk, THREE)
    wait_until(lambda: [desk.referrer(who) for who in PEOPLE] == ["xhs:amy"] * 3)
    [paste] = _pastes(desk.lin.get(DESK).text)
    _send_and_die(environ, f"{DESK}/undo", {"paste": paste})
    wait_until(lambda: sum(desk.referrer(who) is None for who in PEOPLE) == 1)
    assert "3 taken back." in desk.send(f"{DESK}/undo", {"paste": paste})
    wait_until(lambda: [desk.referrer(who) for who in PEOPLE] == [None] * 3)
    assert "3 new" in desk.send(f"{DESK}/check", {"text": THREE, "channel": "xiaohongshu"})
