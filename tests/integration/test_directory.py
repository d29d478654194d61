"""The directory over a real log: every acknowledged entity is found, by every process, whatever happens to its writer."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from referral.catalog.follower import CatalogFollower
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.directory.directory_reader import DirectoryReader
from referral.directory.files import directory_files
from referral.directory.writer_thread import WriterTurn
from referral.events.entities import ApiKey, Participant
from referral.events.people import Person, people_key
from referral.log.errors import LogUnavailable, NotDurable
from referral.log.producer_connection import OutgoingRecord, ProducerConnection
from referral.log.topic_admin import ensure_topics
from referral.topics import PEOPLE
from referral_tools.stack.stack import Stack
from tests.support.records import patient
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
AT = datetime(2026, 11, 1, tzinfo=UTC)


def _participant(number: int) -> Participant:
    return Participant(id=f"psn_{number:016}", program="prg_x", code=f"AMY{number}", recorded_at=AT)


@pytest.fixture
def on_disk(environ: dict[str, str], tmp_path: Path) -> Settings:
    """Returns the settings of a host with a directory; the topics exist."""
    settings = Settings.from_env(environ | {"REFERRAL_DIRECTORY": str(tmp_path / "directory")})
    ensure_topics(settings)
    return settings


@pytest.fixture
def writer(on_disk: Settings) -> Iterator[CatalogWriter]:
    """Yields a writer of the catalog."""
    made = CatalogWriter(patient(on_disk), SystemClock())
    yield made
    made.close()


@contextmanager
def _following(settings: Settings) -> Iterator[CatalogFollower]:
    follower = CatalogFollower(settings).start()
    try:
        yield follower
    finally:
        follower.stop()


@contextmanager
def _directory_process(environ: dict[str, str], settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    own = environ | {"REFERRAL_DIRECTORY": settings.directory, "REFERRAL_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "link_issuer", "directory"]
    with subprocess.Popen(command, env=os.environ | own) as process:
        try:
            yield process
        finally:
            process.kill()


def test_every_acknowledged_entity_is_found(on_disk: Settings, writer: CatalogWriter) -> None:
    """A look-up that misses waits for the directory, so after the acknowledgement nothing is reported as unknown."""
    with _following(on_disk) as follower:
        for number in range(20):
            writer.write([_participant(number)], timeout=150)
            follower.read_to_end(30)
            assert follower.view.code(f"amy{number}") == _participant(number)
        assert follower.view.participant("psn_unknown") is None
        assert follower.stale_reason() is None
        assert len(follower.view) == 20


def test_people_and_their_tombstones_are_read(on_disk: Settings) -> None:
    """From every partition of the topic."""
    people = [
        Person(id=f"psn_{number:016}", program="prg_x", external_id=f"xhs:{number}", recorded_at=AT)
        for number in range(8)
    ]
    producer = ProducerConnection(on_disk, SystemClock(), 30_000)
    records = [
        OutgoingRecord(PEOPLE.name, number % on_disk.partitions, _encoded(person), people_key(person).encode())
        for number, person in enumerate(people)
    ]
    producer.deliver(iter(records), 30)
    with _following(on_disk) as follower:
        follower.read_to_end(30)
        assert follower.people.people_by_id([one.id for one in people]) == {one.id: one for one in people}
        first = records[0]
        producer.deliver(iter([OutgoingRecord(first.topic, first.partition, None, first.key)]), 30)
        follower.read_to_end(30)
        assert follower.people.person(people[0].id) is None
        assert follower.people.person(people[1].id) == people[1]
    producer.close()


def test_who_was_erased_is_known_as_soon_as_the_end_was_read(
    on_disk: Settings, writer: CatalogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before the writer has recorded that the file is complete: a service that is ready refuses no person for that."""
    monkeypatch.setattr(WriterTurn, "_note_complete", lambda _: None)
    writer.write([_participant(1)], timeout=150)
    with _following(on_disk) as follower:
        follower.read_to_end(30)
        assert follower.people.epoch(_participant(1).id) == 0


def _encoded(person: Person) -> bytes:
    return msgspec.json.encode(person)


def test_a_killed_writer_is_replaced(environ: dict[str, str], on_disk: Settings, writer: CatalogWriter) -> None:
    """The process that exists to write is preferred; while it is gone, a reader writes."""
    files = directory_files(on_disk)
    with _following(on_disk) as follower:
        for number in range(3):
            with _directory_process(environ, on_disk) as process:
                wait_until(lambda: _is_held(files.folder, "dedicated"))
                writer.write([_participant(number)], timeout=150)
                follower.read_to_end(30)
                assert follower.view.participant(_participant(number).id) == _participant(number)
                process.send_signal(signal.SIGKILL)
            writer.write([_participant(100 + number)], timeout=150)
            follower.read_to_end(30)
            assert follower.view.participant(_participant(100 + number).id) == _participant(100 + number)
        assert len(list(files.folder.glob("*.mdb"))) == 1


def _is_held(folder: Path, kind: str) -> bool:
    found = list(folder.glob(f"*.{kind}"))
    if not found:
        return False
    with found[0].open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_a_reader_knows_how_complete_the_file_is_without_the_broker(
    environ: dict[str, str], on_disk: Settings, writer: CatalogWriter
) -> None:
    """The writer records it: folds need a catalog of the last second, and eight of them would request the ends each second."""
    key = ApiKey(id="key_a", digest="d" * 64, name="a", scopes=("admin",), recorded_at=AT)
    writer.write([key, _participant(1)], timeout=150)
    reader = DirectoryReader(replace(on_disk, kafka="127.0.0.1:1"), lambda: False, may_write=False)
    with _directory_process(environ, on_disk):
        began = time.monotonic()

        def is_complete_again() -> bool:
            reader.poll()
            return reader.age() < min(1, time.monotonic() - began)

        for _ in range(3):
            wait_until(is_complete_again)
            began = time.monotonic()
        assert reader.view.has_api_key("d" * 64)
        assert reader.view.participant(_participant(1).id) == _participant(1)
    reader.close()


def test_a_restart_continues_where_it_stopped(on_disk: Settings, writer: CatalogWriter) -> None:
    """What was read before is there at once; keys in memory too."""
    key = ApiKey(id="key_a", digest="d" * 64, name="a", scopes=("admin",), recorded_at=AT)
    writer.write([key, *(_participant(number) for number in range(50))], timeout=150)
    for _ in range(2):
        with _following(on_disk) as follower:
            follower.read_to_end(30)
            assert follower.view.has_api_key("d" * 64)
            assert len(follower.view) == 51
        wait_until(lambda: (found := directory_files(on_disk).current()) is not None and found.closed)
    assert len(list(directory_files(on_disk).folder.glob("*.mdb"))) == 1


def test_a_full_directory_refuses_what_it_does_not_have_and_goes_on_when_there_is_room(
    on_disk: Settings, writer: CatalogWriter
) -> None:
    """Readers keep what they have; what is new is refused with the reason, also by readiness, until there is room."""
    small = replace(on_disk, directory_mb=1)
    with _following(small) as follower:
        writer.write([_participant(1)], timeout=150)
        follower.read_to_end(30)
        writer.write([_participant(number) for number in range(2, 6000)], timeout=150)
        wait_until(lambda: "cannot grow" in (follower.stale_reason() or ""))
        assert follower.view.participant(_participant(1).id) == _participant(1)
        with pytest.raises(LogUnavailable, match="REFERRAL_DIRECTORY_MB"):
            follower.view.participant(_participant(5999).id)
    with _following(on_disk) as follower:
        follower.read_to_end(30)
        assert follower.view.participant(_participant(5999).id) == _participant(5999)


def test_known_participants_are_found_while_the_broker_is_away(
    mortal: Stack, topic_prefix: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    """What is unknown is refused, as it may be on the log; after the broker is back it is found."""
    settings = replace(
        Settings.from_env(environ | {"REFERRAL_DIRECTORY": str(tmp_path / "directory")}), kafka=mortal.kafka
    )
    ensure_topics(settings)
    writer = CatalogWriter(patient(settings), SystemClock())
    writer.write([_participant(1)], timeout=150)
    with _following(settings) as follower:
        follower.read_to_end(30)
        mortal.kafka_process.kill()
        assert follower.view.participant(_participant(1).id) == _participant(1)
        with pytest.raises(LogUnavailable):
            follower.view.participant("psn_unknown")
        mortal.start_kafka()
        wait_until(lambda: _writes(writer, _participant(2)))
        wait_until(lambda: follower.stale_reason() is None)
        follower.read_to_end(30)
        assert follower.view.participant(_participant(2).id) == _participant(2)
    writer.close()


def _writes(writer: CatalogWriter, participant: Participant) -> bool:
    try:
        writer.write([participant], timeout=5)
    except NotDurable:
        return False
    return True
