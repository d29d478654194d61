"""Links: created, shown, drawn as QR codes, followed; and the pages for links that lead nowhere."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from referral.tokens import TokenSigner
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer

pytestmark = pytest.mark.integration


def _token(answer: TestResponse) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["rt"][0]


def test_a_link_leads_to_the_target_with_a_token_and_a_click(glow: LinkIssuer) -> None:
    """302; the token identifies the referrer, and the log has the same click."""
    amy = glow.enrol_amy()
    answer = glow.open(f"/{amy['code'].lower()}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://example.com/follow?from=link&rt=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    token = TokenSigner(glow.settings.key_ring()).read_click(_token(answer))
    assert (token.program, token.participant, token.code, token.channel) == (PROGRAM, amy["id"], amy["code"], None)
    glow.collaborators.redirect_resolver.publisher.close()
    [click] = glow.clicks()
    assert (click.id, click.participant, click.visitor) == (token.id, amy["id"], "person")


def test_a_links_channel_content_and_cta_are_in_its_token(glow: LinkIssuer) -> None:
    """What was sent when the link was created is in its token; the same body is the same link."""
    amy = glow.enrol_amy()
    body = {"channel": "wechat", "content": "hacks", "cta": "tag", "code": "amyglow"}
    made, again = glow.link(amy["id"], **body), glow.link(amy["id"], **body)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.get_json() == again.get_json()
    assert (made.get_json()["code"], made.get_json()["standing"]) == ("AMYGLOW", "open")
    assert glow.request("GET", "/v1/links/amyglow", key="reader").get_json() == made.get_json()
    token = TokenSigner(glow.settings.key_ring()).read_click(_token(glow.open("/AMYGLOW")))
    assert (token.participant, token.channel, token.content, token.cta) == (amy["id"], "wechat", "hacks", "tag")


def test_a_friends_link_continues_the_chain_of_the_link_they_came_by(glow: LinkIssuer) -> None:
    """Its token names who began the chain, also further down; a token that is not valid is refused with its place."""
    tokens = TokenSigner(glow.settings.key_ring())
    people = {name: glow.enrol({"external_id": f"xhs:{name}"}).get_json()["id"] for name in ("amy", "bob", "cat")}
    glow.link(people["amy"], content="hacks", cta="tag", code="amylink")
    by_amy = _token(glow.open("/AMYLINK"))
    made = glow.link(people["bob"], click=by_amy, code="boblink")
    assert (made.status_code, made.get_json()["content"], made.get_json()["cta"]) == (201, "hacks", "tag")
    by_bob = _token(glow.open("/BOBLINK"))
    glow.link(people["cat"], click=by_bob, code="catlink")
    roots = [tokens.read_click(_token(glow.open(path))).root for path in ("/AMYLINK", "/BOBLINK", "/CATLINK")]
    assert roots == [None, people["amy"], people["amy"]]
    refused = glow.link(people["bob"], click=by_amy[:-2])
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.get_json()["errors"]] == ["/click"]


def test_automated_clients_are_redirected_and_classified(glow: LinkIssuer) -> None:
    """HEAD, prefetch, preview and crawler requests get the redirect; the click has their class."""
    path = f"/{glow.enrol_amy()['code']}"
    answers = [
        glow.open(path, "HEAD"),
        glow.open(path, Sec_Purpose="prefetch;prerender"),
        glow.open(path, Purpose="prefetch"),
        glow.open(path, User_Agent="facebookexternalhit/1.1"),
        glow.open(path, User_Agent="Mozilla/5.0 (compatible; Baiduspider/2.0)"),
        glow.open(path),
    ]
    assert {answer.status_code for answer in answers} == {302}
    glow.collaborators.redirect_resolver.publisher.close()
    found = sorted(click.visitor for click in glow.clicks())
    assert found == sorted(["head", "prefetch", "prefetch", "preview", "crawler", "person"])


def test_an_unknown_code_gets_a_page_that_helps(glow: LinkIssuer) -> None:
    """404 in the reader's language, without scripts; a problem for JSON clients."""
    for language, text in (("en-US,en", "That code doesn&#39;t exist"), ("zh-CN,zh", "没有找到这个邀请码")):
        page = glow.open("/N0SUCH", Accept_Language=language)
        assert (page.status_code, page.mimetype) == (404, "text/html")
        assert text in page.text
    assert "没有找到" in glow.open("/N0SUCH?lang=zh", Accept_Language="en").text
    hostile = glow.open("/%3Cscript%3Ealert(1)")
    assert "<script" not in hostile.text
    assert "default-src 'self'" in hostile.headers["Content-Security-Policy"]
    problem = glow.open("/N0SUCH", Accept="application/json")
    assert (problem.status_code, problem.get_json()["code"]) == (404, "unknown_code")


def test_an_ended_link_names_what_still_works(glow: LinkIssuer) -> None:
    """410, with a button that leads to the friend's own invitation."""
    amy = glow.enrol_amy()
    clock = glow.context.clock
    soon = datetime.now(UTC) + timedelta(seconds=1)
    link = glow.link(amy["id"], expires_at=soon.isoformat(), code="SHORTLY").get_json()
    while clock.now_ms() <= soon.timestamp() * 1000:
        glow.context.follower.read_to_end(30)
    expired = glow.open("/SHORTLY", Accept_Language="en")
    assert expired.status_code == 410
    assert f'href="{amy["link"]}"' in expired.text
    assert "Open Amy&#39;s invitation" in expired.text
    assert glow.open("/SHORTLY", Accept="application/json").get_json()["code"] == "link_expired"
    assert glow.request("GET", f"/v1/links/{link['code']}").get_json()["standing"] == "expired"


def test_the_codes_of_an_ended_program_show_that_it_has_ended(issuer: LinkIssuer) -> None:
    """410, without an alternative: no code of it works."""
    assert issuer.apply(RULES | {"ends_at": "2020-01-01T00:00:00Z"}).status_code == 201
    page = issuer.open(f"/{issuer.enrol_amy()['code']}", Accept_Language="en")
    assert page.status_code == 410
    assert "This program has ended" in page.text


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"channel": "douyin", "content": "none"}, ["/channel", "/content"]),
        ({"channel": "fax"}, ["/channel"]),
        ({"code": "a b"}, ["/code"]),
        ({"code": "healthz"}, ["/code"]),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ["/expires_at"]),
        ({"expires_at": "soon", "colour": "red"}, ["/colour", "/expires_at"]),
    ],
)
def test_an_invalid_link_is_rejected_with_pointers(glow: LinkIssuer, body: dict[str, str], pointers: list[str]) -> None:
    """422 with a pointer to each mistake."""
    answer = glow.link(glow.enrol_amy()["id"], **body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.get_json()["errors"]] == pointers


def test_a_taken_code_is_rejected(glow: LinkIssuer) -> None:
    """Whether of a participant or of a link, in upper or lower case: 409."""
    amy = glow.enrol_amy()
    bo = glow.enrol({"external_id": "xhs:bo", "display_name": "Bo"}).get_json()
    assert glow.link(bo["id"], code="best").status_code == 201
    for taken in ("BEST", bo["code"].lower()):
        answer = glow.link(amy["id"], code=taken)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "code_taken")


def test_a_qr_code_is_a_picture_of_the_link(glow: LinkIssuer) -> None:
    """SVG and PNG, public; 404 for an unknown code."""
    code = glow.enrol_amy()["code"]
    svg, png = glow.open(f"/v1/links/{code}/qr.svg"), glow.open(f"/v1/links/{code}/qr.png?scale=3")
    assert (svg.mimetype, svg.text[:5]) == ("image/svg+xml", "<?xml")
    assert (png.mimetype, png.data[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert glow.open("/v1/links/N0SUCH/qr.svg").status_code == 404
    assert glow.open(f"/v1/links/{code}/qr.png?scale=1000").status_code == 422
