"""Programs over HTTP: applied as versions, rejected with every mistake, protected from lost updates."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from referral.config import Settings
from referral.events.entities import FOLDERS, CodePool, GuideListing
from tests.support.builders.program_files import MINIMAL_FILE
from tests.support.records import write_records
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer, serve_link_issuer

pytestmark = pytest.mark.integration
GLOW = Path("examples/programs/glow.yaml").read_bytes()


def test_each_change_of_a_program_is_a_version(issuer: LinkIssuer) -> None:
    """The first is version 1; the same rules change nothing, other rules become version 2 after the delay; newest first."""
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
    """It returns the version that would result, warnings included; the program is still unknown afterwards."""
    answer = issuer.apply(RULES, "?dry_run=true")
    assert answer.status_code == 200
    assert (answer.get_json()["version"], answer.get_json()["is_new"], answer.get_json()["dry_run"]) == (1, True, True)
    assert ("no_reward", "/rewards") in [(one["code"], one["pointer"]) for one in answer.get_json()["warnings"]]
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}").status_code == 404
    assert issuer.apply(RULES, "?dryrun=true").status_code == 422


def test_missing_files_and_codes_are_warnings_when_a_program_is_applied(issuer: LinkIssuer) -> None:
    """A guide that is misspelt, a pool without codes, and codes that no rule uses, each with its place."""
    now = datetime.now(UTC)
    write_records(
        issuer.settings,
        [
            GuideListing(recorded_at=now, program=FOLDERS, files=(PROGRAM,)),
            GuideListing(recorded_at=now, program=PROGRAM, files=("secrets.pdf",)),
            CodePool(recorded_at=now, program=PROGRAM, pool="mugs"),
        ],
    )
    to_referrer = {"to": "referrer", "on": "conversion.cleared"}
    guide = to_referrer | {"id": "guide", "kind": "guide", "pool": "secret.pdf"}
    code = to_referrer | {"id": "code", "kind": "discount_code", "pool": "vip", "percent": 20}
    for query in ("?dry_run=true", ""):
        found = issuer.apply(RULES | {"rewards": [guide, code]}, query).get_json()["warnings"]
        places = {one["code"]: (one["pointer"], one["detail"]) for one in found}
        assert places["guide_missing"][0] == "/rewards/0/pool"
        assert "write secrets.pdf" in places["guide_missing"][1]
        assert places["pool_without_codes"][0] == "/rewards/1/pool"
        assert places["pool_without_rule"][0] == "/rewards"
    body = MINIMAL_FILE | {"id": "prg_new", "rewards": [guide]}
    first = issuer.request("PUT", "/v1/programs/prg_new", body).get_json()["warnings"]
    assert "guide_missing" in [one["code"] for one in first], "a program without a folder has no file"


def test_a_yaml_file_is_accepted_unchanged(issuer: LinkIssuer) -> None:
    """The example file is a valid body; invalid YAML is rejected with the line."""
    send = {"data": GLOW, "headers": {"Content-Type": "application/yaml"}}
    answer = issuer.request("PUT", "/v1/programs/prg_glow", None, **send)
    assert answer.status_code == 201
    assert answer.get_json()["program"]["boards"][0]["prizes"] == {"month": {"1": "grand", "2-10": "gift"}}
    assert [one["code"] for one in answer.get_json()["warnings"]] == ["pool_without_codes"]  # they are uploaded apart
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
    """422 with a pointer to every mistake, and nothing is changed."""
    answer = issuer.apply(RULES | change)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert [one["pointer"] for one in answer.get_json()["errors"]] == pointers
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}").status_code == 404


def test_the_url_and_the_file_must_name_the_same_program(issuer: LinkIssuer) -> None:
    """A file sent to another program's URL would replace that program's rules."""
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
def test_an_unreadable_body_is_rejected(issuer: LinkIssuer, data: bytes, media: str, status: int) -> None:
    """Invalid JSON, invalid UTF-8, too deeply nested, or of another type: a problem, never an internal error."""
    answer = issuer.request("PUT", f"/v1/programs/{PROGRAM}", None, data=data, headers={"Content-Type": media})
    assert answer.status_code == status


def test_if_match_protects_from_lost_updates(glow: LinkIssuer) -> None:
    """If-Match with another version than the newest is rejected with 412."""
    changed = RULES | {"holding_days": 3}
    assert glow.apply(changed, headers={"If-Match": '"7"'}).status_code == 412
    assert glow.apply(changed, headers={"If-Match": '"1"'}).status_code == 201


def test_concurrent_versions_do_not_overwrite_each_other(glow: LinkIssuer, settings: Settings) -> None:
    """Different rules sent to two processes at once never share a version number: a request gets its own number, or 409."""
    with serve_link_issuer(settings) as other, ThreadPoolExecutor(8) as pool:
        systems = [glow, other] * 4
        answers = list(pool.map(lambda i: systems[i].apply(RULES | {"holding_days": 10 + i}), range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409, 422}  # 422: not after the one just announced
    answered = {
        answer.get_json()["version"]: answer.get_json()["program"] for answer in answers if answer.status_code == 201
    }
    listed = glow.request("GET", f"/v1/programs/{PROGRAM}/versions").get_json()["items"]
    listed_rules = {one["version"]: one["program"] for one in listed}
    assert answered
    assert all(listed_rules[version] == program for version, program in answered.items())


def test_applying_a_program_needs_an_admin_key_with_access_to_it(issuer: LinkIssuer) -> None:
    """Scope admin, and access to this program if the key is restricted; reading needs scope read."""
    assert issuer.apply(RULES, key="links").status_code == 403
    assert issuer.apply(RULES, key="elsewhere").status_code == 403
    assert issuer.apply(RULES, key="unknown").status_code == 401
    assert issuer.apply(RULES).status_code == 201
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}", key="reader").status_code == 200
    assert datetime.fromisoformat(issuer.apply(RULES).get_json()["effective_from"]) <= datetime.now(UTC)


def test_a_key_of_another_program_reaches_none_of_its_codes(glow: LinkIssuer) -> None:
    """Neither participants nor links nor shares, whichever way a request names them; the program's own key does."""
    amy = glow.enrol_amy()
    glow.link(amy["id"], code="two")
    share = {"program": PROGRAM, "participant": amy["id"], "channel": "wechat"}
    requests = [
        ("GET", f"/v1/links/{amy['code']}", None),
        ("GET", f"/v1/participants/{amy['id']}/share-kit?channel=wechat", None),
        ("GET", "/v1/links/TWO", None),
        ("POST", "/v1/links/TWO/disable", None),
        ("POST", f"/v1/participants/{amy['id']}/links", {"channel": "wechat"}),
        ("POST", "/v1/shares", share),
    ]
    for method, path, body in requests:
        problem = glow.request(method, path, body, key="elsewhere").get_json()
        assert (problem["status"], problem["code"]) == (403, "other_program"), path
    assert glow.open("/TWO").status_code == 302
    for method, path, body in requests:
        assert glow.request(method, path, body).status_code in (200, 201), path


def test_a_key_lists_the_programs_it_has_access_to_page_by_page(issuer: LinkIssuer) -> None:
    """By id, each with its newest version; a key restricted to a program sees that one only."""
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


def test_every_write_repeated_with_its_idempotency_key_gets_the_first_response(glow: LinkIssuer) -> None:
    """Enrolment, link and program: 201 again, the same bytes; another body with the key is rejected, and so is a long key."""
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
