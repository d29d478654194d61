"""Many look-ups in one block: they see one state of the directory, which ends with the block."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import lmdb
import msgspec
import pytest
from msgspec.structs import replace

from referral.directory.decoded_records import DecodedRecords
from referral.directory.directory_participants import StoredParticipants
from referral.directory.directory_writer import FeedRecord
from referral.directory.environment import OpenFile
from referral.directory.files import DirectoryFiles
from referral.directory.read_block import FileStates
from referral.directory.replica import DirectoryUnavailable, Replica
from referral.directory.tables import Table, key_of, version_key
from referral.events.entities import Link, Participant
from referral.events.people import Profile, people_key
from tests.support.directories import MAP_SIZE, TestedDirectory, open_directory, record_of

AT = datetime(2026, 11, 1, tzinfo=UTC)


def _participant(number: int) -> Participant:
    return Participant(id=f"psn_{number:016}", program="prg_x", code=f"AMY{number}", recorded_at=AT)


def _owner_id(participants: StoredParticipants, code: str) -> str | None:
    return participants.code_owner_ids([code]).get(code)


def _write(directory: TestedDirectory, number: int) -> None:
    directory.write([record_of(_participant(number))], number)


def test_a_block_sees_the_state_at_its_first_look_up(tmp_path: Path) -> None:
    """What is committed meanwhile is found after the block, and by other threads at once."""
    with open_directory(tmp_path) as directory, ThreadPoolExecutor(1) as other:
        find = partial(_owner_id, directory.participants)
        _write(directory, 1)
        with directory.participants.reading():
            assert find("AMY1") == _participant(1).id
            _write(directory, 2)
            assert find("AMY2") is None
            assert other.submit(find, "AMY2").result() == _participant(2).id
        assert find("AMY2") == _participant(2).id


@pytest.mark.parametrize("code", ["", "\0", "x" * 5000, "\ufdfa" * 500])
def test_any_code_may_be_looked_up(tmp_path: Path, code: str) -> None:
    """A visitor chooses it: none may look like a damaged file, which would be made again from the log."""
    with open_directory(tmp_path) as directory:
        _write(directory, 1)
        assert directory.participants.code_owner(code) is None
        assert _owner_id(directory.participants, "AMY1") == _participant(1).id


def test_a_block_within_another_belongs_to_it(tmp_path: Path) -> None:
    """Its end leaves the outer one as it is."""
    with open_directory(tmp_path) as directory:
        find = partial(_owner_id, directory.participants)
        with directory.participants.reading():
            with directory.participants.reading():
                assert find("AMY1") is None
            _write(directory, 1)
            assert find("AMY1") is None
        assert find("AMY1") == _participant(1).id


def test_a_part_of_a_block_that_is_outside_of_it_sees_what_is_new_and_so_does_the_rest(tmp_path: Path) -> None:
    """A fold that finds someone missing reads the directory to its end in the middle of a batch."""
    with open_directory(tmp_path) as directory:
        find = partial(_owner_id, directory.participants)
        with directory.participants.reading():
            assert find("AMY1") is None
            with directory.replica.outside_reading():
                _write(directory, 1)
                assert find("AMY1") == _participant(1).id
            assert find("AMY1") == _participant(1).id
            _write(directory, 2)
            assert find("AMY2") is None
        with directory.replica.outside_reading():
            assert find("AMY2") == _participant(2).id


def test_a_block_goes_on_in_the_file_that_replaced_its_own_while_it_was_left(tmp_path: Path) -> None:
    """The file is written again after erasures."""
    with open_directory(tmp_path / "old"), open_directory(tmp_path / "new") as new:
        _write(new, 1)
        reader = Replica(DirectoryFiles(tmp_path / "old", "t."), MAP_SIZE)
        assert reader.refresh()
        find = partial(_owner_id, StoredParticipants(reader))
        with reader.reading():
            assert find("AMY1") is None
            with reader.outside_reading():
                assert new.replica.generation is not None
                assert new.replica.opened is not None
                reader.adopt(new.replica.generation, new.replica.opened)
            assert find("AMY1") == _participant(1).id


def test_a_block_ends_with_an_error_in_it(tmp_path: Path) -> None:
    """The next look-up of the thread sees the newest state again."""
    with open_directory(tmp_path) as directory:
        with pytest.raises(LookupError), directory.participants.reading():
            assert _owner_id(directory.participants, "AMY1") is None
            raise LookupError
        _write(directory, 1)
        assert _owner_id(directory.participants, "AMY1") == _participant(1).id


def test_a_block_of_a_directory_without_a_file_finds_nothing(tmp_path: Path) -> None:
    """As look-ups outside of a block do."""
    participants = StoredParticipants(Replica(DirectoryFiles(tmp_path, "t."), MAP_SIZE))
    with participants.reading():
        assert participants.participant("psn_0") is None


def test_what_was_found_is_remembered_until_its_table_changes(tmp_path: Path) -> None:
    """A change of other tables is none. To show that nothing is looked up, the entry is removed without a new version."""
    with open_directory(tmp_path) as directory:
        _write(directory, 1)
        found = directory.participants.code_owner("AMY1")
        opened = directory.replica.opened
        assert opened is not None
        with opened.environment.begin(write=True) as transaction:
            assert transaction.delete(key_of(_participant(1).id), db=opened.tables[Table.PARTICIPANTS])
        directory.write([], 2)
        assert directory.participants.code_owner("AMY1") is found
        with directory.participants.reading():
            assert directory.participants.code_owner("AMY1") is found
        _write(directory, 3)
        assert directory.participants.code_owner("AMY1") is None


def test_threads_in_different_states_of_the_file_each_find_their_own(tmp_path: Path) -> None:
    """A fold in the middle of a batch sees the link as it was, and a redirect that it is disabled."""
    with open_directory(tmp_path) as directory, ThreadPoolExecutor(1) as other:
        links = [
            Link(id="lnk", code="ONE", program="prg_x", participant="psn_1", recorded_at=AT, disabled=disabled)
            for disabled in (False, True)
        ]
        find = partial(directory.participants.code_owner, "ONE")
        directory.write([record_of(links[0])], 1)
        with directory.participants.reading():
            assert find() == links[0]
            directory.write([record_of(links[1])], 2)
            for _ in range(3):
                assert other.submit(find).result() == links[1]
                assert find() == links[0]
        assert find() == links[1]


def test_what_was_found_is_not_taken_from_a_file_that_was_replaced(tmp_path: Path) -> None:
    """Numbers of transactions and versions start again in a file that is built from the log again."""
    before = _participant(1)
    after = replace(before, mention="mnt_new")
    with open_directory(tmp_path) as directory:
        reader = Replica(directory.replica.files, MAP_SIZE)
        find = partial(StoredParticipants(reader).participant, before.id)
        assert reader.refresh()
        directory.write([record_of(before)], 1)
        assert find() == before
        state = reader.state()
        directory.writer.open("another log", {})
        directory.write([record_of(after)], 1)
        assert reader.refresh()
        now = reader.state()
        assert state is not None
        assert now is not None
        assert (now.transaction, find()) == (state.transaction, after)
        reader.close()


def test_what_was_found_is_looked_up_after_a_part_outside_of_the_block(tmp_path: Path) -> None:
    """A fold that waited for what is new sees it in the rest of its batch, also of whom it knew before."""
    before = _participant(1)
    after = replace(before, mention="mnt_new")
    with open_directory(tmp_path) as directory:
        directory.write([record_of(before)], 1)
        with directory.participants.reading():
            assert directory.participants.participant(before.id) == before
            with directory.replica.outside_reading():
                directory.write([record_of(after)], 2)
            assert directory.participants.participant(before.id) == after


def test_a_profile_that_was_found_is_gone_after_its_tombstone(tmp_path: Path) -> None:
    """A removal changes the version of a table, too."""
    profile = Profile(id="psn_1", program="prg_x", recorded_at=AT, external_id="xhs:1", display_name="Zoe")
    with open_directory(tmp_path) as directory:
        directory.write([record_of(profile)], 1)
        assert directory.people.profile(profile.id) == profile
        directory.write([FeedRecord("people", people_key(profile), None)], 2)
        assert directory.people.profile(profile.id) is None


def test_only_so_many_records_are_kept(tmp_path: Path) -> None:
    """Those that were found first are forgotten, and found again by a look-up; unknown ones are not kept at all."""
    people, decoded = [_participant(number) for number in range(4100)], Counter[str]()

    def decode(raw: bytes) -> Participant:
        found = msgspec.json.decode(raw, type=Participant)
        decoded[found.id] += 1
        return found

    with open_directory(tmp_path) as directory:
        directory.write([record_of(one) for one in people], 1)
        records = DecodedRecords(directory.replica, Table.PARTICIPANTS, decode)
        for one in people:
            assert records.get(one.id) == one
            assert records.get(f"unknown-{one.id}") is None
        assert all(records.get(one.id) == one for one in people[4:])
        assert set(decoded.values()) == {1}, "4,096 are kept"
        assert records.get(people[0].id) == people[0]
        assert decoded[people[0].id] == 2


@pytest.mark.parametrize("in_block", [False, True])
def test_a_transaction_that_cannot_begin_is_unavailable_and_no_damage(tmp_path: Path, in_block: bool) -> None:
    """More readers than LMDB has places for: the request gets 503, and the file stays."""

    class Full:
        def begin(self) -> object:
            raise lmdb.ReadersFullError

    with open_directory(tmp_path) as directory:
        _write(directory, 1)
        assert directory.participants.code_owner("AMY1") is not None
        opened = directory.replica.opened
        assert opened is not None
        directory.replica.opened = OpenFile(cast("lmdb.Environment", Full()), opened.tables)
        with (
            directory.participants.reading() if in_block else nullcontext(),
            pytest.raises(DirectoryUnavailable),
        ):
            directory.participants.code_owner("AMY1")
        directory.replica.opened = opened
        assert not directory.writer.is_damaged()


def test_what_was_found_with_others_is_looked_up_after_a_change(tmp_path: Path) -> None:
    """A page of participants reads many at once, without the version of their table."""
    with open_directory(tmp_path) as directory:
        _write(directory, 1)
        before = _participant(1)
        assert directory.participants.participants_with([before.id]) == {before.id: before}
        after = replace(before, mention="mnt_new")
        directory.write([record_of(after)], 2)
        assert directory.participants.participant(before.id) == after


def test_a_transaction_that_begins_between_two_commits_makes_nothing_outdated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LMDB gives it the number of the state before the commits, and what the file has after them."""
    read_at, behind = FileStates.at, [0]
    monkeypatch.setattr(
        FileStates, "at", lambda states, opened, transaction: read_at(states, opened, transaction - behind[0])
    )
    with open_directory(tmp_path) as directory:
        valid = Link(id="lnk", code="ONE", program="prg_x", participant="psn_1", recorded_at=AT)
        other = replace(valid, code="TWO")
        directory.write([record_of(valid), record_of(other)], 1)
        find = directory.participants.code_owner
        with directory.participants.reading(), ThreadPoolExecutor(1) as pool:
            assert directory.participants.participant("psn_1") is None  # the transaction of the batch begins
            directory.write([record_of(replace(valid, disabled=True))], 2)
            _write(directory, 1)
            behind[0] = 2
            assert pool.submit(find, "TWO").result() == other
            behind[0] = 0
            assert find("ONE") == valid
        assert find("ONE") == replace(valid, disabled=True)


def test_a_directory_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """A damaged version is damage of the file: the writer makes it again from the log."""
    with open_directory(tmp_path) as directory:
        _write(directory, 1)
        opened = directory.replica.opened
        assert opened is not None
        with opened.environment.begin(write=True) as transaction:
            transaction.put(version_key(Table.CODES), b"no checksum", db=opened.tables[Table.META])
        with pytest.raises(DirectoryUnavailable, match="checksum"):
            directory.participants.code_owner("AMY1")
        assert directory.writer.is_damaged()


def test_readers_of_a_process_share_the_open_file(tmp_path: Path) -> None:
    """LMDB allows a process to open a file once; the folds of a process each read the directory. The last one closes it."""
    with open_directory(tmp_path) as directory:
        _write(directory, 1)
        second = Replica(DirectoryFiles(tmp_path, "t."), MAP_SIZE)
        assert second.refresh()
        assert second.opened is directory.replica.opened
        _write(directory, 2)
        assert _owner_id(StoredParticipants(second), "AMY2") == _participant(2).id
        second.close()
        assert _owner_id(directory.participants, "AMY2") == _participant(2).id
