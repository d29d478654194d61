"""The directory's file: resumed after a kill at any moment, and rebuilt if it is damaged, incomplete or of another log."""

import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from referral.directory import files
from referral.directory.directory_participants import StoredParticipants
from referral.directory.directory_writer import DirectoryFull, FeedRecord
from referral.directory.environment import DamagedFile, open_file
from referral.directory.file_check import check_file
from referral.directory.files import DirectoryFiles, Generation, directory_files
from referral.directory.replica import DirectoryUnavailable, Replica
from referral.directory.tables import DamagedValue, key_of, seal, unseal
from referral.events.entities import Participant
from referral.events.people import PersonErased
from tests.support.directories import IDENTITY, MAP_SIZE, open_directory, record_of
from tests.support.settings import UNREACHABLE

AT = datetime(2026, 11, 1, tzinfo=UTC)
BATCH = 50
KILLED_READER = """
import os, signal, sys
from pathlib import Path
from referral.directory.files import DirectoryFiles
from referral.directory.replica import Replica
reader = Replica(DirectoryFiles(Path(sys.argv[1]), "t."), 64 * 1024 * 1024)
reader.refresh()
transaction = reader.opened.environment.begin()
os.kill(os.getpid(), signal.SIGKILL)
"""
UNREACHABLE_ON_DISK = replace(UNREACHABLE, directory="")
WRITER = Path(__file__).parents[2] / "support" / "directory_process.py"


def _participant(number: int) -> Participant:
    id = f"psn_{number:016}"
    return Participant(id=id, program="prg_x", code=f"C{number}", mention=f"mnt_{number % 7}", recorded_at=AT)


def _records(count: int, first: int = 0) -> list[FeedRecord]:
    return [record_of(_participant(number)) for number in range(first, first + count)]


def _rebuilds(reason: str) -> float:
    return REGISTRY.get_sample_value("referral_directory_rebuilds_total", {"reason": reason}) or 0.0


def _fill(folder: Path, count: int = 2000) -> Path:
    """Writes participants. Returns the data file."""
    with open_directory(folder) as directory:
        directory.write(_records(count), count)
        assert directory.replica.generation is not None
        return directory.replica.files.data(directory.replica.generation)


def test_a_restart_continues_with_the_same_file(tmp_path: Path) -> None:
    """Nothing is rebuilt, and the position is where the last commit left it."""
    before, file = _rebuilds("new"), _fill(tmp_path)
    with open_directory(tmp_path, {"catalog/0": 2000}) as directory:
        assert directory.replica.generation is not None
        assert directory.replica.files.data(directory.replica.generation) == file
        assert directory.replica.position("catalog/0") == 2000
        assert directory.catalog().code("c1999") == _participant(1999)
    assert _rebuilds("new") == before + 1


@pytest.mark.parametrize("seed", range(3))
def test_a_writer_that_is_killed_leaves_whole_commits_only(tmp_path: Path, seed: int) -> None:
    """Killed at random moments and started again: the contents always are those of the log up to the stored position."""
    chance = random.Random(seed)
    for _ in range(4):
        command = [sys.executable, str(WRITER), str(tmp_path), str(BATCH)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        with open_directory(tmp_path) as directory:
            position = directory.replica.position("catalog/0")
            assert position % BATCH == 0
            assert len(directory.participants) == position
            assert all(directory.catalog().code(f"C{number}") == _participant(number) for number in range(position))
            assert directory.catalog().code(f"C{position}") is None
            for _ in check_file(directory.writer._file()):
                pass
    assert len(list(tmp_path.glob("*.mdb"))) == 1


def _truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _overwrite_start(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"\0" * 8192)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [_truncate, _overwrite_start, _empty, Path.unlink])
def test_a_file_that_cannot_be_opened_is_rebuilt(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Counted as damage; a reader is refused until then."""
    file, before = _fill(tmp_path), _rebuilds("damaged")
    damage(file)
    reader = Replica(DirectoryFiles(tmp_path, "t."), MAP_SIZE)
    with pytest.raises(DirectoryUnavailable, match=r"docs/runbooks/directory\.md"):
        reader.refresh()
    reader.close()
    with open_directory(tmp_path) as directory:
        assert directory.replica.position("catalog/0") == 0
        directory.write(_records(10), 10)
        assert directory.catalog().code("C9") == _participant(9)
    assert _rebuilds("damaged") == before + 1


def test_flipped_bytes_of_a_value_are_refused_and_the_file_rebuilt(tmp_path: Path) -> None:
    """No wrong answer: the reader that finds them reports them, and the writer starts a new file."""
    file, before = _fill(tmp_path), _rebuilds("damaged")
    content = bytearray(file.read_bytes())
    for start in _places(bytes(content), b'"psn_0000000000000042"'):
        content[start + 5] ^= 1
    file.write_bytes(content)
    reader = Replica(DirectoryFiles(tmp_path, "t."), MAP_SIZE)
    assert reader.refresh()
    participants = StoredParticipants(reader)
    assert participants.participant("psn_0000000000000041") == _participant(41)
    with pytest.raises(DirectoryUnavailable, match="checksum"):
        participants.participant("psn_0000000000000042")
    reader.close()
    with open_directory(tmp_path) as directory:
        assert directory.replica.position("catalog/0") == 0
    assert _rebuilds("damaged") == before + 1


def _places(content: bytes, wanted: bytes) -> list[int]:
    places, start = list[int](), content.find(wanted)
    while start >= 0:
        places.append(start)
        start = content.find(wanted, start + 1)
    return places


def test_the_writer_finds_damage_that_no_reader_met(tmp_path: Path) -> None:
    """It checks the whole file in slices after it was opened."""
    file = _fill(tmp_path)
    content = bytearray(file.read_bytes())
    for start in _places(bytes(content), b'"psn_0000000000001042"'):
        content[start + 5] ^= 1
    file.write_bytes(content)
    with open_directory(tmp_path) as directory:
        assert directory.writer.check_some(10)
        with pytest.raises(DirectoryUnavailable, match="checksum"):
            directory.writer.check_some(100_000)
        assert directory.writer.is_damaged()


def test_a_check_that_ended_its_process_is_repeated_in_another(tmp_path: Path) -> None:
    """A file that passes it is not rebuilt; one that fails it, or crashes it, is."""
    file, before = _fill(tmp_path), _rebuilds("damaged")
    files = DirectoryFiles(tmp_path, "t.")
    files.check_mark.touch()
    with open_directory(tmp_path) as directory:
        assert directory.replica.position("catalog/0") == 2000
        assert not directory.writer.check_some(1_000_000)
    assert not files.check_mark.exists()
    content = bytearray(file.read_bytes())
    for start in _places(bytes(content), b'"psn_0000000000000042"'):
        content[start + 5] ^= 1
    file.write_bytes(content)
    files.check_mark.touch()
    with open_directory(tmp_path) as directory:
        assert directory.replica.position("catalog/0") == 0
    assert _rebuilds("damaged") == before + 1


@pytest.mark.parametrize(
    ("identity", "ends", "reason"),
    [("another cluster", {}, "other_log"), (IDENTITY, {"catalog/0": 1999}, "shorter_log")],
)
def test_a_file_of_another_log_is_rebuilt(tmp_path: Path, identity: str, ends: dict[str, int], reason: str) -> None:
    """Another cluster, topics that were created again, or a log that ends before the position."""
    _fill(tmp_path)
    before = _rebuilds(reason)
    with open_directory(tmp_path, ends, identity) as directory:
        assert directory.replica.position("catalog/0") == 0
        assert directory.catalog().code("C1") is None
    assert _rebuilds(reason) == before + 1


def test_a_file_that_was_open_at_a_power_cut_is_rebuilt(tmp_path: Path) -> None:
    """It may lack writes; one that was closed before has them all."""
    _fill(tmp_path)
    files = DirectoryFiles(tmp_path, "t.")
    generation = files.current()
    assert generation is not None
    files.publish(Generation(generation.name, "the boot before", closed=True))
    with open_directory(tmp_path) as directory:
        assert directory.replica.position("catalog/0") == 2000
        directory.writer.close()
    closed = files.current()
    assert closed is not None
    assert closed.closed
    before = _rebuilds("power_cut")
    files.publish(Generation(generation.name, "the boot before", closed=False))
    with open_directory(tmp_path) as directory:
        assert directory.replica.position("catalog/0") == 0
    assert _rebuilds("power_cut") == before + 1


def test_a_reader_follows_a_rebuild(tmp_path: Path) -> None:
    """It reads the new file from the next refresh on, and one that is in the middle of a look-up ends it in the old one."""
    _fill(tmp_path)
    reader = Replica(DirectoryFiles(tmp_path, "t."), MAP_SIZE)
    assert reader.refresh()
    participants = StoredParticipants(reader)
    assert participants.participant("psn_0000000000000001") == _participant(1)
    # LMDB allows a process to have a file open once: another one rebuilds it.
    subprocess.run([sys.executable, str(WRITER), str(tmp_path), "7", "another cluster", "once"], check=True)
    assert participants.participant("psn_0000000000000100") == _participant(100)
    assert reader.refresh()
    assert participants.participant("psn_0000000000000006") == _participant(6)
    assert participants.participant("psn_0000000000000100") is None
    reader.close()


def test_a_full_file_refuses_a_commit_as_a_whole_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """Readers keep what they have, and the position stays."""
    with open_directory(tmp_path, map_size=1024 * 1024) as directory:
        directory.write(_records(100), 100)
        with pytest.raises(DirectoryFull, match=r"cannot grow.*REFERRAL_DIRECTORY_MB \(1\)"):
            directory.write(_records(20_000, first=100), 20_100)
        assert directory.replica.position("catalog/0") == 100
        assert directory.catalog().code("C99") == _participant(99)
        assert directory.catalog().code("C100") is None
    with open_directory(tmp_path) as directory:
        directory.write(_records(20_000, first=100), 20_100)
        assert directory.catalog().code("C20099") == _participant(20_099)


def test_the_default_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone may create a folder among temporary files: its contents would be theirs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = directory_files(UNREACHABLE_ON_DISK)
    files.create()
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    monkeypatch.setattr(Path, "stat", lambda self: os.stat_result((0o40700, 0, 0, 0, os.getuid() + 1, 0, 0, 0, 0, 0)))
    with pytest.raises(PermissionError, match="set REFERRAL_DIRECTORY"):
        files.create()


def test_the_places_of_killed_readers_are_freed(tmp_path: Path) -> None:
    """Otherwise the pages that they read could never be used again, and the file would grow."""
    _fill(tmp_path)
    command = [sys.executable, "-c", KILLED_READER, str(tmp_path)]
    with open_directory(tmp_path) as directory:
        ended = subprocess.run(command, check=False, cwd=Path(__file__).parents[3])
        assert ended.returncode == -signal.SIGKILL
        opened = directory.replica.opened
        assert opened is not None
        assert "no active readers" not in opened.environment.readers()
        directory.writer.clear_dead_readers()
        assert "no active readers" in opened.environment.readers()


def test_the_number_of_erasures_grows_with_each_and_with_a_rebuild(tmp_path: Path) -> None:
    """A process that derived person ids from an epoch before derives them again."""
    id = f"psn_{1:016}"
    with open_directory(tmp_path) as directory:
        before = directory.people.erasure_count()
        erasure = PersonErased(id=id, program="prg_x", epoch=1, erased=id, recorded_at=AT)
        directory.write([record_of(erasure)], 1)
        after = directory.people.erasure_count()
    with open_directory(tmp_path, {}, "another cluster") as directory:
        rebuilt = directory.people.erasure_count()
    assert before < after < rebuilt


def test_no_person_id_is_derived_from_a_file_that_was_never_complete(tmp_path: Path) -> None:
    """Its erasures may be missing: a person who was erased would be taken for the person of before."""
    with open_directory(tmp_path) as directory:
        with pytest.raises(DirectoryUnavailable, match="rebuilt"):
            directory.people.epoch("psn_0000000000000001")
        directory.write(_records(1), 1)
        assert directory.people.epoch("psn_0000000000000001") == 0


def test_keys_may_be_long_and_checksums_cover_them() -> None:
    """LMDB's keys have at most 511 bytes; a value that was moved to another key does not pass."""
    long, other = key_of("a", "ü" * 300), key_of("a", "ü" * 299 + "o")
    assert len(long) <= 511
    assert long != other
    assert unseal(long, seal(long, b"value")) == b"value"
    for sealed, key in ((seal(long, b"value"), other), (b"", long), (seal(long, b"value")[:-1], long)):
        with pytest.raises(DamagedValue):
            unseal(key, sealed)


def test_a_file_that_is_no_directory_is_damaged(tmp_path: Path) -> None:
    """Whatever it holds."""
    path = tmp_path / "file.mdb"
    path.write_bytes(msgspec.json.encode(list(range(5000))))
    with pytest.raises(DamagedFile):
        open_file(path, MAP_SIZE)


def test_a_file_that_was_not_written_for_a_week_is_rebuilt(tmp_path: Path) -> None:
    """The log may no longer have the tombstones of people who were erased meanwhile."""
    file, before = _fill(tmp_path), _rebuilds("outdated")
    week_ago = time.time() - 7 * 86_400
    os.utime(file, (week_ago, week_ago))
    with open_directory(tmp_path, {"catalog/0": 2000}) as directory:
        assert directory.replica.position("catalog/0") == 0
    assert _rebuilds("outdated") == before + 1


def test_the_file_of_another_version_of_the_program_is_removed_once_that_does_not_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would keep people who are erased from then on. The files of other logs in the folder stay."""
    monkeypatch.setattr(files, "FORMAT", 1)
    earlier, other_log = DirectoryFiles(tmp_path, "t."), DirectoryFiles(tmp_path, "other.")
    for one in (earlier, other_log):
        with one.writer_lock():
            one.data(one.new_generation()).touch()
            one.publish(one.new_generation())
    monkeypatch.undo()

    def found() -> set[str]:
        return {path.name.split("-")[2].partition(".")[0] for path in tmp_path.glob("directory-1-*.[mc]*")}

    with open_directory(tmp_path) as directory:
        with earlier.writer_lock() as held:
            assert held
            directory.writer.remove_other_formats()
            assert len(found()) == 2
        directory.writer.remove_other_formats()
        assert len(found()) == 1
        assert other_log.current() is not None
        assert directory.replica.files.current() is not None
        with earlier.writer_lock() as held:
            assert held
