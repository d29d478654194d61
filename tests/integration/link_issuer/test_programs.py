"""Programs over HTTP: applied as versions, refused with every mistake, never changed behind anybody's back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from referral.config import Settings
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer, serve_link_issuer

pytestmark = pytest.mark.integration
GLOW = Path("examples/programs/glow.yaml").read_bytes()


def test_a_program_grows_by_versions(issuer: LinkIssuer) -> None:
    """The first is version 1; the same rules stay it, other rules become 2 after notice; all are listed, newest first."""
    first, again = issuer.apply(RULES), issuer.apply(RULES)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.get_json() == first.get_json() | {"is_new": False}
    second = issuer.apply(RULES | {"holding_days": 7})
    assert (second.status_code, second.get_json()["version"], second.headers["ETag"]) == (201, 2, '"2"')
    begins = datetime.fromisoformat(second.get_json()["effective_from"])
    assert begins - datetime.fromisoformat(second.get_json()["recorded_at"]) == timedelta(seconds=5)
    listed = issuer.request("GET", f"/v1/programs/{PROGRAM}/versions", key="reader").get_json()["items"]
    assert [(one["version"], one["program"]["holding_days"]) for one in listed] == [(2, 7), (1, 0)]


def test_a_dry_run_answers_and_changes_nothing(issuer: LinkIssuer) -> None:
    """It says what would happen, warnings included; the program is still unknown after it."""
    answer = issuer.apply(RULES, "?dry_run=true")
    assert answer.status_code == 200
    assert (answer.get_json()["version"], answer.get_json()["is_new"], answer.get_json()["dry_run"]) == (1, True, True)
    assert ("no_reward", "/rewards") in [(one["code"], one["pointer"]) for one in answer.get_json()["warnings"]]
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}").status_code == 404
    assert issuer.apply(RULES, "?dryrun=true").status_code == 422


def test_yaml_is_taken_as_it_stands_on_disk(issuer: LinkIssuer) -> None:
    """The example's file, byte for byte, is a program; a broken one is refused with the line."""
    send = {"data": GLOW, "headers": {"Content-Type": "application/yaml"}}
    answer = issuer.request("PUT", "/v1/programs/prg_glow", None, **send)
    assert answer.status_code == 201
    assert answer.get_json()["program"]["boards"][0]["prizes"] == {"month": {"1": "grand", "2-10": "gift"}}
    assert answer.get_json()["warnings"] == []
    broken = issuer.request("PUT", "/v1/programs/prg_glow", None, **send | {"data": b"id: prg_glow\nname: [x"})
    assert (broken.status_code, broken.get_json()["code"]) == (400, "malformed_yaml")
    assert "line 2" in broken.get_json()["detail"]


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"timezone": "Mars", "chanels": []}, ["/chanels", "/timezone"]),
        ({"effective_from": "2020-01-01T00:00:00Z"}, ["/effective_from"]),
    ],
)
def test_mistakes_are_named_by_pointer(issuer: LinkIssuer, change: dict[str, object], pointers: list[str]) -> None:
    """422 with every place, and nothing is changed."""
    answer = issuer.apply(RULES | change)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert [one["pointer"] for one in answer.get_json()["errors"]] == pointers
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}").status_code == 404


def test_the_address_and_the_file_name_the_same_program(issuer: LinkIssuer) -> None:
    """A file sent to another program's address would replace that one's rules."""
    answer = issuer.request("PUT", "/v1/programs/prg_other", RULES)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/id")


@pytest.mark.parametrize(
    ("data", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/yaml", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"a=1", "text/csv", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(issuer: LinkIssuer, data: bytes, media: str, status: int) -> None:
    """Not JSON, not text, nested without end, or of another kind: a problem, never a failure of ours."""
    answer = issuer.request("PUT", f"/v1/programs/{PROGRAM}", None, data=data, headers={"Content-Type": media})
    assert answer.status_code == status


def test_a_change_can_insist_on_what_it_was_based_on(glow: LinkIssuer) -> None:
    """If-Match with an older version is refused, so that nobody's change is lost unread."""
    changed = RULES | {"holding_days": 3}
    assert glow.apply(changed, headers={"If-Match": '"7"'}).status_code == 412
    assert glow.apply(changed, headers={"If-Match": '"1"'}).status_code == 201


def test_concurrent_versions_do_not_overwrite_each_other(glow: LinkIssuer, settings: Settings) -> None:
    """Of different rules sent at once through two processes, each number is one's; the other hears 409 or comes after."""
    with serve_link_issuer(settings) as other, ThreadPoolExecutor(8) as pool:
        systems = [glow, other] * 4
        answers = list(pool.map(lambda i: systems[i].apply(RULES | {"holding_days": 10 + i}), range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409, 422}  # 422: not after the one just announced
    said = {
        answer.get_json()["version"]: answer.get_json()["program"] for answer in answers if answer.status_code == 201
    }
    listed = glow.request("GET", f"/v1/programs/{PROGRAM}/versions").get_json()["items"]
    kept = {one["version"]: one["program"] for one in listed}
    assert said
    assert all(kept[version] == program for version, program in said.items())


def test_only_a_key_for_it_applies_a_program(issuer: LinkIssuer) -> None:
    """admin, and bound to this program if bound at all; reading needs read."""
    assert issuer.apply(RULES, key="links").status_code == 403
    assert issuer.apply(RULES, key="elsewhere").status_code == 403
    assert issuer.apply(RULES, key="nobody").status_code == 401
    assert issuer.apply(RULES).status_code == 201
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}", key="reader").status_code == 200
    assert datetime.fromisoformat(issuer.apply(RULES).get_json()["effective_from"]) <= datetime.now(UTC)


def test_programs_are_listed_page_by_page_to_whoever_may_see_them(issuer: LinkIssuer) -> None:
    """By id, each with its newest version; a key bound to a program finds that one and learns of no other."""
    for program in ("prg_b", "prg_other", "prg_a"):
        assert issuer.apply(RULES | {"id": program}).status_code == 201
    assert issuer.apply(RULES | {"id": "prg_a", "name": {"en": "New"}}).status_code == 201
    first = issuer.request("GET", "/v1/programs?limit=2", key="reader").get_json()
    assert [(one["id"], one["version"]) for one in first["items"]] == [("prg_a", 2), ("prg_b", 1)]
    assert first["items"][0]["name"] == {"en": "New"}
    rest = issuer.request("GET", f"/v1/programs?limit=2&cursor={first['next_cursor']}", key="reader").get_json()
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == (["prg_other"], None)
    bound = issuer.request("GET", "/v1/programs", key="elsewhere").get_json()
    assert [one["id"] for one in bound["items"]] == ["prg_other"]
    assert issuer.request("GET", "/v1/programs?cursor=made-up", key="reader").status_code == 400
    assert issuer.request("GET", "/v1/programs?limit=0", key="reader").status_code == 422


def test_every_write_sent_again_under_its_key_gets_the_first_answer(glow: LinkIssuer) -> None:
    """Enrolment, link and program: 201 again, the same bytes; another body under the key is refused, and so is a long key."""
    amy = glow.enrol_amy()["id"]
    writes: list[tuple[str, str, dict[str, object], dict[str, object]]] = [
        ("POST", f"/v1/programs/{PROGRAM}/participants", {"external_id": "xhs:bo"}, {"external_id": "xhs:chen"}),
        ("POST", f"/v1/participants/{amy}/links", {"channel": "wechat"}, {}),
        ("PUT", f"/v1/programs/{PROGRAM}", RULES | {"holding_days": 3}, RULES | {"holding_days": 4}),
    ]
    for method, path, body, other in writes:
        once = {"headers": {"Idempotency-Key": "once"}}
        first, again, changed = (glow.request(method, path, sent, **once) for sent in (body, body, other))
        assert (first.status_code, again.status_code, changed.status_code) == (201, 201, 422), path
        assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")
        assert changed.get_json()["code"] == "idempotency_key_reused"
        long = glow.request(method, path, other, headers={"Idempotency-Key": "k" * 256})
        assert (long.status_code, long.get_json()["code"]) == (400, "bad_idempotency_key")
