"""Enrolment over HTTP: one person is one participant with one code, however often and concurrently they are enrolled."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from referral.config import Settings
from tests.support.builders.participants import PSEUDONYMS, mention_id
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer, serve_link_issuer

pytestmark = pytest.mark.integration


def test_a_person_is_enrolled_once(glow: LinkIssuer) -> None:
    """The response has what a platform shows; the same id again is the same participant with 200, whatever name is sent."""
    first = glow.enrol({"external_id": "xhs:u42", "display_name": " Amy ", "mention": "amy"})
    assert first.status_code == 201
    amy = first.get_json()
    details = {"external_id", "display_name", "mention", "language", "consents", "public"}
    assert amy.keys() == {"id", "code", "link", "partner", "since"} | details
    assert (amy["external_id"], amy["display_name"], amy["mention"]) == ("xhs:u42", "Amy", "@amy")
    assert amy["code"].startswith("AMY")
    assert amy["link"] == f"{glow.settings.public_url}/{amy['code']}"
    again = glow.enrol({"external_id": "xhs:u42", "display_name": "Mallory"})
    ignored = [{"field": "display_name", "sent": "Mallory", "stored": "Amy"}]
    assert (again.status_code, again.get_json()) == (200, amy | {"ignored": ignored})
    for path in (amy["id"], "xhs:u42", "XHS:u42"):
        assert glow.request("GET", f"/v1/programs/{PROGRAM}/participants/{path}", key="reader").get_json() == amy


def test_the_codes_of_a_person_who_hides_their_name_have_no_letters_of_it(glow: LinkIssuer) -> None:
    """Neither their own nor that of a link, alone and in a batch; others get theirs from the name."""
    hidden = glow.enrol_amy(public=False)
    [second, shown] = glow.enrol(
        [
            {"external_id": "xhs:bea", "display_name": "Bea", "public": False},
            {"external_id": "xhs:beata", "display_name": "Bea"},
        ]
    ).get_json()["participants"]
    link = glow.link(hidden["id"], channel="wechat").get_json()
    assert not any(one["code"].startswith(("AMY", "BEA")) for one in (hidden, second, link))
    assert shown["code"].startswith("BEA")


def test_many_are_returned_in_the_order_of_the_request(glow: LinkIssuer) -> None:
    """A thousand at once, some of them twice and some enrolled before: in order, each with a code of its own."""
    known = glow.enrol_amy()
    people = [{"external_id": f"xhs:u{number % 990}", "display_name": "Amy Chen"} for number in range(999)]
    answer = glow.enrol({"participants": [{"external_id": "xhs:amy"}, *people]})
    assert answer.status_code == 201
    found = answer.get_json()["participants"]
    assert found[0] == known
    assert [one["external_id"] for one in found[1:]] == [one["external_id"] for one in people]
    assert len({one["code"] for one in found}) == len({one["id"] for one in found}) == 991
    again = glow.enrol([{"external_id": "xhs:amy"}, *people])
    assert (again.status_code, again.get_json()) == (200, answer.get_json())


def test_concurrent_enrolments_of_a_person_create_one_participant(glow: LinkIssuer, settings: Settings) -> None:
    """Two processes, sixteen threads, equal names and repetitions: each person has one code, each code one person.

    A request that waited too long for another one, or for the catalog on a busy machine, is sent again, as its answer says.
    """
    with serve_link_issuer(settings) as other, ThreadPoolExecutor(16) as pool:
        systems = [glow, other]
        bodies = [{"external_id": f"xhs:u{number % 12}", "display_name": "Amy"} for number in range(96)]
        answers = list(pool.map(lambda i: systems[i % 2].enrol(bodies[i]), range(96)))
    resend_unavailable(glow, answers, bodies)
    assert {answer.status_code for answer in answers} <= {200, 201}
    people = {
        (one["external_id"], one["id"], one["code"], one["display_name"]) for one in (a.get_json() for a in answers)
    }
    assert len(people) == len({code for _, _, code, _ in people}) == 12
    glow.context.follower.read_to_end(30)
    stored = glow.context.catalog.participants(PROGRAM)
    profiles = glow.context.people.profiles_by_id(one.id for one in stored)
    assert {
        (profile.external_id, one.id, one.code, profile.display_name) for one in stored if (profile := profiles[one.id])
    } == people


def test_concurrent_batches_of_the_same_people_create_each_once(glow: LinkIssuer, settings: Settings) -> None:
    """They are looked up one batch at a time; whatever a batch waits for, another one goes on."""
    people = [{"external_id": f"xhs:batch{number}", "display_name": "Amy"} for number in range(120)]
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: glow.enrol(people), range(4)))
    assert {r.status_code for r in responses} <= {200, 201}
    assert len({r.get_data() for r in responses}) == 1
    enrolled = responses[0].get_json()["participants"]
    assert len({one["code"] for one in enrolled}) == len(people)


def test_concurrent_enrolments_with_different_details_return_one_participant(
    glow: LinkIssuer, settings: Settings
) -> None:
    """With different names, and as a partner and as a follower: all successful requests return the same participant.

    A request that waited too long for another one is sent again, as its answer says.
    """
    partners = [{"id": "kol_lin", "kind": "influencer", "channel": "wechat"}]
    assert glow.apply(RULES | {"id": "prg_y", "partners": partners}).status_code == 201
    details: list[dict[str, str]] = [{"display_name": "Amy"}, {"display_name": "Bo"}, {"partner": "kol_lin"}]
    bodies = [{"external_id": f"xhs:u{number // 12}", **details[number % 3]} for number in range(96)]
    with serve_link_issuer(settings) as other, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: (glow, other)[i % 2].enrol(bodies[i], "prg_y"), range(96)))
    resend_unavailable(glow, answers, bodies, "prg_y")
    rejected = [answer for answer in answers if answer.status_code == 422]
    assert {answer.get_json()["errors"][0]["pointer"] for answer in rejected} <= {"/partner"}
    stored = [a.get_json() for a in answers if a.status_code in (200, 201)]
    people = {tuple(str(value) for name, value in one.items() if name != "ignored") for one in stored}
    assert len(people) == 8
    assert len(people) == len({a.get_json()["id"] for a in answers if a not in rejected})


@on_both_kinds_of_redis
def test_codes_are_unique_across_programs_even_if_redis_is_wiped(glow: LinkIssuer) -> None:
    """The catalog decides who has a code: Redis may lose its data, and codes are shared by all programs."""
    assert glow.apply(RULES | {"id": "prg_y"}).status_code == 201
    codes = set()
    for number in range(120):
        program = ("prg_x", "prg_y")[number % 2]
        codes.add(glow.enrol({"external_id": f"xhs:u{number}", "display_name": "Amy"}, program).get_json()["code"])
        empty(glow.context.redis)
    assert len(codes) == 120


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"display_name": "Amy"}, ["/external_id"]),
        ({"external_id": "x", "display_name": "a" * 65}, ["/display_name"]),
        ({"external_id": "x", "display_name": "a\u0000"}, ["/display_name"]),
        ({"external_id": "x", "nickname": "Amy"}, ["/nickname"]),
        ({"external_id": "x", "partner": "kol_unknown"}, ["/partner"]),
        ({"external_id": "x", "partner": "KOL Lin"}, ["/partner"]),
        ([{"external_id": "x", "partner": "kol_lin"}, {"external_id": "x"}], ["/1/external_id"]),
        ([{"external_id": "x"}, {"external_id": 5}], ["/1/external_id"]),
        ({"participants": [{"external_id": "x\u0000"}, 7]}, ["/participants/0/external_id", "/participants/1"]),
        ([], [""]),
        ({"participants": []}, ["/participants"]),
        ([{"external_id": f"x{n}"} for n in range(1001)], [""]),
        ("Amy", [""]),
        ([{"external_id": "x", "mention": "@amy"}, {"external_id": "y", "mention": "@AMY"}], ["/1/mention"]),
        ([{"external_id": "x", "display_name": "A"}, {"external_id": "x", "display_name": "B"}], ["/1/external_id"]),
    ],
)
def test_a_mistake_prevents_the_whole_enrolment(glow: LinkIssuer, body: object, pointers: list[str]) -> None:
    """422 with pointers into what was sent; no person of the batch is enrolled."""
    answer = glow.enrol(body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.get_json()["errors"]] == pointers
    assert glow.context.catalog.participants(PROGRAM) == []


def test_a_mention_belongs_to_one_person(glow: LinkIssuer) -> None:
    """A second person with Amy's handle would take her referrals."""
    glow.enrol_amy(mention="@amy")
    answer = glow.enrol({"external_id": "xhs:mallory", "mention": "@Amy"})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/mention")


def test_a_partner_of_the_program_is_enrolled_as_one(glow: LinkIssuer) -> None:
    """With the program's name for them if none is sent; the role never changes; their links carry the partner."""
    lin = glow.enrol({"partner": "kol_lin"})
    assert (lin.status_code, lin.get_json()["partner"]) == (201, "kol_lin")
    assert (lin.get_json()["external_id"], lin.get_json()["display_name"]) == ("partner:kol_lin", "kol_lin")
    assert glow.enrol({"partner": "kol_lin"}).status_code == 200
    glow.enrol_amy()
    answer = glow.enrol({"external_id": "xhs:amy", "partner": "kol_lin"})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/partner")
    assert glow.link(lin.get_json()["id"], channel="wechat").get_json()["partner"] == "kol_lin"


def test_unknown_programs_and_participants_have_their_own_error_codes(glow: LinkIssuer) -> None:
    """404 with `unknown_program` or `unknown_participant`."""
    assert glow.enrol({"external_id": "x"}, "prg_none").get_json()["code"] == "unknown_program"
    missing = glow.request("GET", f"/v1/programs/{PROGRAM}/participants/xhs:unknown", key="reader")
    assert (missing.status_code, missing.get_json()["code"]) == (404, "unknown_participant")
    assert glow.enrol({"external_id": "x"}, key="reader").status_code == 403


def test_enrolling_again_names_what_was_not_applied(glow: LinkIssuer) -> None:
    """200 with the stored participant, and every value that was sent and differs, in a batch too."""
    amy = glow.enrol_amy(mention="@amy")
    assert "ignored" not in amy
    again = glow.enrol({"external_id": "xhs:amy", "display_name": "Amy Chen", "mention": "@amychen", "device": "d1"})
    assert again.status_code == 200
    assert again.get_json() == amy | {
        "ignored": [
            {"field": "display_name", "sent": "Amy Chen", "stored": "Amy"},
            {"field": "mention", "sent": "@amychen", "stored": "@amy"},
            {"field": "device", "sent": "d1", "stored": None},
        ]
    }
    batch = glow.enrol([{"external_id": "xhs:amy", "display_name": "A"}, {"external_id": "xhs:bo"}]).get_json()
    assert ["ignored" in one for one in batch["participants"]] == [True, False]


def test_a_participant_is_changed_by_patch(glow: LinkIssuer) -> None:
    """Display name, mention and device; id, code and link stay; null removes; what is left out stays."""
    amy = glow.enrol_amy(mention="@amy")
    path = f"/v1/programs/{PROGRAM}/participants/xhs:amy"
    changed = glow.request("PATCH", path, {"display_name": "Amy Chen", "mention": "＠AmyChen", "device": "d2"}, "links")
    assert changed.status_code == 200
    assert changed.get_json() == amy | {"display_name": "Amy Chen", "mention": "@AmyChen"}
    assert glow.request("GET", path, key="reader").get_json() == changed.get_json()
    assert glow.request("PATCH", path, {"mention": None}, "links").get_json()["mention"] is None
    stored = glow.context.catalog.participant(amy["id"])
    assert stored is not None
    former = [mention_id("@amy", PROGRAM), mention_id("@AmyChen", PROGRAM)]
    assert (stored.device, [one.mention for one in stored.former]) == (PSEUDONYMS.device(PROGRAM, "d2"), former)
    by_id = glow.request("PATCH", f"/v1/programs/{PROGRAM}/participants/{amy['id']}", {"display_name": "Amy"}, "links")
    assert by_id.get_json()["display_name"] == "Amy"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"mention": "@bo"}, "/mention"),
        ({"mention": "a b"}, "/mention"),
        ({"display_name": None}, "/display_name"),
        ({"display_name": "\u3164"}, "/display_name"),
        ({"code": "NEW"}, "/code"),
    ],
)
def test_an_invalid_change_is_refused(glow: LinkIssuer, body: dict[str, object], pointer: str) -> None:
    """422 with its place; nothing is changed."""
    amy = glow.enrol_amy(mention="@amy")
    glow.enrol({"external_id": "xhs:bo", "mention": "@bo"})
    path = f"/v1/programs/{PROGRAM}/participants/xhs:amy"
    answer = glow.request("PATCH", path, body, "links")
    assert (answer.status_code, [one["pointer"] for one in answer.get_json()["errors"]]) == (422, [pointer])
    assert glow.request("GET", path).get_json() == amy


def test_only_an_enrolled_person_is_changed_and_only_with_the_scope(glow: LinkIssuer) -> None:
    """404 and 403."""
    assert glow.request("PATCH", f"/v1/programs/{PROGRAM}/participants/xhs:no", {"device": "d"}).status_code == 404
    glow.enrol_amy()
    path = f"/v1/programs/{PROGRAM}/participants/xhs:amy"
    assert glow.request("PATCH", path, {"device": "d"}, "reader").status_code == 403


def test_an_enrolment_is_dated_back_with_scope_admin(glow: LinkIssuer) -> None:
    """The time and the key are on the log; not in the future, and not beyond the lateness of events."""
    now = datetime.now(UTC)
    body = {"external_id": "xhs:mei", "display_name": "小美", "since": (now - timedelta(days=7)).isoformat()}
    refused = glow.enrol(body)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "missing_scope")
    enrolled = glow.enrol(body, key="admin")
    assert enrolled.status_code == 201
    mei = enrolled.get_json()
    assert (mei["code"][:4], mei["since"]) == ("XAME", (now - timedelta(days=7)).isoformat().replace("+00:00", "Z"))
    stored = glow.context.catalog.participant(mei["id"])
    assert stored is not None
    assert stored.since_by == "key_admin"
    for days in (-1, 36):
        wrong = glow.enrol({"external_id": "xhs:x", "since": (now - timedelta(days=days)).isoformat()}, key="admin")
        assert [one["pointer"] for one in wrong.get_json()["errors"]] == ["/since"]


def resend_unavailable(
    glow: LinkIssuer, answers: list[TestResponse], bodies: Sequence[object], program: str = PROGRAM
) -> None:
    """Sends the requests again that got 503, which asks for that, and replaces their answers."""
    for number in (number for number, answer in enumerate(answers) if answer.status_code == 503):
        assert answers[number].get_json()["code"] in ("concurrent_change", "unavailable")
        answers[number] = glow.enrol(bodies[number], program)
