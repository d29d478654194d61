"""Pages of link-issuer over a catalog in memory: dead ends, the page at the root, and what an invitation promises."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, md5, sha1, sha256

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from link_issuer.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from referral.events.attribution_rules import Attribution
from referral.events.entities import Link, Participant, ProgramVersion
from referral.events.people import Profile
from referral.events.program import Program
from referral.events.reward_rules import Reward
from tests.support.builders.link_issuer import LINK_OWNER, LINK_OWNER_PROFILE, SHARE_PROGRAM
from tests.support.settings import UNREACHABLE

MADE = datetime(2026, 1, 1, tzinfo=UTC)
STARTS = datetime(2126, 10, 28, 20, tzinfo=UTC)  # the next day in Shanghai
GIFT = Reward(id="d", to="referee", on="conversion.cleared", kind="discount_code", percent=15)
THANKS = Reward(id="g", to="referrer", on="conversion.cleared", kind="guide", pool="a.pdf", once=True, worth="¥99")
PROGRAM = replace(SHARE_PROGRAM, timezone="Asia/Shanghai", rewards=(GIFT, THANKS))


def _participant(program: str, code: str) -> Participant:
    return replace(LINK_OWNER, id=f"psn_{code:0>16}", program=program, code=code)


def _profile(participant: Participant, *, public: bool = True) -> Profile:
    return replace(LINK_OWNER_PROFILE, id=participant.id, program=participant.program, public=public)


PEOPLE = {
    "AMY88": PROGRAM,
    "HELD88": replace(PROGRAM, id="prg_held", holding_days=7),
    "RDER88": replace(PROGRAM, id="prg_order", attribution=Attribution(qualifies_on="order.paid")),
    "STAY88": replace(
        PROGRAM, id="prg_stay", attribution=Attribution(qualifies_on="person.retained", retained_days=14)
    ),
    "NAMED8": replace(
        PROGRAM, id="prg_named", rewards=(replace(GIFT, name={"en": "20% off your first order", "zh-CN": "首单 8 折"}),)
    ),
    "FREE88": replace(PROGRAM, id="prg_free", rewards=(replace(GIFT, percent=100),)),
    "N0NE88": replace(PROGRAM, id="prg_none", rewards=()),
}
LATER = replace(PROGRAM, id="prg_later")


def _version(program: Program, effective_from: datetime = MADE) -> ProgramVersion:
    return ProgramVersion(recorded_at=MADE, program=program, version=1, effective_from=effective_from)


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    """A client of the service; its catalog has one person in each program, and links that do not work."""
    amy = _participant("prg_x", "AMY88")
    link = Link(recorded_at=MADE, id="lnk_1", code="SOON77", program="prg_x", participant=amy.id, starts_at=STARTS)
    others = [_participant(program.id, code) for code, program in PEOPLE.items()]
    hidden, gone = _participant("prg_x", "HIDDEN"), replace(_participant("prg_x", "GONE88"), erased_at=MADE)
    catalog = [
        *map(_version, PEOPLE.values()),
        _version(LATER, STARTS),
        *others,
        _participant("prg_later", "LATER8"),
        hidden,
        gone,
        link,
        replace(link, id="lnk_4", code="GONE77", participant=gone.id, starts_at=None),
        replace(link, id="lnk_5", code="HIDDN7", participant=hidden.id, starts_at=None, expires_at=MADE),
        replace(link, id="lnk_2", code="OVER77", starts_at=None, expires_at=MADE + timedelta(days=1)),
        replace(link, id="lnk_3", code="OFF777", starts_at=None, disabled=True),
    ]
    profiles = [*map(_profile, others), _profile(hidden, public=False)]
    app = make_app(UNREACHABLE, MemoryFollower(catalog, profiles))
    yield app.test_client()
    app.extensions["referral"].close()


def _text(client: FlaskClient, path: str, language: str = "en") -> str:
    return client.get(path, headers={"Accept": "text/html", "Accept-Language": language}).text.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("path", "language", "text"),
    [
        ("/s/SOON77", "en", "This invitation opens on October 29"),
        ("/s/SOON77", "zh-CN", "这份邀请 10月29日开放"),
        ("/LATER8", "en", "Starts on October 29."),
        ("/s/OVER77", "en", "This link has expired"),
        ("/OFF777", "en", "You can still join through Amy."),
        ("/HIDDN7", "en", "You can still join through the promoter."),
        ("/HIDDN7", "zh-CN", "这位推广人 的另一份邀请还有效"),
        ("/GONE88", "en", "This invitation is no longer active"),
        ("/GONE77", "zh-CN", "分享它的人已经不再参与"),
        ("/s/GONE88", "en", "The person who shared it no longer takes part."),
        ("/s/NOPE99", "en", "That code doesn't exist"),
    ],
)
def test_a_dead_end_names_what_happened_and_when_it_opens(
    client: FlaskClient, path: str, language: str, text: str
) -> None:
    """The date is that of the program's time zone."""
    page = _text(client, path, language)
    assert text in page.replace("\u2060", "").replace("\u00a0", " ")


def test_an_unknown_code_can_be_corrected_on_its_page(client: FlaskClient) -> None:
    """The page has a field with what was typed; the field opens the invitation of the corrected code."""
    page = _text(client, "/s/NOPE99?lang=zh-CN")
    assert 'name="code" value="NOPE99"' in page
    assert '<input type="hidden" name="lang" value="zh-CN">' in page
    answer = client.get("/?code=%20amy%2088%20&lang=zh-CN")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/s/amy88?lang=zh-CN")
    assert client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    "code", ["//evil.example", "https://evil.example", "\\\\evil.example", "../x", "?x", "%0d%0aX: y"]
)
def test_the_field_for_a_code_leads_to_no_other_address(client: FlaskClient, code: str) -> None:
    """Whatever is typed is a code under /s/."""
    answer = client.get("/", query_string={"code": code})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/s/")
    assert client.get(answer.headers["Location"], headers={"Accept": "text/html"}).status_code in (404, 308)


def test_the_root_is_a_page_with_a_field_for_a_code(client: FlaskClient) -> None:
    """In both languages; a code that is empty leads nowhere."""
    for path in ("/", "/?code=%20"):
        assert "This address carries invitations" in _text(client, path)
        assert "这里可以打开邀请" in _text(client, path, "zh-CN")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "AMY88",
            ["15% off", "when you follow", "Your gift arrives within a minute; Amy gets a thank-you too", "¥99 value"],
        ),
        ("HELD88", ["Your gift arrives after 7 days; Amy gets a thank-you too"]),
        ("RDER88", ["after your first order", "when the first friend orders", "Your gift is sent to you; Amy"]),
        ("STAY88", ["after following for 14 days", "when the first friend follows and stays"]),
        ("NAMED8", ["20% off your first order", "Your gift arrives within a minute"]),
        ("FREE88", ["<strong>Free</strong>"]),
        ("N0NE88", ["Amy invites you"]),
    ],
)
def test_an_invitation_promises_what_the_program_keeps(client: FlaskClient, code: str, expected: list[str]) -> None:
    """When and for what a gift is granted follows from the program's rules; the page speaks to the friend."""
    page = _text(client, f"/s/{code}")
    for text in expected:
        assert text in page
    assert "the friend" not in page.lower().replace("the first friend", "")


@pytest.mark.parametrize(("code", "expected"), [("AMY88", "8.5 折"), ("NAMED8", "首单 8 折"), ("FREE88", "免费")])
def test_a_discount_is_written_as_each_language_does(client: FlaskClient, code: str, expected: str) -> None:
    """In Chinese as tenths of the price that remain."""
    assert f"<strong>{expected}</strong>" in _text(client, f"/s/{code}", "zh-CN")


def test_the_main_action_comes_first_for_the_keyboard(client: FlaskClient) -> None:
    """The order of the page's controls is the order in which they are seen."""
    page = _text(client, "/s/AMY88?channel=wechat")
    places = [page.index(part) for part in ('class="act"', "data-share", "data-copy-caption", 'class="poster"')]
    assert places == sorted(places)


def test_a_link_preview_has_a_wide_picture_and_says_who_has_what(client: FlaskClient) -> None:
    """The description is the summary, in the page's language."""
    page = _text(client, "/s/AMY88?channel=wechat")
    assert page.count('content="Amy has 15% off for you"') == 2
    assert 'property="og:image:width" content="1200"' in page
    assert "/s/AMY88/card.png?" in page
    assert 'rel="apple-touch-icon"' in page
    assert 'content="en_US"' in page


@pytest.mark.parametrize("path", ["/s/HIDDEN?channel=xiaohongshu", "/s/HIDDEN?channel=wechat"])
@pytest.mark.parametrize(("language", "promoter"), [("en", "A promoter"), ("zh-CN", "一位推广人")])
def test_the_page_of_a_person_who_hides_their_name_shows_neither_name_nor_handle(
    client: FlaskClient, path: str, language: str, promoter: str
) -> None:
    """The handle names them as well as the display name does."""
    page = _text(client, path, language)
    assert f"{promoter} " in page
    assert "HIDDEN" in page
    assert all(name not in page for name in ("Amy", "@u42", "xhs:u42"))


@pytest.mark.parametrize("path", ["/s/AMY88", "/s/AMY88/ticket", "/AMY88", "/OFF777", "/s/GONE88"])
def test_a_public_page_has_no_id_that_can_be_computed_from_an_external_id(client: FlaskClient, path: str) -> None:
    """Neither the platform's id nor a hash of it, in body, headers or cookies; tokens have the person id, which is keyed."""
    answer = client.get(path, headers={"Accept": "text/html"})
    shown = answer.text + str(answer.headers)
    participant = _participant("prg_x", "AMY88")
    assert all(text not in shown for text in ("xhs:u42", participant.id, LINK_OWNER.id))
    for digest in (md5, sha1, sha256, blake2b):
        raw = digest(b"xhs:u42").digest()
        assert all(text not in shown for text in (raw.hex(), b64encode(raw).decode().rstrip("=")))
    assert "Set-Cookie" not in answer.headers
