"""After an erasure the directory's file is written anew: LMDB does not overwrite the pages that it frees."""

import time
from datetime import UTC, datetime
from pathlib import Path

import lmdb
import pytest

from referral.directory.directory_writer import FeedRecord
from referral.directory.file_rewrite import FileRewrite
from referral.events.people import PersonErased, Profile, people_key
from tests.support.directories import TestedDirectory, open_directory, record_of
from tests.support.stored_data import IdentifyingTexts, file_bytes

AT = datetime(2026, 11, 1, tzinfo=UTC)
NAME = "Zoe Quartz-Lindqvist"
TEXTS = IdentifyingTexts(NAME)


def profile(number: int, name: str = "Somebody") -> Profile:
    """Returns the profile of a person."""
    id = f"psn_{number:016}"
    return Profile(id=id, program="prg_x", recorded_at=AT, external_id=f"xhs:u{number}", display_name=name)


def fill(directory: TestedDirectory) -> None:
    """Writes 5,000 people, one of them Zoe."""
    directory.write(
        [record_of(profile(number, NAME if number == 2500 else "Somebody")) for number in range(5000)], 5000
    )


def erase(directory: TestedDirectory) -> None:
    """Applies Zoe's erasure."""
    zoe = profile(2500, NAME)
    ended = PersonErased(id=zoe.id, program="prg_x", recorded_at=AT, epoch=1, erased=zoe.id)
    directory.write([record_of(ended), FeedRecord("people", people_key(zoe), None)], 5002)


def rewrite(directory: TestedDirectory, seconds: float = 1.0) -> int:
    """Rewrites the file; returns the number of turns."""
    for turn in range(1, 1000):
        if directory.writer.rewrite_some(seconds, 0):
            return turn
    raise AssertionError("the file is never complete")


def test_the_bytes_of_an_erased_person_are_gone_and_all_others_are_there(tmp_path: Path) -> None:
    """Before, they are in free pages; afterwards the file before is removed, too."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        erase(directory)
        assert directory.people.profile("psn_" + f"{2500:016}") is None
        assert TEXTS.find(file_bytes(tmp_path)), "LMDB overwrites what it frees: the rewrite is needless"
        rewrite(directory)
        assert TEXTS.find(file_bytes(tmp_path)) == []
        assert directory.people.profile(profile(2501).id) == profile(2501)
        assert directory.replica.position("catalog/0") == 5002
        assert directory.people.epoch(profile(2500).id) == 1


def test_the_bytes_of_a_corrected_person_are_gone(tmp_path: Path) -> None:
    """As after an erasure; the same record again is no reason to write the file anew."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        directory.write([record_of(profile(2501))], 5001)
        assert not directory.writer.rewrite_some(1, 0)
        directory.write([record_of(profile(2500, "Zoe"))], 5002)
        assert TEXTS.find(file_bytes(tmp_path))
        rewrite(directory)
        assert TEXTS.find(file_bytes(tmp_path)) == []
        assert directory.people.profile(profile(2500).id) == profile(2500, "Zoe")


def test_nothing_is_rewritten_without_an_erasure_or_before_its_time(tmp_path: Path) -> None:
    """A file is written anew once for all erasures of a while."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        before = directory.replica.generation
        assert not directory.writer.rewrite_some(1, 0)
        erase(directory)
        assert not directory.writer.rewrite_some(1, 3600)
        assert directory.replica.generation == before
        rewrite(directory)
        assert directory.replica.generation != before
        assert not directory.writer.rewrite_some(1, 0), "it is written anew again and again"


def test_what_is_committed_meanwhile_is_in_the_new_file(tmp_path: Path) -> None:
    """Changes of copied and of uncopied entries, and positions."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        erase(directory)
        turns = 0
        while not directory.writer.rewrite_some(1e-9, 0):
            directory.write([record_of(profile(turns, f"Changed {turns}"))], 6000 + turns)
            turns += 1
        assert turns > 2
        names = [directory.people.profile(profile(number).id) for number in range(turns)]
        assert [one.display_name for one in names if one] == [f"Changed {number}" for number in range(turns)]
        assert directory.replica.position("catalog/0") == 6000 + turns - 1


def test_a_reader_of_another_process_follows_to_the_new_file(tmp_path: Path) -> None:
    """And a writer that died in the middle leaves the file before, which the next one writes anew."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        erase(directory)
        assert not directory.writer.rewrite_some(1e-9, 0)
    with open_directory(tmp_path, {"catalog/0": 5002}) as directory:
        assert directory.people.profile(profile(1).id) == profile(1)
        rewrite(directory)
        assert TEXTS.find(file_bytes(tmp_path)) == []


def test_a_full_disk_keeps_the_file_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again later, and meanwhile records are applied as before."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        erase(directory)

        def fail(_self: FileRewrite, _seconds: float) -> bool:
            raise lmdb.DiskError("No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(FileRewrite, "copy_some", fail)
            assert not directory.writer.rewrite_some(1, 0)
        directory.write([record_of(profile(1, "Changed"))], 5003)
        assert not directory.writer.rewrite_some(1, 0), "it was tried again at once"
        later = time.monotonic() + 100
        monkeypatch.setattr(time, "monotonic", lambda: later)
        rewrite(directory)
        assert TEXTS.find(file_bytes(tmp_path)) == []


def test_what_changes_after_a_rewrite_is_found(tmp_path: Path) -> None:
    """The new file counts the versions of its tables on, whatever the numbers of its transactions."""
    with open_directory(tmp_path) as directory:
        fill(directory)
        erase(directory)
        rewrite(directory)
        for name in ("Ann", "Bea", "Cid"):
            directory.write([record_of(profile(1, name))], 5003)
            assert directory.people.profile(profile(1).id) == profile(1, name)
