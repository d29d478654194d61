"""The sections of a program about codes and its fallback page take effect."""

import pytest

from tests.support.systems.link_issuer import RULES, LinkIssuer

pytestmark = pytest.mark.integration


def test_codes_follow_the_programs_rules(issuer: LinkIssuer) -> None:
    """No derived or chosen code contains a blocked word; chosen codes are rejected if the program does not allow them."""
    assert issuer.apply(RULES | {"codes": {"blocklist": ["AMY"]}}).status_code == 201
    amy = issuer.enrol_amy()
    assert "AMY" not in amy["code"]
    rejected = issuer.link(amy["id"], code="amyglow")
    assert (rejected.status_code, rejected.get_json()["errors"][0]["pointer"]) == (422, "/code")
    assert issuer.link(amy["id"], code="aglow").status_code == 201
    assert "AMY" not in issuer.link(amy["id"], channel="wechat").get_json()["code"]
    assert issuer.apply(RULES | {"codes": {"vanity": False}}).status_code == 201
    assert issuer.link(amy["id"], code="glow").status_code == 422


def test_a_dead_end_offers_the_programs_fallback(issuer: LinkIssuer) -> None:
    """After the program has ended, a button with its name in the reader's language leads to its fallback page."""
    name, home = {"zh-CN": "焕肤", "en": "Glow"}, "https://example.com/home?a=1&b=2"
    assert (
        issuer.apply(RULES | {"name": name, "fallback_url": home, "ends_at": "2026-01-01T00:00:00Z"}).status_code == 201
    )
    path = f"/{issuer.enrol_amy()['code']}"
    english, chinese = issuer.open(f"{path}?lang=en"), issuer.open(f"{path}?lang=zh-CN")
    assert (english.status_code, chinese.status_code) == (410, 410)
    assert 'href="https://example.com/home?a=1&amp;b=2">Visit Glow</a>' in english.text
    assert ">去 焕肤 看看</a>" in chinese.text
    assert "example.com" not in issuer.open("/N0SUCH").text
