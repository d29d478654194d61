"""Links with a bound, links that are switched off, and what of a link's address goes on to the target."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest

from referral.telemetry.metrics import counter
from tests.support.systems.link_issuer import LinkIssuer

pytestmark = pytest.mark.integration


def _uses(system: LinkIssuer, code: str) -> tuple[int, str]:
    answer = system.request("GET", f"/v1/links/{code}").get_json()
    return answer["uses"], answer["standing"]


def test_a_link_with_a_bound_lets_so_many_people_through(glow: LinkIssuer) -> None:
    """Machines do not use it up; who comes too late is told so with 410, and that is counted."""
    amy = glow.enrol_amy()
    made = glow.link(amy["id"], code="three", max_uses=3).get_json()
    assert (made["max_uses"], made["uses"], made["standing"]) == (3, 0, "open")
    machines = [glow.open("/THREE", "HEAD"), glow.open("/THREE", User_Agent="facebookexternalhit/1.1")]
    assert [one.status_code for one in machines] == [302, 302]
    assert [glow.open("/THREE").status_code for _ in range(5)] == [302, 302, 302, 410, 410]
    before = counter("redirects").labels("exhausted")._value.get()
    page = glow.open("/three", Accept_Language="en")
    assert "This link has been used up" in page.text
    assert f'href="{amy["link"]}"' in page.text
    assert counter("redirects").labels("exhausted")._value.get() == before + 1
    assert glow.open("/THREE", Accept="application/json").get_json()["code"] == "link_exhausted"
    assert _uses(glow, "THREE") == (3, "exhausted")


def test_people_who_come_at_once_are_counted_one_by_one(glow: LinkIssuer) -> None:
    """Forty at the same time for ten places: ten go through."""
    glow.link(glow.enrol_amy()["id"], code="ten", max_uses=10)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: glow.open("/TEN").status_code, range(40)))
    assert (statuses.count(302), statuses.count(410)) == (10, 30)


def test_a_count_outlives_redis(glow: LinkIssuer) -> None:
    """What was written down in the catalog is where a lost count goes on; with a bound below twenty that is every use."""
    glow.link(glow.enrol_amy()["id"], code="few", max_uses=3)
    assert [glow.open("/FEW").status_code for _ in range(2)] == [302, 302]
    glow.context.redis.flushdb()
    glow.context.follower.read_to_end(30)
    assert [glow.open("/FEW").status_code for _ in range(2)] == [302, 410]
    glow.context.redis.flushdb()
    glow.context.follower.read_to_end(30)
    assert glow.open("/FEW").status_code == 410


def test_a_link_that_is_switched_off_leads_nowhere_for_good(glow: LinkIssuer) -> None:
    """At once and however often it is said; the person's own code still works, and cannot be switched off."""
    amy = glow.enrol_amy()
    glow.link(amy["id"], code="winter")
    assert glow.open("/WINTER").status_code == 302
    for _ in range(2):
        answer = glow.request("POST", "/v1/links/winter/disable", key="links")
        assert (answer.status_code, answer.get_json()["standing"]) == (200, "disabled")
    page = glow.open("/WINTER", Accept_Language="en")
    assert page.status_code == 410
    assert "Go on with Amy" in page.text
    assert glow.open("/s/WINTER").status_code == 410
    refused = glow.request("POST", f"/v1/links/{amy['code']}/disable", key="links")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "own_code")
    assert glow.open(f"/{amy['code']}").status_code == 302
    assert glow.request("POST", "/v1/links/winter/disable", key="reader").status_code == 403
    assert glow.request("POST", "/v1/links/winter/disable", key="elsewhere").status_code in (403, 404)


def test_partner_and_campaign_travel_with_a_link_into_its_clicks(glow: LinkIssuer) -> None:
    """What a link was made for is on every click."""
    made = glow.link(glow.enrol_amy()["id"], code="kol", partner="kol_lin", campaign="spring-2026").get_json()
    assert (made["partner"], made["campaign"]) == ("kol_lin", "spring-2026")
    glow.open("/KOL")
    glow.collaborators.redirect_resolver.publisher.close()
    [click] = glow.clicks()
    assert (click.partner, click.campaign) == ("kol_lin", "spring-2026")


@pytest.mark.parametrize("bound", [None, 100])
def test_deep_link_parameters_go_on_and_the_program_keeps_its_own(glow: LinkIssuer, bound: int | None) -> None:
    """The front door and the Flask view behind it say the same: what the target does not set goes on, never another token."""
    wish = {"max_uses": bound} if bound else {}
    code = glow.link(glow.enrol_amy()["id"], **wish).get_json()["code"]
    answer = glow.open(f"/{code}?page=3&from=evil&rt=forged&rt[]=forged&next=//evil.example&q=%E5%B9%B2")
    parts = urlsplit(answer.headers["Location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "example.com", "/follow")
    (first, token, *rest) = parse_qsl(parts.query, keep_blank_values=True)
    assert first == ("from", "link")
    assert token[0] == "rt"
    assert token[1] != "forged"
    assert rest == [("page", "3"), ("next", "//evil.example"), ("q", "干")]


def test_a_rude_or_posing_code_is_refused_with_the_word(glow: LinkIssuer) -> None:
    """422 at /code, and what to do."""
    answer = glow.link(glow.enrol_amy()["id"], code="glow-official")
    assert answer.status_code == 422
    assert "OFFICIAL" in answer.get_json()["errors"][0]["detail"]
