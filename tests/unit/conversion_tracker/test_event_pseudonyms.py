"""What ingest writes about people: pseudonyms to the log, who they are to `people`, and nothing that identifies a device."""

import json
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.program_terms import program_terms
from conversion_tracker.ingest.recent_people import MAX_ENTRIES, RecentPeople
from conversion_tracker.ingest.validation import EventValidator, ValidationResult
from referral.catalog.view import Catalog
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.people import PeopleEntity, Person, PersonErased, PersonText
from referral.events.schemas import types_by_tag
from referral.events.screening import DisposableHandle, Screening
from referral.events.timestamps import to_ms
from referral.key_ring import KeyRing
from referral.log.errors import LogUnavailable
from referral.people.people_index import MemoryPeople
from referral.people.people_view import People, people_in_memory
from referral.people.pseudonyms import Pseudonyms
from referral.people.raw_identifiers import raw_identifier
from tests.support.builders.challenges import with_challenges
from tests.support.builders.conversion_tracker import CODE_CIPHER, TOKENS, catalog, program_version
from tests.support.builders.participants import AMY, PROGRAM, PSEUDONYMS, START, day, mention_id, person, person_id
from tests.support.builders.screening import small_program
from tests.support.settings import SIGNING_KEY

FOLLOW = {
    "type": "person.followed",
    "id": "e1",
    "program": PROGRAM,
    "person": "xhs:u",
    "occurred_at": "2026-11-03T00:00:00Z",
}
SECRETS = [
    "xhs:mallory",
    "@Mallory",
    "小满不熬夜",
    "device-of-mallory",
    "network-of-mallory",
    "xhs:tagger",
    "post/by/mallory",
]
FIELDS: dict[str, dict[str, object]] = {
    "person.followed": {"handle": SECRETS[2], "post": SECRETS[6]},
    "friend.tagged": {"by": SECRETS[5], "post": SECRETS[6]},
    "content.shown": {"post": SECRETS[6]},
    "content.shared": {"post": SECRETS[6], "participant": SECRETS[5]},
    "post.published": {"post": SECRETS[6]},
    "post.engaged": {"post": SECRETS[6], "kind": "like"},
    "post.removed": {"post": SECRETS[6]},
    "post.verified": {"post": SECRETS[6]},
    "challenge.joined": {"challenge": "glow30"},
    "post.submitted": {"challenge": "glow30", "post": SECRETS[6]},
    "submission.appealed": {"challenge": "glow30", "post": SECRETS[6]},
    "rights.given": {"post": SECRETS[6], "wording": "Yes"},
    "rights.withdrawn": {"post": SECRETS[6]},
    "post.voted": {"challenge": "glow30", "post": SECRETS[6], "author": SECRETS[5]},
    "order.paid": {"order": "o", "amount": 1, "currency": "CNY"},
    "order.refunded": {"order": "o"},
    "order.cancelled": {"order": "o"},
    "order.reinstated": {"order": "o"},
}


def _validator(people: People, pseudonyms: Pseudonyms = PSEUDONYMS) -> EventValidator:
    return EventValidator(TOKENS, pseudonyms, people, CODE_CIPHER, timedelta(minutes=5), 8192)


def _validate(validator: EventValidator, *events: dict[str, object], known: Catalog | None = None) -> ValidationResult:
    raws = [msgspec.json.encode(event) for event in events]
    return validator.validate(raws, to_ms(day(10)), lambda program: program_terms(program, known or catalog()))


def _records(result: ValidationResult) -> list[PeopleEntity]:
    return list(result.people.records.values())


def _line(result: ValidationResult) -> dict[str, object]:
    """The only line of a result."""
    [(_, line)] = result.accepted
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.parametrize("kind", types_by_tag(Fact))
def test_no_line_contains_what_identifies_a_person(kind: str) -> None:
    """Whatever the type of the event, and in whatever field."""
    sent = FOLLOW | {
        "type": kind,
        "person": SECRETS[0],
        "mention": SECRETS[1],
        "device": SECRETS[3],
        "network": SECRETS[4],
    }
    data = FIELDS.get(kind)
    result = _validate(
        _validator(people_in_memory()),
        sent | ({"data": data} if data else {}),
        known=catalog(with_challenges(program_version())),
    )
    assert result.rejected == []
    [(key, line)] = result.accepted
    text = key + line.decode()
    assert not [
        secret for secret in SECRETS if secret in text or secret.removeprefix("@").casefold() in text.casefold()
    ]
    assert json.loads(line)["person"] == person_id(SECRETS[0])
    assert json.loads(line)["mention"] == mention_id("@mallory")
    assert json.loads(line)["device"] == PSEUDONYMS.device(PROGRAM, SECRETS[3])
    assert json.loads(line)["network"] == PSEUDONYMS.network(PROGRAM, SECRETS[4])


def test_a_person_who_is_new_is_recorded_once_with_their_handle() -> None:
    """However many events of a request they have, and in whatever form their id was sent."""
    validator = _validator(people_in_memory())
    active = FOLLOW | {"type": "person.active", "id": "e2"}
    result = _validate(
        validator, active, FOLLOW | {"data": {"handle": "Mia"}}, active | {"person": " XHS:u", "id": "e3"}, active
    )
    assert _records(result) == [
        Person(id=person_id("xhs:u"), program=PROGRAM, recorded_at=day(10), external_id="xhs:u", handle="Mia")
    ]


def test_a_person_is_recorded_again_until_their_record_is_durable() -> None:
    """If Kafka did not acknowledge it, the sender sends the event again; afterwards nothing more is written."""
    validator = _validator(people_in_memory())
    first = _validate(validator, FOLLOW)
    assert len(_records(first)) == len(_records(_validate(validator, FOLLOW))) == 1
    first.people.confirm()
    assert _records(_validate(validator, FOLLOW)) == []


def test_a_person_whom_the_directory_knows_is_not_recorded() -> None:
    """Another process has recorded them."""
    assert _records(_validate(_validator(people_in_memory([person("xhs:u")])), FOLLOW)) == []


@pytest.mark.parametrize(("handle", "records"), [("Mia", 0), ("Mia2", 1), (None, 0)])
def test_a_handle_is_recorded_when_it_changes(handle: str | None, records: int) -> None:
    """The platform's name of a person is in `people` alone."""
    validator = _validator(people_in_memory([person("xhs:u", "Mia")]))
    found = _records(_validate(validator, FOLLOW | ({"data": {"handle": handle}} if handle else {})))
    assert [getattr(one, "handle", None) for one in found] == [handle] * records


def _with_patterns(number: int, days: float, *patterns: str) -> ProgramVersion:
    program = small_program(screening=Screening(disposable_handle=DisposableHandle(patterns=patterns)))
    return msgspec.structs.replace(program_version(number, day(days)), program=program)


@pytest.mark.parametrize(("at", "matches"), [(1, [0]), (4, [0, 2]), (7, [0, 1])])
def test_a_follow_has_the_patterns_of_its_time_that_its_handle_matches(at: float, matches: list[int]) -> None:
    """Those of the version that was in force when the event happened: screening applies the same version."""
    versions = _with_patterns(1, 0, "x*"), _with_patterns(2, 3, "x*", "te*"), _with_patterns(3, 6, "t*")
    event = FOLLOW | {"occurred_at": day(at).isoformat(), "data": {"handle": "Test"}}
    result = _validate(_validator(people_in_memory()), event, known=Catalog([AMY, *versions]))
    assert _line(result)["data"] == {"handle_matches": matches}


def test_only_a_follow_has_a_look_alike_form() -> None:
    """The rule `similar_id` compares it with the referrer's; other events do not need it."""
    validator = _validator(people_in_memory())
    assert _line(_validate(validator, FOLLOW | {"person": "xhs:Ámy"}))["look_alike"] == AMY.look_alike
    assert "look_alike" not in _line(_validate(validator, FOLLOW | {"type": "person.active", "person": "xhs:Ámy"}))


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("post.published", True),
        ("post.removed", True),
        ("post.verified", True),
        ("content.shown", False),
        ("friend.tagged", False),
    ],
)
def test_the_text_of_a_persons_own_post_is_kept(kind: str, kept: bool) -> None:
    """The post that they have seen, or were tagged under, may be another person's, whose erasure would not remove it."""
    post = PSEUDONYMS.post(PROGRAM, SECRETS[6])
    validator = _validator(people_in_memory([person("xhs:u")]))
    result = _validate(validator, FOLLOW | {"type": kind, "data": FIELDS[kind]})
    text = PersonText(
        id=person_id("xhs:u"), program=PROGRAM, recorded_at=day(10), text_id=post, kind="post", text=SECRETS[6]
    )
    assert _records(result) == ([text] if kept else [])
    assert _line(result)["data"]["post"] == post  # type: ignore[index] # a dictionary
    assert (
        _records(
            _validate(
                _validator(people_in_memory([person("xhs:u"), text])), FOLLOW | {"type": kind, "data": FIELDS[kind]}
            )
        )
        == []
    )


RAW = {
    "203.0.113.7": "an IP address",
    "203.0.113.7:443": "an IP address",
    "10.0.0.0/8": "an IP address",
    "2001:db8::1": "an IP address",
    "[2001:db8::1]:443": "an IP address",
    "::ffff:203.0.113.7": "an IP address",
    "490154203237518": "an IMEI",
    "49-015420-323751-8": "an IMEI",
    "amy@mail.example": "an e-mail address",
    "00:1A:2b:3c:4d:5e": "a MAC address",
    "00-1a-2b-3c-4d-5e": "a MAC address",
    "001a.2b3c.4d5e": "a MAC address",
}
HASHES = [
    "9f86d081884c7d659a2feaa0c55ad015",
    "d1",
    "abc",
    "490154203237517",
    "1234567890123456",
    "dvc_9f86-d081",
    "n+Gvdw/VQ==",
    "@home",
    "1.2.3",
    "00:1a:2b:3c:4d",
]


@pytest.mark.parametrize("text", RAW)
@pytest.mark.parametrize("name", ["device", "network"])
def test_an_identifier_in_clear_is_left_out_with_the_remedy(name: str, text: str) -> None:
    """The event counts without it, and the warning says what to send instead."""
    result = _validate(_validator(people_in_memory()), FOLLOW | {name: text})
    [warning] = result.warnings
    assert (warning.code, warning.pointer) == ("invalid_value", f"/{name}")
    assert f"`{name}` is {RAW[text]}" in warning.detail
    assert "send a keyed hash" in warning.detail
    assert text not in warning.detail
    assert name not in _line(result)


@pytest.mark.parametrize(
    ("id", "person", "is_replaced"),
    [
        ("follow-u42", "xhs:u42", True),
        ("evt_xhs:u42_1", "xhs:u42", True),
        ("woo-customers:customer.created:25", "woo:25", True),
        ("woo-orders:processing:7252", "woo:25", False),
        ("u421-u42", "xhs:u42", True),
        ("evt_0001", "xhs:u42", False),
    ],
)
def test_an_event_id_that_names_the_person_is_replaced(id: str, person: str, is_replaced: bool) -> None:
    """Platforms make ids of what happened to whom. The same id is the same event, whoever sends it again."""
    validator = _validator(people_in_memory())
    lines = [_line(_validate(validator, FOLLOW | {"id": id, "person": person})) for _ in range(2)]
    assert [line["id"] for line in lines] == [PSEUDONYMS.event(PROGRAM, id) if is_replaced else id] * 2


@pytest.mark.parametrize("text", HASHES)
def test_a_hash_is_accepted(text: str) -> None:
    """In whatever encoding; also a number whose check digit is not an IMEI's."""
    assert raw_identifier(text) is None


@given(st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16), st.binary(min_size=6, max_size=6))
def test_every_address_is_recognized(v4: int, v6: bytes, mac: bytes) -> None:
    """IPv4, IPv6 and MAC addresses, and no digest of 16 bytes or more in hexadecimal."""
    assert raw_identifier(".".join(str(v4 >> shift & 255) for shift in (24, 16, 8, 0))) == "an IP address"
    assert raw_identifier(":".join(v6.hex()[at : at + 4] for at in range(0, 32, 4))) == "an IP address"
    assert raw_identifier(":".join(f"{byte:02x}" for byte in mac)) == "a MAC address"
    assert raw_identifier(v6.hex()) is None


@given(st.text(max_size=128))
def test_any_text_is_judged(text: str) -> None:
    """Whatever a sender has as a device or a network."""
    assert raw_identifier(text) in (None, "an IP address", "a MAC address", "an IMEI", "an e-mail address")


def test_after_an_erasure_an_external_id_is_a_new_person() -> None:
    """Also in a process that had remembered the old one."""
    index = MemoryPeople()
    people = People(index)
    validator = _validator(people, Pseudonyms(KeyRing.parse("", SIGNING_KEY), people.epoch))
    _validate(validator, FOLLOW).people.confirm()
    old = person_id("xhs:u")
    index.apply(PersonErased(id=old, program=PROGRAM, recorded_at=START, epoch=1, erased=old))
    result = _validate(validator, FOLLOW)
    new = _line(result)["person"]
    assert new != old
    assert [one.id for one in _records(result)] == [new]


def test_a_request_that_began_before_an_erasure_adds_nothing_to_later_ones() -> None:
    """It may write the old id once more; whoever comes later finds the new one."""
    index = MemoryPeople()
    people = People(index)
    known = RecentPeople(Pseudonyms(KeyRing.parse("", SIGNING_KEY), people.epoch), people)
    before = known.generation()
    old = person_id("xhs:u")
    index.apply(PersonErased(id=old, program=PROGRAM, recorded_at=START, epoch=1, erased=old))
    after = known.generation()
    before.add(PROGRAM, "xhs:u")
    assert "xhs:u" not in after.of_program(PROGRAM)
    assert known.generation() is after
    assert after.add(PROGRAM, "xhs:u").id != old


def test_the_people_who_are_remembered_are_bounded() -> None:
    """Two generations; who has sent an event lately stays in the second."""
    known = RecentPeople(PSEUDONYMS, people_in_memory())
    first = known.generation()
    person = first.add(PROGRAM, "xhs:u")
    for number in range(MAX_ENTRIES):
        first.add(PROGRAM, f"xhs:{number}")
    second = known.generation()
    assert second.add(PROGRAM, "xhs:u") is person
    assert second.size == 1
    for number in range(MAX_ENTRIES):
        second.add(PROGRAM, f"xhs:more{number}")
    third = known.generation()
    assert third.older is second
    assert second.older is None


class _UnreadablePeople(MemoryPeople):
    """A directory whose file is damaged."""

    def person(self, id: str) -> Person | None:
        raise LogUnavailable("the directory", "here", "it is damaged")


def test_a_directory_that_cannot_be_read_is_no_new_person() -> None:
    """The request is answered with 503, and nothing is written: the person may have been erased."""
    validator = _validator(People(_UnreadablePeople()))
    with pytest.raises(LogUnavailable):
        _validate(validator, FOLLOW)
