"""Pools of codes over HTTP, on a real Kafka and Redis: uploads in every form, verdicts by line, void codes, levels."""

import gzip
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.pool_rules import PoolRules
from referral.events.pools import SEGMENT_CODES
from tests.support.builders.participants import AMY, person_id
from tests.support.builders.reward_dispatcher import FIRST20, grant, reward_terms
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
CODES = "/v1/programs/prg_glow/pools/{}/codes".format
POOLS = "/v1/programs/prg_glow/pools"


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """The service with the folds of ledger and pools; a rule gives codes of the pool `vip`, which is low below three."""
    with (
        serve_reward_dispatcher(settings, environ) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
        run_module(system.environ, "reward_dispatcher", "fold", "pools"),
    ):
        terms = reward_terms(replace(FIRST20, pool="vip", expires_days=None), version=2)
        terms = replace(terms, program=replace(terms.program, pools={"vip": PoolRules(low_water=3)}))
        system.apply(replace(terms, recorded_at=AMY.recorded_at))
        yield system


def _upload(
    system: RewardDispatcher, content: bytes | str, kind: str, pool: str = "vip", **options: Any
) -> httpx.Response:
    headers = {"Content-Type": kind, **options.pop("headers", {})}
    return system.client.put(CODES(pool), content=content, headers=headers, **options)


def _pool(system: RewardDispatcher, name: str = "vip") -> dict[str, Any]:
    def find() -> dict[str, Any] | None:  # the catalog may not have the program's version yet
        return next((one for one in system.client.get(POOLS).json()["items"] if one["pool"] == name), None)

    return wait_until(find)


def _metrics(system: RewardDispatcher) -> dict[str, float]:
    lines = system.client.get("/metrics").text.splitlines()
    found = [re.fullmatch(r'referral_pool_(\w+)\{pool="vip",program="prg_glow"\} (.+)', line) for line in lines]
    return {one[1]: float(one[2]) for one in found if one}


def _counts(answer: httpx.Response) -> tuple[int, int, int]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["accepted"], body["duplicates"], body["refused"]


def test_codes_are_uploaded_as_json_csv_and_text(system: RewardDispatcher) -> None:
    """Also compressed, in UTF-16, with another column, and in parts of any size; a line without a code is named."""
    assert _counts(_upload(system, json.dumps({"codes": ["A1", "A2"]}), "application/json")) == (2, 0, 0)
    assert _counts(_upload(system, json.dumps(["A3", "A\\u0034"]), "application/json")) == (2, 0, 0)
    assert _counts(_upload(system, "\ufeffB1\r\nB2\r\n\r\n", "text/plain")) == (2, 0, 0)
    assert _counts(_upload(system, "B3\n".encode("utf-16"), "text/plain")) == (1, 0, 0)
    table = 'value;code\n20%;"C1"\n20%;C2\n;\n'
    assert _counts(_upload(system, table, "text/csv", params={"column": "code"})) == (2, 0, 0)
    assert _counts(_upload(system, table.replace("C", "D"), "text/csv", params={"column": "2"})) == (2, 0, 1)
    packed = gzip.compress(b"E1\nE2\n") + gzip.compress(b"E3\n")
    assert _counts(_upload(system, packed, "text/plain", headers={"Content-Encoding": "gzip"})) == (3, 0, 0)
    parts = (bytes([one]) for one in b"F1\r\nF2\rF3")
    chunked = system.client.put(CODES("vip"), content=parts, headers={"Content-Type": "text/plain"})
    assert _counts(chunked) == (3, 0, 0)
    assert _pool(system)["uploaded"] == 17


def test_a_verdict_for_each_line_that_adds_no_code(system: RewardDispatcher) -> None:
    """The other lines are added; the pool that has a code is named. A repeated upload adds nothing."""
    assert _counts(_upload(system, "ONE-1\n", "text/plain", "spring")) == (1, 0, 0)
    lines = "code\nTWO-2\nx,y\nTWO-2\none-1\nTHREE-3\n"
    answer = _upload(system, lines, "text/plain", "summer")
    assert _counts(answer) == (2, 1, 3)
    body = answer.json()
    assert [(one["line"], one["reason"]) for one in body["lines"]] == [
        (1, "invalid"),
        (3, "invalid"),
        (4, "duplicate"),
        (5, "other_pool"),
    ]
    assert "line 1 looks like a header" in body["lines"][0]["detail"]
    assert "is in pool spring already" in body["lines"][3]["detail"]
    assert "rules name vip" in body["warning"]
    assert _counts(_upload(system, lines, "text/plain", "summer")) == (0, 3, 3)


_Refused = tuple[bytes | str, str, dict[str, Any], int, str]
UNREADABLE: list[_Refused] = [
    ("\n\n", "text/plain", {}, 422, "no_codes"),
    ("x,y\n", "text/plain", {}, 422, "no_codes"),
    ('{"codes": ["A1", 5]}', "application/json", {}, 400, "malformed_body"),
    ('{"codes": ["A1"', "application/json", {}, 400, "malformed_body"),
    ('{"code": "A1"}', "application/json", {}, 400, "malformed_body"),
    (b"A1\n\xff\xfe\xfd", "text/plain", {}, 400, "malformed_body"),
    ("x" * 100_000, "text/plain", {}, 400, "malformed_body"),
    ("code\nA1\n", "text/csv", {"params": {"column": "kode"}}, 422, "unknown_column"),
    ("A1", "application/pdf", {}, 415, "unsupported_media_type"),
    ("A1", "text/plain", {"headers": {"Content-Encoding": "br"}}, 415, "unsupported_encoding"),
    ("A1", "text/plain", {"headers": {"Content-Encoding": "gzip"}}, 400, "malformed_body"),
    (
        gzip.compress(b"\n" * 2_100_000),
        "text/plain",
        {"headers": {"Content-Encoding": "gzip"}},
        413,
        "too_many_codes",
    ),
]
"""Content, type, options of the request; status and code of the answer."""


def test_an_upload_that_cannot_be_read_is_refused(settings: Settings, environ: dict[str, str]) -> None:
    """With what is wrong and what to do, before any fold decides."""
    with serve_reward_dispatcher(settings, environ) as system:
        for content, kind, options, status, code in UNREADABLE:
            answer = _upload(system, content, kind, **options)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_names_of_pools_and_other_bodies_keep_their_limits(system: RewardDispatcher) -> None:
    """Only an upload may be larger than REFERRAL_MAX_BODY."""
    for name in ("généré", "a b", "-x", "x" * 129, "generated"):
        assert _upload(system, "A1", "text/plain", name).status_code == 422, name
    large = "\n".join(f"LARGE-{number:06}" for number in range(120_000))
    assert len(large) > system.settings.max_body
    assert _counts(_upload(system, large, "text/plain")) == (120_000, 0, 0)
    refused = system.client.post(f"{POOLS}/vip/void", json={"codes": [large]})
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


def test_an_idempotency_key_gives_the_first_answer_again(system: RewardDispatcher) -> None:
    """A client that lost the response gets it again, not `duplicates`; another body is refused."""
    once = {"Idempotency-Key": "once"}
    answers = [_upload(system, "A1\nA2\n", "text/plain", headers=once) for _ in range(2)]
    assert [_counts(answer) for answer in answers] == [(2, 0, 0)] * 2
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    other = _upload(system, "A3\n", "text/plain", headers=once)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_an_upload_goes_on_when_it_is_repeated_after_503(settings: Settings, environ: dict[str, str]) -> None:
    """With its key the answer is that of one upload: its own codes are no duplicates. Other codes with the key are refused."""
    once, codes = {"Idempotency-Key": "once"}, [f"A{number}" for number in range(SEGMENT_CODES + 10)]
    body = "\n".join(codes)
    with serve_reward_dispatcher(settings, environ) as system:
        for _ in range(2):  # no fold decides yet
            answer = _upload(system, body, "text/plain", headers=once)
            assert (answer.status_code, answer.json()["code"]) == (503, "undecided")
        with run_module(system.environ, "reward_dispatcher", "fold", "pools"):
            for other in (f"{body}x", f"x{body}", "\n".join(codes[:SEGMENT_CODES])):
                refused = wait_until(lambda other=other: _decided(_upload(system, other, "text/plain", headers=once)))
                assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
            answer = wait_until(lambda: _decided(_upload(system, body, "text/plain", headers=once)))
            assert _counts(answer) == (len(codes), 0, 0)
            assert answer.json()["total"] == len(codes)
        _check_void_codes_after_503(system, codes[:2])


def _check_void_codes_after_503(system: RewardDispatcher, codes: list[str]) -> None:
    """While no fold decides. With its key the answer is that of one request; without, the codes are void already."""
    key = {"Idempotency-Key": "void"}

    def void(*some: str, **headers: str) -> httpx.Response:
        return system.client.post(f"{POOLS}/vip/void", json={"codes": some}, headers=headers)

    assert void(*codes, **key).json()["code"] == "undecided"
    with run_module(system.environ, "reward_dispatcher", "fold", "pools"):
        again = wait_until(lambda: _decided(void(*codes, **key))).json()
        assert (again["voided"], again["repeated"]) == (2, 0)
        assert void(codes[0], **key).json()["code"] == "idempotency_key_reused"
        without = void(*codes).json()
        assert (without["voided"], without["repeated"]) == (0, 2)


def _decided(answer: httpx.Response) -> httpx.Response | None:
    return None if answer.status_code == 503 else answer


def test_of_concurrent_uploads_to_many_pools_one_gets_the_code(system: RewardDispatcher) -> None:
    """The others are refused, whatever the order of arrival. At most one of a caller at a time: 429 is sent again."""

    def upload(number: int) -> tuple[int, int, int]:
        def send() -> httpx.Response | None:
            answer = _upload(system, f"OWN-{number}\nSHARED-1\n", "text/plain", f"p{number}")
            assert answer.status_code in (200, 429, 503), answer.text
            return answer if answer.status_code == 200 else None

        return _counts(wait_until(send))

    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(upload, range(8)))
    assert sorted(counts) == [(1, 0, 1)] * 7 + [(2, 0, 0)]


def test_rewards_wait_for_codes_and_levels_show_what_is_left(system: RewardDispatcher) -> None:
    """They are fulfilled in order as codes arrive. A pool that rules name is low below its level."""
    assert _pool(system) == {
        "pool": "vip", "uploaded": 0, "left": 0, "issued": 0, "void": 0, "waiting": 0, "low_water": 3, "low": True,
    }  # fmt: skip
    for number in range(3):
        system.write_rewards([grant(f"rwd_{number}", pool="vip", beneficiary=person_id(f"xhs:friend{number}"))])
        wait_until(lambda number=number: _pool(system)["waiting"] == number + 1)
    assert _counts(_upload(system, "A1\nA2\n", "text/plain")) == (2, 0, 0)
    wait_until(lambda: _pool(system)["waiting"] == 1)
    for number, code in enumerate(("A1", "A2")):
        wait_until(lambda n=number, c=code: [one["code"] for one in system.wallet(f"xhs:friend{n}")] == [c])
    assert system.wallet("xhs:friend2")[0]["waits_for"] == "pool_empty"
    assert _counts(_upload(system, "\n".join(f"B{number}" for number in range(4)), "text/plain")) == (4, 0, 0)
    wait_until(lambda: system.wallet("xhs:friend2")[0]["code"] == "B0")
    level = _pool(system)
    assert (level["left"], level["issued"], level["waiting"], level["low"]) == (3, 3, 0, False)
    wait_until(lambda: _metrics(system) == {"codes_left": 3, "low_water": 3, "rewards_waiting": 0})


def test_void_codes_are_never_given(system: RewardDispatcher) -> None:
    """What a reward has stays with it; what the pool does not have is named."""
    assert _counts(_upload(system, "A1\nA2\nA3\n", "text/plain")) == (3, 0, 0)
    system.write_rewards([grant("rwd_0", pool="vip", beneficiary=person_id("xhs:friend0"))])
    wait_until(lambda: [one["code"] for one in system.wallet("xhs:friend0")] == ["A1"])
    answer = system.client.post(f"{POOLS}/vip/void", json={"codes": ["nope", " a2 ", "A1"]}).json()
    assert answer == {
        "voided": 1,
        "repeated": 0,
        "given": 1,
        "unknown": 1,
        "lines": [{"line": 1, "reason": "unknown"}, {"line": 3, "reason": "given"}],
        "left": 1,
    }
    assert system.client.post(f"{POOLS}/vip/void", json={"codes": ["A2"]}).json()["repeated"] == 1
    system.write_rewards([grant("rwd_1", pool="vip", beneficiary=person_id("xhs:friend1"))])
    wait_until(lambda: [one["code"] for one in system.wallet("xhs:friend1")] == ["A3"])
    level = _pool(system)
    assert (level["uploaded"], level["left"], level["issued"], level["void"]) == (3, 0, 2, 1)
