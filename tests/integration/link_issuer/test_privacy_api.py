"""Export, correction and erasure over HTTP, and by the commands."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from referral.events.facts import PersonFollowed, fact_key
from referral.topics import EVENTS
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.records import write_lines
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer

pytestmark = pytest.mark.integration
PEOPLE = f"/v1/programs/{PROGRAM}/people"
AMY = "xhs:amy"


@pytest.fixture
def amy(glow: LinkIssuer) -> dict[str, Any]:
    """Amy's participant; she has a contact and a link, and has followed."""
    enrolled = glow.enrol_amy(mention="@amy_chen", contact="amy@example.com", consents=["messages"], language="en")
    assert glow.link(enrolled["id"], channel="wechat").status_code == 201
    line = PersonFollowed(id="evt_1", program=PROGRAM, person=enrolled["id"], occurred_at=datetime.now(UTC))
    write_lines(glow.settings, EVENTS, [(fact_key(line), msgspec.json.encode(line))])
    return enrolled


def export(issuer: LinkIssuer, person: str = AMY) -> dict[str, Any]:
    """Returns the export of a person, all pages in one."""
    answer = issuer.request("GET", f"{PEOPLE}/{person}/export", key="privacy")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    assert found["next_cursor"] is None
    return found


def test_an_export_has_all_that_is_stored_and_explains_it(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """By the platform's id and by the person id."""
    found = export(glow)
    assert found["profile"]["contact"] == "amy@example.com"
    assert (found["participant"]["code"], len(found["links"])) == (amy["code"], 1)
    assert [line["line"]["type"] for line in found["lines"]] == ["person.followed"]
    assert set(found["explanations"]) >= {"person", "profile", "texts", "participant", "links", "lines"}
    assert export(glow, amy["id"])["profile"] == found["profile"]


def test_only_a_key_for_privacy_may_do_it(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """Neither a reader nor one that enrols."""
    for key in ("reader", "links", "elsewhere"):
        for method, path in (("GET", f"{AMY}/export"), ("PATCH", AMY), ("DELETE", AMY)):
            assert glow.request(method, f"{PEOPLE}/{path}", {"public": False}, key=key).status_code == 403, (
                key,
                method,
            )
    assert glow.request("GET", "/v1/programs", key="privacy").status_code == 403


def test_an_unknown_person_is_a_404_that_names_them(glow: LinkIssuer) -> None:
    """For an export, a correction and an erasure; and so is a person of another program."""
    for method, path in (("GET", "xhs:who/export"), ("PATCH", "xhs:who"), ("DELETE", "xhs:who")):
        answer = glow.request(
            method, f"{PEOPLE}/{path}", {"public": False} if method == "PATCH" else None, key="privacy"
        )
        assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_person")
        assert "xhs:who" in answer.get_json()["detail"]


def test_a_person_of_another_program_is_out_of_reach(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """A person id leads nowhere in a program that it does not belong to."""
    assert glow.apply(RULES | {"id": "prg_y"}).status_code == 201
    other = "/v1/programs/prg_y/people"
    assert glow.request("DELETE", f"{other}/{amy['id']}", key="privacy").status_code == 404
    assert glow.request("GET", f"{other}/{amy['id']}/export", key="privacy").status_code == 404
    assert export(glow)["profile"] is not None


def test_an_erased_person_is_gone_and_comes_back_as_a_new_one(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """The proof names what was written; the code is dead, and another is given."""
    answer = glow.request("DELETE", f"{PEOPLE}/{AMY}", key="privacy")
    proof = answer.get_json()
    assert (answer.status_code, proof["id"], proof["epoch"]) == (200, amy["id"], 1)
    assert amy["code"] in proof["codes"]
    assert {record["topic"].rpartition(".")[2] for record in proof["records"]} == {"people", "catalog"}
    assert proof["gone_by"] > proof["erased_at"]
    again = glow.request("DELETE", f"{PEOPLE}/{AMY}", key="privacy").get_json()
    assert (again["id"], again["epoch"], again["erased_at"]) == (amy["id"], 1, proof["erased_at"])
    assert glow.request("GET", f"{PEOPLE}/{AMY}/export", key="privacy").status_code == 404
    assert glow.request("GET", f"{PEOPLE}/{amy['id']}/export", key="privacy").status_code == 404
    assert glow.open(f"/{amy['code']}").status_code in (404, 410)
    back = glow.enrol_amy()
    assert back["id"] != amy["id"]
    assert back["code"] != amy["code"]
    assert "contact" not in export(glow)["profile"]
    for _ in range(2):
        ended = glow.request("DELETE", f"{PEOPLE}/{back['id']}", key="privacy")
        assert (ended.status_code, ended.get_json()["id"], ended.get_json()["epoch"]) == (200, back["id"], 2)


def test_an_erasure_under_way_is_named_as_it_was_requested(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """By now the platform's id leads to another person id, which is not the one that is being erased."""
    first = glow.context.pseudonyms.first_person_id(PROGRAM, AMY)
    glow.context.redis.set(f"li:erasing:{first}", b"1", ex=30)
    answer = glow.request("DELETE", f"{PEOPLE}/{AMY}", key="privacy")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "in_progress")
    assert answer.get_json()["detail"].startswith(f"{AMY} is being erased")


def test_a_correction_changes_the_profile_and_the_handle(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """A contact goes with its consent; the handle is a record of its own."""
    body = {"display_name": "Amy Chen", "consents": [], "public": False, "handle": "amy_c"}
    answer = glow.request("PATCH", f"{PEOPLE}/{AMY}", body, key="privacy")
    assert answer.status_code == 200, answer.text
    found = export(glow)
    assert (found["profile"]["display_name"], found["profile"]["public"]) == ("Amy Chen", False)
    assert "contact" not in found["profile"]
    assert found["person"]["handle"] == "amy_c"
    once = {"headers": {"Idempotency-Key": "k1"}}
    first = glow.request("PATCH", f"{PEOPLE}/{AMY}", {"handle": None}, key="privacy", **once)
    again = glow.request("PATCH", f"{PEOPLE}/{AMY}", {"handle": None}, key="privacy", **once)
    assert (first.status_code, again.headers["Idempotent-Replayed"], again.get_json()) == (
        200,
        "true",
        first.get_json(),
    )
    assert "handle" not in export(glow)["person"]


@pytest.mark.parametrize(
    "body", [{}, {"display_name": ""}, {"handle": "x" * 65}, {"external_id": "xhs:other"}, {"consents": ["sell"]}]
)
def test_an_invalid_correction_changes_nothing(glow: LinkIssuer, amy: dict[str, Any], body: dict[str, object]) -> None:
    """422 with the place of the mistake."""
    before = export(glow)["profile"]
    assert glow.request("PATCH", f"{PEOPLE}/{AMY}", body, key="privacy").status_code == 422
    assert export(glow)["profile"] == before


def test_an_unknown_cursor_is_refused(glow: LinkIssuer, amy: dict[str, Any]) -> None:
    """Also one of another list."""
    for cursor in ("x", "WyJjYXRhbG9nIiwwXQ"):
        answer = glow.request("GET", f"{PEOPLE}/{AMY}/export?cursor={cursor}", key="privacy")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_cursor")


@pytest.fixture
def url(glow: LinkIssuer) -> Iterator[str]:
    """The address of the service."""
    with serve_app(glow.app) as address:
        yield address


def command(issuer: LinkIssuer, environ: dict[str, str], url: str, *words: str) -> Any:
    """Returns the result of a command."""
    return CliRunner().invoke(main, ["people", *words, "--url", url, "--key", "rk_admin"], env=environ)


def test_the_commands_export_correct_and_erase(
    glow: LinkIssuer, amy: dict[str, Any], url: str, environ: dict[str, str]
) -> None:
    """Erasing asks first, prints the proof, and finds nothing on any topic but what compaction has yet to remove."""
    exported = command(glow, environ, url, "export", PROGRAM, AMY)
    assert exported.exit_code == 0, exported.output
    assert json.loads(exported.stdout)["profile"]["contact"] == "amy@example.com"
    corrected = command(glow, environ, url, "correct", PROGRAM, AMY, "--set", "display_name=Amy Chen", "--hidden")
    assert corrected.exit_code == 0, corrected.output
    asked = CliRunner().invoke(
        main, ["people", "erase", PROGRAM, AMY, "--url", url, "--key", "rk_admin"], env=environ, input="n\n"
    )
    assert asked.exit_code == 1
    erased = command(glow, environ, url, "erase", PROGRAM, AMY, "--yes")
    assert erased.exit_code == 0, erased.output
    assert f"{amy['id']} of {PROGRAM} is erased" in erased.stdout
    assert "answers 404" in erased.stdout
    assert f"checked: 0 records of {glow.settings.topic_prefix}events identify the person" in erased.stdout
    unknown = command(glow, environ, url, "erase", PROGRAM, "xhs:who", "--yes")
    assert (unknown.exit_code, "unknown_person" in unknown.output) == (1, True)
