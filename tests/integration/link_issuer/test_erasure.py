"""An erasure on a real broker: every step, a crash between any two of them, and records that arrive late."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed
from redis import Redis

from link_issuer.privacy.erasure import ErasureInProgress, PersonToErase
from link_issuer.privacy.follow_up_schedule import KEY, FollowUpSchedule, Removal
from link_issuer.privacy.follow_up_worker import FollowUpWorker
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.people import PersonErased
from referral.events.timestamps import to_datetime
from referral.log.errors import NotDurable
from tests.support.builders.participants import PROGRAM, person, profile
from tests.support.systems.erasures import EXTERNAL, ErasingSystem, serve_erasures
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def system(settings: Settings, redis: "Redis") -> Iterator[ErasingSystem]:
    """A system in which Amy is known."""
    with serve_erasures(settings, redis) as made:
        yield made


def test_an_erased_person_is_nowhere_and_comes_back_as_a_new_one(system: ErasingSystem) -> None:
    """The proof names each record; the old id is dead, the new one has no record."""
    target = system.target()
    proof = system.erasure().erase(target)
    assert proof is not None
    assert (proof.person, proof.epoch, proof.codes) == (target.id, 1, ["AMY88"])
    assert [kind.split("/")[0] for kind, _ in proof.records] == [
        "person_erased",
        "person",
        *["person_text"] * 3,
        "profile",
        "participant",
    ]
    assert all(position.offset >= 0 for _, position in proof.records)
    assert system.left(target.id) == []
    erased = system.follower.view.participant(target.id)
    assert erased is not None
    assert (erased.code, erased.erased_at is not None) == ("AMY88", True)
    again = system.target()
    assert again.id not in (target.id, target.first)
    assert again.first == target.first


def test_the_same_erasure_again_changes_nothing_and_an_unknown_person_has_none(system: ErasingSystem) -> None:
    """Whoever repeats a request after a timeout gets the proof of the same erasure; a stranger raises no epoch."""
    target = system.target()
    first = system.erasure().erase(target)
    again = system.erasure().erase(system.target())
    assert first is not None
    assert again is not None
    assert (again.person, again.epoch, again.erased_at) == (first.person, 1, first.erased_at)
    stranger = system.target("xhs:stranger")
    assert system.erasure().erase(stranger) is None
    assert system.follower.people.epoch(stranger.first) == 0


def test_who_comes_back_can_be_erased_again(system: ErasingSystem) -> None:
    """Each erasure raises the epoch and ends the id of its time."""
    ids = set()
    for epoch in (1, 2, 3):
        target = system.target()
        ids.add(target.id)
        if epoch > 1:
            system.write(changed(person(EXTERNAL), id=target.id))
        proof = system.erasure().erase(target)
        assert proof is not None
        assert (proof.epoch, proof.person) == (epoch, target.id)
        assert system.left(target.id) == []
    assert len(ids) == 3


@pytest.mark.parametrize("writes", range(4))
def test_an_erasure_that_dies_between_two_steps_is_completed_by_the_next_request(
    system: ErasingSystem, writes: int
) -> None:
    """After PersonErased, after the tombstones, after the participant, before everything."""
    target = system.target()
    try:
        system.erasure(writes).erase(target)
    except NotDurable:
        assert writes < 3
    assert system.follower.people.is_erased(target.id) == (writes > 0)
    assert system.follower.people.snapshot().profile(target.id) is None or writes == 0, "shown although they are erased"
    repeated_at = to_datetime(SystemClock().now_ms())
    proof = system.erasure().erase(system.target())
    assert proof is not None
    assert (proof.person, proof.epoch) == (target.id, 1)
    assert system.left(target.id) == []
    erased = system.follower.view.participant(target.id)
    assert erased is not None
    assert erased.erased_at is not None
    assert erased.erased_at >= repeated_at or writes == 3, "folds counted the code until then, so a refold must, too"


@pytest.mark.parametrize("writes", range(4))
def test_an_erasure_that_dies_is_completed_without_another_request(system: ErasingSystem, writes: int) -> None:
    """The follow-up is scheduled before the first record; if that was never written, it leaves the person alone."""
    target = system.target()
    try:
        system.erasure(writes).erase(target)
    except NotDurable:
        assert writes < 3
    removal = Removal(target.id, target.first, 1)
    assert {follow_up.split(" ")[1] for follow_up in scheduled(system)} == {target.id}
    assert system.erasure().follow_up(removal) == (writes in (1, 2))
    participant = system.follower.view.participant(target.id)
    assert participant is not None
    assert (system.left(target.id) == [], participant.erased_at is not None) == (writes > 0, writes > 0)


def test_an_erasure_may_be_repeated_by_the_person_id_that_it_ended(system: ErasingSystem) -> None:
    """The second one, too, which no record names as a first id: so whoever sent the id of the proof continues it."""
    first = system.target()
    assert system.erasure().erase(first) is not None
    second = system.target()
    system.write(changed(person(EXTERNAL), id=second.id))
    with pytest.raises(NotDurable):
        system.erasure(2).erase(second)
    ended = system.follower.people.erasure_that_ended(second.id)
    assert ended is not None
    assert (ended.id, ended.epoch) == (first.id, 2)
    proof = system.erasure().erase(PersonToErase(PROGRAM, second.id, ended.id))
    assert proof is not None
    assert (proof.person, proof.epoch, system.left(second.id)) == (second.id, 2, [])
    assert system.follower.people.erasure_that_ended(first.id) is None


def scheduled(system: ErasingSystem) -> list[str]:
    """Returns the follow-ups that are scheduled."""
    return [member.decode() for member in system.redis.zrange(KEY, 0, -1)]


def test_an_erasure_that_died_is_completed_although_the_person_has_come_back(system: ErasingSystem) -> None:
    """Else the records of the first id would be shown once the second one is erased, too."""
    target = system.target()
    with pytest.raises(NotDurable):
        system.erasure(1).erase(target)
    back = system.target()
    system.write(changed(person(EXTERNAL), id=back.id))
    proof = system.erasure().erase(back)
    assert proof is not None
    assert (proof.person, proof.epoch) == (back.id, 2)
    assert system.left(target.id) == system.left(back.id) == []


def test_a_record_that_arrives_late_is_never_shown_and_is_removed(system: ErasingSystem) -> None:
    """A process that had not seen the erasure writes the person's new handle after the tombstone."""
    target = system.target()
    system.erasure().erase(target)
    system.write(changed(person(EXTERNAL), handle="late"), changed(profile("amy"), display_name="Late"))
    people = system.follower.people
    assert (people.person(target.id), people.profile(target.id)) == (None, None)
    assert len(system.left(target.id)) == 2
    soon = replace(system.settings, erase_within_s=2)
    worker = FollowUpWorker(system.erasure(), schedule := FollowUpSchedule(system.redis, soon), 2)
    system.redis.delete(KEY)
    schedule.add(Removal(target.id, target.first, 1))

    def followed_up() -> bool:
        worker.run_once()
        return not system.redis.zcard(KEY)

    wait_until(followed_up)
    assert system.left(target.id) == []
    erased = people.erasure(target.first)
    assert isinstance(erased, PersonErased)
    assert erased.epoch == 1


def test_two_requests_never_erase_the_same_person_at_the_same_time(system: ErasingSystem) -> None:
    """The second one would read the epoch that the first one is about to raise."""
    target = system.target()
    system.redis.set(f"li:erasing:{target.first}", b"1", ex=30)
    with pytest.raises(ErasureInProgress):
        system.erasure().erase(target)
    with pytest.raises(ErasureInProgress):
        system.erasure().follow_up(Removal(target.id, target.first, 1))
    assert system.follower.people.epoch(target.first) == 0


def test_a_follow_up_that_must_wait_does_not_hold_up_others(system: ErasingSystem) -> None:
    """It stays scheduled, and is carried out once the other request has ended."""
    target = system.target()
    assert system.erasure().erase(target) is not None
    lock = f"li:erasing:{target.first}"
    system.redis.set(lock, b"1", ex=60)
    schedule = FollowUpSchedule(system.redis, replace(system.settings, erase_within_s=2))
    system.redis.delete(KEY)
    schedule.add(Removal(target.id, target.first, 1))
    other = system.target("xhs:other")
    schedule.add(Removal(other.id, other.first, 1))
    worker = FollowUpWorker(system.erasure(), schedule, 2)

    def waiting() -> set[str]:
        worker.run_once()
        return {member.split(" ")[1] for member in scheduled(system)}

    wait_until(lambda: waiting() == {target.id})
    system.redis.delete(lock)
    wait_until(lambda: not waiting())
