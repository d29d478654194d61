"""What participants give about themselves: where it is stored, who changes it, and what is left after an erasure."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.people import PersonErased, people_key
from referral.events.timestamps import to_datetime
from referral.topics import CATALOG, EVENTS
from tests.support.log_reader import read_lines
from tests.support.redis_content import redis_content
from tests.support.systems.link_issuer import PROGRAM, LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
PATH = f"/v1/programs/{PROGRAM}/participants"
AMY: dict[str, object] = {
    "external_id": "xhs:amy-4711",
    "display_name": "Amelia Chen",
    "mention": "@amelia_chen",
    "device": "0f5a7d",
    "contact": "amelia@example.com",
    "language": "zh-CN",
    "consents": ["messages"],
}
IDENTIFYING = [b"xhs:amy-4711", b"amelia", b"0f5a7d"]


def erase(system: LinkIssuer, participant: str) -> None:
    """Erases a participant as the command does."""
    ctx, store = system.context, system.collaborators.store
    ctx.follower.read_to_end(30)
    before, profile = ctx.catalog.participant(participant), ctx.people.profile(participant)
    assert before is not None
    assert profile is not None
    now = to_datetime(ctx.clock.now_ms())
    first = ctx.pseudonyms.first_person_id(PROGRAM, profile.external_id)
    epoch = ctx.people.epoch(first) + 1
    record = PersonErased(id=first, program=PROGRAM, recorded_at=now, epoch=epoch, erased=participant)
    store.write([replace(before, erased_at=now)], [record])
    writer = ctx.people_writer()
    writer.write([], [people_key(profile)])
    ctx.follower.read_to_end(30)


def found_in(content: bytes) -> Sequence[bytes]:
    """Which identifying texts occur in a content, in any case."""
    return [text for text in IDENTIFYING if text in content.lower()]


def test_what_identifies_a_participant_is_in_no_topic_but_people_and_not_in_redis(glow: LinkIssuer) -> None:
    """Also while the request is repeated with an Idempotency-Key, and after a change and a share."""
    sent = {"headers": {"Idempotency-Key": "k1"}}
    first = glow.request("POST", PATH, AMY, "links", **sent)
    again = glow.request("POST", PATH, AMY, "links", **sent)
    assert (first.status_code, again.get_json(), again.status_code) == (201, first.get_json(), 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    change = {"display_name": "Amelia C", "contact": "amelia@example.org"}
    for _ in range(2):
        changed = glow.request("PATCH", f"{PATH}/xhs:amy-4711", change, "links", **sent)
        assert (changed.status_code, changed.get_json()["display_name"]) == (200, "Amelia C")
    share = {"program": PROGRAM, "person": "xhs:amy-4711", "channel": "wechat"}
    assert glow.request("POST", "/v1/shares", share, "events", **sent).status_code == 201
    lines = [line for topic in (CATALOG, EVENTS) for _, line in read_lines(glow.settings, topic)]
    assert any(first.get_json()["id"].encode() in line for line in lines)
    assert found_in(b"".join(lines)) == []
    assert found_in(redis_content(glow.context.redis)) == []


def test_a_withdrawn_consent_removes_the_contact(glow: LinkIssuer) -> None:
    """A contact without the consent is refused at enrolment and at a change; nothing is stored then."""
    refused = glow.enrol(AMY | {"consents": []})
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, "/contact")
    amy = glow.enrol(AMY).get_json()
    path = f"{PATH}/{amy['id']}"
    assert (amy["consents"], amy["language"], amy["public"]) == (["messages"], "zh-CN", True)
    assert _contact(glow, amy["id"]) == "amelia@example.com"
    withdrawn = glow.request("PATCH", path, {"consents": []}, "links")
    assert (withdrawn.status_code, withdrawn.get_json()["consents"], _contact(glow, amy["id"])) == (200, [], None)
    again = glow.request("PATCH", path, {"contact": "amelia@example.com"}, "links")
    assert (again.status_code, again.get_json()["errors"][0]["pointer"]) == (422, "/contact")
    assert _contact(glow, amy["id"]) is None


def _contact(system: LinkIssuer, participant: str) -> str | None:
    system.context.follower.read_to_end(30)
    profile = system.context.people.profile(participant)
    assert profile is not None
    return profile.contact


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "zh_CN"),
        ("consents", ["everything"]),
        ("consents", None),
        ("public", None),
        ("public", "yes"),
        ("contact", ""),
        ("device", "192.0.2.7"),
        ("device", "amelia@example.com"),
        ("device", "490154203237518"),
    ],
)
def test_an_invalid_value_is_refused_at_enrolment_and_at_a_change(glow: LinkIssuer, field: str, value: object) -> None:
    """422 with its place, wherever it is sent."""
    glow.enrol_amy()
    answers = [
        glow.enrol({"external_id": "xhs:bo", field: value}),
        glow.request("PATCH", f"{PATH}/xhs:amy", {field: value}, "links"),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["pointer"].startswith(f"/{field}")


def test_two_people_never_get_one_mention(glow: LinkIssuer, settings: Settings) -> None:
    """Two processes enrol different people with it, and change others to it, all at once: one of them has it."""
    known = [glow.enrol({"external_id": f"xhs:known{number}"}).get_json()["id"] for number in range(8)]
    with serve_link_issuer(settings) as other, ThreadPoolExecutor(16) as pool:
        systems = (glow, other)

        def claim(number: int) -> int:
            system, mention = systems[number % 2], {"mention": ("@amy", "＠AMY ")[number % 3 % 2]}
            if number < len(known):
                return system.request("PATCH", f"{PATH}/{known[number]}", mention, "links").status_code
            return system.enrol({"external_id": f"xhs:new{number}", **mention}).status_code

        def claim_until_decided(number: int) -> int:
            """On a busy machine some are told to send it again (503)."""
            return wait_until(lambda: status if (status := claim(number)) != 503 else None)

        statuses = list(pool.map(claim_until_decided, range(24)))
    assert sorted(statuses)[0] in (200, 201)
    assert sorted(statuses)[1:] == [422] * 23
    glow.context.follower.read_to_end(30)
    with_mention = [one for one in glow.context.catalog.participants(PROGRAM) if one.mention]
    assert len(with_mention) == 1
    profile = glow.context.people.profile(with_mention[0].id)
    assert profile is not None
    assert str(profile.mention).casefold() == "@amy"


def test_a_mention_that_was_given_up_may_be_taken_at_once_by_a_change(glow: LinkIssuer) -> None:
    """Although it was reserved for the first person a moment ago."""
    amy, bo = glow.enrol_amy(mention="@amy"), glow.enrol({"external_id": "xhs:bo"}).get_json()
    assert glow.request("PATCH", f"{PATH}/{amy['id']}", {"mention": None}, "links").status_code == 200
    taken = glow.request("PATCH", f"{PATH}/{bo['id']}", {"mention": "@amy"}, "links")
    assert (taken.status_code, taken.get_json()["mention"]) == (200, "@amy")


def test_concurrent_changes_of_a_participant_are_all_applied_or_refused(glow: LinkIssuer, settings: Settings) -> None:
    """Two processes change different fields of one person: what was answered with 200 is stored, the others say 409."""
    amy = glow.enrol_amy()
    fields: list[tuple[str, object]] = [
        ("display_name", "Amelia"),
        ("mention", "@amelia"),
        ("device", "d7"),
        ("language", "en"),
        ("public", False),
        ("consents", ["messages"]),
    ]
    with serve_link_issuer(settings) as other, ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda n: (glow, other)[n % 2].request("PATCH", f"{PATH}/{amy['id']}", dict([fields[n]]), "links"),
                range(len(fields)),
            )
        )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    glow.context.follower.read_to_end(30)
    stored = glow.request("GET", f"{PATH}/{amy['id']}", key="reader").get_json()
    participant = glow.context.catalog.participant(amy["id"])
    assert participant is not None
    stored["device"] = participant.device and "d7"
    for (field, value), answer in zip(fields, answers, strict=True):
        if answer.status_code == 200:
            assert stored[field] == value


def test_an_enrolment_is_repeated_after_people_could_not_be_written(glow: LinkIssuer) -> None:
    """503, and no participant without a profile; the retry succeeds."""
    with glow.with_unwritable_catalog():
        assert glow.enrol(AMY).status_code == 503
        assert glow.enrol(AMY | {"external_id": "xhs:bo", "mention": None}).status_code == 503
    glow.context.follower.read_to_end(30)
    assert glow.context.catalog.participants(PROGRAM) == []
    enrolled = glow.enrol(AMY)
    assert (enrolled.status_code, enrolled.get_json()["display_name"]) == (201, "Amelia Chen")


def test_an_erased_participant_is_shown_without_personal_data_and_their_codes_lead_nowhere(glow: LinkIssuer) -> None:
    """Redirects, pages, pictures and share reports; no click is recorded, and a repeated enrolment request names no one."""
    sent = {"headers": {"Idempotency-Key": "k1"}}
    amy = glow.request("POST", PATH, AMY, "links", **sent).get_json()
    link = glow.link(amy["id"], channel="wechat").get_json()
    ticket = glow.app.test_client().get(f"/s/{amy['code']}/ticket").get_json()["token"]
    erase(glow, amy["id"])

    shown = glow.request("GET", f"{PATH}/{amy['id']}", key="reader").get_json()
    unknown = {"external_id": None, "display_name": None, "mention": None, "language": None}
    assert shown.items() >= {**unknown, "consents": [], "public": False, "code": amy["code"]}.items()
    assert shown["erased_at"]
    replayed = glow.request("POST", PATH, AMY, "links", **sent)
    assert (replayed.status_code, replayed.get_json()) == (201, shown)
    assert glow.request("GET", f"{PATH}/xhs:amy-4711", key="reader").status_code == 404
    assert glow.request("PATCH", f"{PATH}/{amy['id']}", {"display_name": "A"}, "links").status_code == 410

    for code in (amy["code"], link["code"]):
        for path in (f"/{code}", f"/s/{code}", f"/s/{code}/poster.png", f"/s/{code}/card.png"):
            page = glow.open(path, Accept_Language="en")
            assert (page.status_code, "The person who shared it no longer takes part." in page.text) == (410, True)
            assert found_in(page.data) == []
        assert glow.open(f"/{code}", Accept="application/json").get_json()["code"] == "link_withdrawn"
        assert glow.request("GET", f"/v1/links/{code}", key="reader").get_json()["standing"] == "withdrawn"
        press = glow.app.test_client().post(f"/s/{code}/shares", json={"token": ticket, "press": 1})
        assert press.status_code == 410
    assert (
        glow.request("GET", f"/v1/participants/{amy['id']}/share-kit?channel=wechat", key="reader").status_code == 410
    )
    assert glow.link(amy["id"], channel="web").status_code == 410
    share = {"program": PROGRAM, "person": "xhs:bo", "channel": "wechat", "code": amy["code"]}
    assert glow.request("POST", "/v1/shares", share, "events").status_code == 422
    assert glow.facts() == []


def test_a_person_who_comes_back_after_an_erasure_is_new(glow: LinkIssuer) -> None:
    """Another id, another code; the old code still leads nowhere."""
    amy = glow.enrol(AMY).get_json()
    erase(glow, amy["id"])
    back = glow.enrol(AMY)
    assert back.status_code == 201
    new = back.get_json()
    assert new["external_id"] == amy["external_id"]
    assert new["id"] != amy["id"]
    assert new["code"] != amy["code"]
    assert glow.open(f"/{new['code']}").status_code == 302
    assert glow.open(f"/{amy['code']}").status_code == 410
    assert glow.request("GET", f"{PATH}/xhs:amy-4711", key="reader").get_json()["id"] == new["id"]
