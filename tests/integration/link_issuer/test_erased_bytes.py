"""After an erasure and compaction the broker has nothing that identifies the person; a step that is left out is noticed."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace as changed
from redis import Redis

from link_issuer.privacy.erasure import Erasure
from link_issuer.privacy.follow_up_schedule import KEY, FollowUpSchedule
from link_issuer.privacy.follow_up_worker import FollowUpWorker
from referral.config import Settings
from referral.events.line import type_tag
from referral.events.people import PersonText
from referral.log.producer_connection import RecordPosition
from referral.log.topic_admin import ensure_topics
from tests.support.builders.participants import PROGRAM, START, participant, profile
from tests.support.stored_data import IdentifyingTexts, all_records, redis_values
from tests.support.systems.erasures import EXTERNAL, ErasingSystem, serve_erasures
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
NOTE = "she called about her follower count"
AMY = IdentifyingTexts(EXTERNAL, "amy_handle", "Amy Zhou-Lindqvist", "@amy_zhou", "amy.zhou@example.com", NOTE)
_COMPACTED_S = 120


@pytest.fixture
def system(environ: dict[str, str], redis: "Redis") -> Iterator[ErasingSystem]:
    """A system whose topic of people is compacted within seconds; Amy has a profile with everything, and a note."""
    settings = Settings.from_env(environ | {"REFERRAL_ERASE_WITHIN_S": "4"})
    ensure_topics(settings)
    with serve_erasures(settings, redis) as made:
        full = changed(
            profile("amy", "Amy Zhou-Lindqvist"),
            mention="@amy_zhou",
            contact="amy.zhou@example.com",
            consents=("messages",),
        )
        id = participant("amy").id
        note = PersonText(
            id=id, program=PROGRAM, recorded_at=START, text_id="txt_0000000000000009", kind="note", text=NOTE
        )
        made.write(full, note)
        yield made


def erase(system: ErasingSystem, erasure: Erasure) -> None:
    """Erases Amy and carries out what follows, until nothing is scheduled."""
    assert erasure.erase(system.target()) is not None
    worker = FollowUpWorker(erasure, FollowUpSchedule(system.redis, system.settings), system.settings.erase_within_s)

    def followed_up() -> bool:
        worker.run_once()
        return not system.redis.zcard(KEY)

    wait_until(followed_up)


def records_left(system: ErasingSystem) -> list[str]:
    """Returns where the broker still has something of Amy."""
    return AMY.find(all_records(system.settings))


def test_compaction_removes_every_byte(system: ErasingSystem) -> None:
    """Of a broker that is otherwise idle: the segment is closed by the follow-up, not by other people's records."""
    assert len(records_left(system)) >= 6
    erase(system, system.erasure())
    wait_until(lambda: not records_left(system), _COMPACTED_S)
    assert AMY.find(redis_values(system.redis)) == []
    assert [one.place for one in all_records(system.settings) if b"person_erased/" in one.content]


class Forgetful:
    """A part of the erasure that has forgotten a kind of record: neither sees it nor writes a tombstone or record of it."""

    def __init__(self, whole: Any, kind: str) -> None:
        self._whole, self._kind = whole, kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def record_keys(self, person: str) -> list[str]:
        """The keys of the other kinds."""
        return self._others(self._whole.record_keys(person))

    def write(self, entities: Sequence[Any], tombstones: Sequence[str] = ()) -> list[RecordPosition]:
        """Writes the other kinds; returns a position for each, as if all had been written."""
        others = [one for one in entities if type_tag(one) != self._kind]
        if others or tombstones:
            self._whole.write(others, *([self._others(tombstones)] if tombstones else []))
        return [RecordPosition("", 0, 0)] * (len(entities) + len(tombstones))

    def _others(self, keys: Sequence[str]) -> list[str]:
        return [key for key in keys if not key.startswith(f"{self._kind}/")]


def forgetful_erasure(system: ErasingSystem, kind: str) -> Erasure:
    """Returns an erasure that leaves a step out."""
    erasure, follower = system.erasure(), Forgetful(system.follower, kind)
    erasure._follower = follower  # type: ignore[assignment] # the fault that is tested
    follower.people = Forgetful(system.follower.people, kind)
    erasure._people_writer = Forgetful(erasure._people_writer, kind)  # type: ignore[assignment]
    erasure._catalog_writer = Forgetful(erasure._catalog_writer, kind)  # type: ignore[assignment]
    return erasure


FORGOTTEN = {"person": "amy_handle", "profile": "Amy Zhou-Lindqvist", "person_text": NOTE}


@pytest.mark.parametrize("kind", FORGOTTEN)
def test_a_step_that_is_left_out_is_found_after_compaction(system: ErasingSystem, kind: str) -> None:
    """The search finds what a forgotten tombstone leaves, once everything else is gone."""
    erase(system, forgetful_erasure(system, kind))
    others = IdentifyingTexts(*(text for other, text in FORGOTTEN.items() if other != kind))
    wait_until(lambda: not others.find(all_records(system.settings)), _COMPACTED_S)
    assert IdentifyingTexts(FORGOTTEN[kind]).find(all_records(system.settings))


def test_without_the_record_of_the_erasure_the_person_would_come_back_as_the_same(system: ErasingSystem) -> None:
    """This is what the first step is for."""
    target = system.target()
    forgetful_erasure(system, "person_erased").erase(target)
    assert system.target().id == target.id


def test_without_the_mark_the_code_would_give_credit(system: ErasingSystem) -> None:
    """This is what the last step is for."""
    target = system.target()
    forgetful_erasure(system, "participant").erase(target)
    left = system.follower.view.participant(target.id)
    assert left is not None
    assert left.erased_at is None
