"""`POST /v1/events` on a real log: accepted events are on the log, rejected ones are not, and 202 is never sent falsely."""

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from urllib.parse import quote

import msgspec
import pytest
from redis import Redis

from conversion_tracker.attribution.fold import person_key
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.store import PersonStore
from conversion_tracker.dependencies import init_app
from referral.config import Settings
from referral.events import keys
from referral.fold.state_keys import state_key
from referral.log.publisher import Publisher
from referral.topics import partition_of
from tests.support.builders.challenges import with_challenges
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM, participant, person_id
from tests.support.records import write_records
from tests.support.settings import without_log
from tests.support.systems.conversion_tracker import CATALOG, ConversionTracker, event, serve_conversion_tracker
from tests.support.waiting import is_within

pytestmark = pytest.mark.integration


@pytest.fixture
def system(settings: Settings) -> Iterator[ConversionTracker]:
    """The API without folds."""
    with serve_conversion_tracker(settings) as system:
        yield system


def test_accepted_events_are_on_the_log_in_the_partition_of_their_key_and_people_are_recorded(
    system: ConversionTracker,
) -> None:
    """A single event, an array and NDJSON, keyed by program and person; who the people are is on the log with them."""
    single, *batch = [json.dumps(event(f"xhs:{name}", code="AMY88")).encode() for name in "abcdef"]
    answers = [
        system.post(single),
        system.post(b"[" + b",".join(batch[:3]) + b"]"),
        system.post(b"\n".join(batch[3:]), mimetype="application/x-ndjson"),
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert [answer.get_json() for answer in answers] == [
        {"accepted": count, "rejected": [], "warnings": []} for count in (1, 3, 2)
    ]
    written = system.lines("events")
    sent = [msgspec.json.decode(one) for one in (single, *batch)]
    assert sorted(line["id"] for line in system.decoded("events")) == sorted(one["id"] for one in sent)
    assert sorted(line["person"] for line in system.named("events")) == sorted(one["person"] for one in sent)
    assert not any(b"xhs:" in line for _, line in written)
    assert sorted(line["external_id"] for line in system.decoded("people") if line["type"] == "person") == sorted(
        one["person"] for one in sent
    )
    assert all(
        place == partition_of(keys.person_key(PROGRAM, json.loads(line)["person"]), 4) for place, line in written
    )


def test_an_invalid_event_does_not_affect_the_others(system: ConversionTracker) -> None:
    """Each invalid event of a batch has an error and is not on the log."""
    batch = [event("xhs:a"), event("xhs:b", program="prg_none"), {"type": "clock.ticked"}, event("xhs:c")]
    answer = system.post(batch)
    assert answer.status_code == 202
    rejected = answer.get_json()["rejected"]
    assert answer.get_json()["accepted"] == 2
    assert [(one["index"], one["code"], one["pointer"]) for one in rejected] == [
        (1, "unknown_program", "/program"),
        (2, "internal_type", "/type"),
    ]
    assert sorted(line["person"] for line in system.named("events")) == ["xhs:a", "xhs:c"]


def test_an_invalid_event_does_not_affect_joining_a_challenge(settings: Settings) -> None:
    """The challenges of the program are known to requests with an invalid event, too; an unknown one is refused."""
    with serve_conversion_tracker(settings, with_challenges(program_version()), *CATALOG[1:]) as system:
        joined = event("xhs:a", "challenge.joined", data={"challenge": "glow30"})
        unknown = event("xhs:b", "challenge.joined", data={"challenge": "glow31"})
        answer = system.post([joined, {"type": "clock.ticked"}, unknown]).get_json()
        assert answer["accepted"] == 1
        assert [(one["index"], one["code"]) for one in answer["rejected"]] == [
            (1, "internal_type"),
            (2, "invalid_value"),
        ]
        assert [line["person"] for line in system.named("events")] == ["xhs:a"]


def test_what_is_wrong_with_an_accepted_event_is_in_the_response(system: ConversionTracker) -> None:
    """The event is on the log without the invalid field; what changes no attribution is said at once."""
    before = "2026-10-31T00:00:00Z"
    batch = [
        event("xhs:a", code="AMY88", mention="amy"),
        event("xhs:b", channel="rednote", click="cut"),
        event("XHS:c", code="NOBODY9"),
        event("xhs:d", kind="person.signed_up", occurred_at=before),
        event("xhs:e f"),
    ]
    answer = system.post(batch)
    found = answer.get_json()
    assert (answer.status_code, found["accepted"], [one["pointer"] for one in found["rejected"]]) == (
        202,
        4,
        ["/person"],
    )
    assert [(one["index"], one["code"], one["pointer"]) for one in found["warnings"]] == [
        (1, "invalid_value", "/channel"),
        (1, "bad_token", "/click"),
        (2, "unknown_code", "/code"),
        (3, "before_program", "/occurred_at"),
    ]
    lines = sorted(system.named("events"), key=lambda line: line["person"])
    assert [(line["person"], line["type"]) for line in lines] == [
        ("xhs:a", "person.followed"),
        ("xhs:b", "person.followed"),
        ("xhs:c", "person.followed"),
        ("xhs:d", "person.followed"),
    ]
    assert not {"channel", "click"} & set(lines[1])
    assert lines[2]["code"] == "NOBODY9"


def test_a_code_of_a_person_enrolled_just_now_is_no_unknown_code(settings: Settings) -> None:
    """The catalog is read to its end before a warning."""
    with serve_conversion_tracker(settings) as system:
        write_records(settings, [participant("new")])
        answer = system.post(event("xhs:a", code="new88。", mention="new"))
        assert answer.get_json() == {"accepted": 1, "rejected": [], "warnings": []}


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_a_compressed_body_is_accepted(system: ConversionTracker, coding: str) -> None:
    """Shippers of logs compress; a byte order mark does no harm."""
    sent = json.dumps(event("xhs:a")).encode()
    headers = {"Authorization": "Bearer rk_all", "Content-Encoding": coding}
    answer = system.app.test_client().post(
        "/v1/events", data=gzip.compress(b"\xef\xbb\xbf" + sent), headers=headers, content_type="application/json"
    )
    assert (answer.status_code, answer.get_json()) == (202, {"accepted": 1, "rejected": [], "warnings": []})
    assert [line["person"] for line in system.named("events")] == ["xhs:a"]


@pytest.mark.parametrize(
    ("body", "coding", "status", "code"),
    [
        (gzip.compress(b" " * 50_000_000), "gzip", 413, "too_large"),
        (gzip.compress(b"[" + b" " * 3_000_000 + b"]") * 2, "gzip", 413, "too_large"),
        (b"{}", "gzip", 400, "malformed_body"),
        (gzip.compress(b"{}")[:-4], "gzip", 400, "malformed_body"),
        (b"", "gzip", 400, "malformed_body"),
        (b"{}", "br", 415, "unsupported_encoding"),
        (b"{}", "gzip, gzip", 415, "unsupported_encoding"),
    ],
)
def test_a_body_that_cannot_be_decompressed_within_the_limit_is_a_problem(
    system: ConversionTracker, body: bytes, coding: str, status: int, code: str
) -> None:
    """The size limit holds for the content; a small body that would grow without bound is rejected."""
    headers = {"Authorization": "Bearer rk_all", "Content-Encoding": coding}
    answer = system.app.test_client().post("/v1/events", data=body, headers=headers, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert system.lines("events") == []


def test_a_batch_without_a_valid_event_is_a_problem(system: ConversionTracker) -> None:
    """422 with the error of each; for a single event, the detail is its error."""
    answer = system.post([event("xhs:a", surname="x"), 17])
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    problem = answer.get_json()
    assert (problem["code"], [one["code"] for one in problem["errors"]]) == (
        "events_refused",
        ["unknown_field", "wrong_type"],
    )
    assert "`surname` is not a field" in system.post(event("xhs:a", surname="x")).get_json()["detail"]
    assert system.lines("events") == []


@pytest.mark.parametrize(
    ("secret", "status", "code"),
    [
        ("rk_nobody", 401, "unknown_key"),
        ("rk_reader", 403, "missing_scope"),
        ("rk_expired", 401, "expired_key"),
        ("rk_elsewhere", 422, "events_refused"),
    ],
)
def test_the_api_key_must_be_known_have_the_scope_and_be_valid_for_the_program(
    system: ConversionTracker, secret: str, status: int, code: str
) -> None:
    """Otherwise no event is written."""
    answer = system.post(event("xhs:a"), secret)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert system.lines("events") == []


@pytest.mark.parametrize(
    ("body", "mimetype", "status"),
    [
        (b"{", "application/json", 400),
        (b"x" * (1024 * 1024 + 1), "application/json", 413),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", "application/json", 413),
        (b"a=b", "application/x-www-form-urlencoded", 415),
    ],
)
def test_an_unsupported_body_is_a_problem(system: ConversionTracker, body: bytes, mimetype: str, status: int) -> None:
    """Cannot be parsed, too large, too many events, another media type: rejected as a whole, with a code."""
    answer = system.post(body, mimetype=mimetype)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["code"]


@pytest.mark.parametrize("filler", [b"\n", json.dumps(event("xhs:a")).encode() + b" " * 2000 + b"\n"])
def test_a_chunked_body_above_the_maximum_is_rejected_as_a_whole(system: ConversionTracker, filler: bytes) -> None:
    """Without Content-Length: no event is accepted, not even those before the limit."""
    body = BytesIO(filler * (system.settings.max_body // len(filler) + 1))
    sent = {"Authorization": "Bearer rk_all", "Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
    over = {"wsgi.input": body, "wsgi.input_terminated": True}
    answer = system.app.test_client().post("/v1/events", headers=sent, environ_overrides=over)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
    assert system.lines("events") == []


def test_a_log_that_does_not_answer_is_a_503_within_two_seconds(system: ConversionTracker) -> None:
    """The response has the time to wait before sending it again."""
    away = Publisher(without_log(system.settings))
    system.app.extensions["conversion-tracker"] = replace(system.collaborators, publisher=away)
    began = time.monotonic()
    answer = system.post([event("xhs:a"), event("xhs:b")])
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert is_within(2, began)
    away.close()
    init_app(system.app)
    assert system.lines("events") == []


def test_overload_is_rejected_at_once(system: ConversionTracker) -> None:
    """No event of the batch is accepted."""
    narrow = Publisher(replace(system.settings, max_in_flight=2))
    system.app.extensions["conversion-tracker"] = replace(system.collaborators, publisher=narrow)
    answer = system.post([event("xhs:a"), event("xhs:b")])
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert system.post(event("xhs:c")).status_code == 202
    narrow.close()
    init_app(system.app)
    assert [line["person"] for line in system.named("events")] == ["xhs:c"]


def test_a_program_that_was_just_applied_is_known(settings: Settings) -> None:
    """A program is reported as unknown only after the catalog was read to its end."""
    with serve_conversion_tracker(settings, *CATALOG[1:]) as system:
        assert system.post(event("xhs:a")).status_code == 422
        write_records(settings, [program_version()])
        assert system.post(event("xhs:a")).status_code == 202


@pytest.mark.parametrize("person", ["xhs:a/b", "https://xhs.example/u/1", "a/rewards"])
def test_a_person_whose_id_has_slashes_has_a_page(system: ConversionTracker, redis: "Redis", person: str) -> None:
    """Any accepted id can be looked up: it is the platform's, and may be a URL."""
    id = person_id(person)
    place = state_key("ct", "attribute", partition_of(keys.person_key(PROGRAM, id), 4), person_key(PROGRAM, id))
    system.post(event(person, kind="person.active"))
    system.context.follower.read_to_end(30)
    redis.set(place, msgspec.msgpack.encode(Person()))
    for written in (quote(person, safe=""), quote(person)):
        answer = system.get(f"/v1/programs/{PROGRAM}/people/{written}")
        assert (answer.status_code, answer.get_json()["external_id"]) == (200, person)


def test_a_person_is_503_without_redis_and_404_if_unknown(system: ConversionTracker) -> None:
    """Reading needs Redis; accepting events does not."""
    path = f"/v1/programs/{PROGRAM}/people/xhs:amy"
    assert (system.get(path).status_code, system.get(path).get_json()["code"]) == (404, "unknown_person")
    assert system.get("/v1/programs/prg_none/people/x").get_json()["code"] == "unknown_program"
    assert system.get(path, "rk_elsewhere").status_code == 403
    nowhere = PersonStore(Redis.from_url("redis://127.0.0.1:1/0"), system.settings.partitions)
    system.app.extensions["conversion-tracker"] = replace(system.collaborators, people=nowhere)
    answer = system.get(path)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert system.post(event("xhs:a")).status_code == 202
