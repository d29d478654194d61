"""Links with max_uses, disabled links, and query parameters that are forwarded to the target."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from werkzeug.test import TestResponse

from referral.telemetry.metrics import counter
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.systems.link_issuer import LinkIssuer

pytestmark = pytest.mark.integration


def _uses(system: LinkIssuer, code: str) -> tuple[int, str]:
    answer = system.request("GET", f"/v1/links/{code}").get_json()
    return answer["uses"], answer["standing"]


def _click_token(redirect: TestResponse) -> str:
    return parse_qs(urlsplit(redirect.headers["Location"]).query, keep_blank_values=True)["rt"][0]


def test_a_link_with_max_uses_admits_that_many_people(glow: LinkIssuer) -> None:
    """Automated clients do not use it up; later visitors get 410, and the metric counts them."""
    amy = glow.enrol_amy()
    made = glow.link(amy["id"], code="three", max_uses=3).get_json()
    assert (made["max_uses"], made["uses"], made["standing"]) == (3, 0, "open")
    automated = [glow.open("/THREE", "HEAD"), glow.open("/THREE", User_Agent="facebookexternalhit/1.1")]
    assert [one.status_code for one in automated] == [302, 302]
    assert [_click_token(one) for one in automated] == ["", ""], "a visit that uses up nothing is credited to no one"
    people = [glow.open("/THREE") for _ in range(5)]
    assert [one.status_code for one in people] == [302, 302, 302, 410, 410]
    assert len({_click_token(one) for one in people[:3]} - {""}) == 3
    before = counter("redirects").labels("exhausted")._value.get()
    page = glow.open("/three", Accept_Language="en")
    assert "All spots are taken" in page.text
    assert f'href="{amy["link"]}"' in page.text
    assert counter("redirects").labels("exhausted")._value.get() == before + 1
    assert glow.open("/THREE", Accept="application/json").get_json()["code"] == "link_exhausted"
    assert _uses(glow, "THREE") == (3, "exhausted")


def test_concurrent_uses_are_counted_exactly(glow: LinkIssuer) -> None:
    """Forty concurrent visits of a link with ten uses: ten are redirected."""
    glow.link(glow.enrol_amy()["id"], code="ten", max_uses=10)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: glow.open("/TEN").status_code, range(40)))
    assert (statuses.count(302), statuses.count(410)) == (10, 30)


@on_both_kinds_of_redis
def test_a_count_survives_the_loss_of_redis(glow: LinkIssuer) -> None:
    """A lost count continues from the snapshot in the catalog; with max_uses below twenty every use is a snapshot."""
    glow.link(glow.enrol_amy()["id"], code="few", max_uses=3)
    assert [glow.open("/FEW").status_code for _ in range(2)] == [302, 302]
    empty(glow.context.redis)
    glow.context.follower.read_to_end(30)
    assert [glow.open("/FEW").status_code for _ in range(2)] == [302, 410]
    empty(glow.context.redis)
    glow.context.follower.read_to_end(30)
    assert glow.open("/FEW").status_code == 410


def test_a_disabled_link_stays_disabled(glow: LinkIssuer) -> None:
    """At once, and however often it is disabled; the participant's own code still works, and cannot be disabled."""
    amy = glow.enrol_amy()
    glow.link(amy["id"], code="winter")
    assert glow.open("/WINTER").status_code == 302
    for _ in range(2):
        answer = glow.request("POST", "/v1/links/winter/disable", key="links")
        assert (answer.status_code, answer.get_json()["standing"]) == (200, "disabled")
    page = glow.open("/WINTER", Accept_Language="en")
    assert page.status_code == 410
    assert "Open Amy&#39;s invitation" in page.text
    assert glow.open("/s/WINTER").status_code == 410
    rejected = glow.request("POST", f"/v1/links/{amy['code']}/disable", key="links")
    assert (rejected.status_code, rejected.get_json()["code"]) == (409, "own_code")
    assert glow.open(f"/{amy['code']}").status_code == 302
    assert glow.request("POST", "/v1/links/winter/disable", key="reader").status_code == 403
    assert glow.request("POST", "/v1/links/winter/disable", key="elsewhere").status_code in (403, 404)


def test_the_clicks_of_a_link_have_its_partner_and_campaign(glow: LinkIssuer) -> None:
    """As sent when the link was created."""
    made = glow.link(glow.enrol_amy()["id"], code="kol", partner="kol_lin", campaign="spring-2026").get_json()
    assert (made["partner"], made["campaign"]) == ("kol_lin", "spring-2026")
    glow.open("/KOL")
    glow.collaborators.redirect_resolver.publisher.close()
    [click] = glow.clicks()
    assert (click.partner, click.campaign) == ("kol_lin", "spring-2026")


@pytest.mark.parametrize("max_uses", [None, 100])
def test_deep_link_parameters_are_forwarded_except_the_targets_own(glow: LinkIssuer, max_uses: int | None) -> None:
    """Both the fast path and the Flask view forward parameters that the target does not set, and never another token."""
    body = {"max_uses": max_uses} if max_uses else {}
    code = glow.link(glow.enrol_amy()["id"], **body).get_json()["code"]
    answer = glow.open(f"/{code}?page=3&from=evil&rt=forged&rt[]=forged&next=//evil.example&q=%E5%B9%B2")
    parts = urlsplit(answer.headers["Location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "example.com", "/follow")
    (first, token, *rest) = parse_qsl(parts.query, keep_blank_values=True)
    assert first == ("from", "link")
    assert token[0] == "rt"
    assert token[1] != "forged"
    assert rest == [("page", "3"), ("next", "//evil.example"), ("q", "干")]


def test_a_chosen_code_with_a_blocked_word_is_rejected_with_the_word(glow: LinkIssuer) -> None:
    """422 at /code, with the word."""
    answer = glow.link(glow.enrol_amy()["id"], code="glow-official")
    assert answer.status_code == 422
    assert "OFFICIAL" in answer.get_json()["errors"][0]["detail"]
