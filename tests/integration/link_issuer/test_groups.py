"""`/q/{id}` on a real Redis: people are counted exactly, however many come at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from referral.config import Settings
from referral.redis_client import RedisClient
from tests.support.redis_servers import empty
from tests.support.systems.link_issuer import RULES, LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
_BROWSER = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0"}
_CRAWLER = {**_BROWSER, "User-Agent": "Googlebot/2.1"}


@pytest.fixture
def system(settings: Settings) -> Iterator[LinkIssuer]:
    """Link-issuer, without programs."""
    with serve_link_issuer(settings) as made:
        yield made


def _code(name: str, cap: int) -> dict[str, object]:
    return {"url": f"https://weixin.qq.com/g/{name}", "cap": cap}


def _visit(system: LinkIssuer, headers: dict[str, str]) -> tuple[int, str]:
    """Returns the status and the QR code's picture of a new visitor."""
    answer = system.app.test_client().get("/q/x.fans", headers=headers)
    return answer.status_code, answer.text.partition("base64,")[2].partition('"')[0]


def test_a_group_moves_on_when_a_code_is_full(system: LinkIssuer, redis: RedisClient) -> None:
    """Ten visitors at once for caps of 3 and 4: exactly seven are shown a code. Who comes back sees theirs; crawlers count not."""
    rules = RULES | {
        "wechat": {"groups": [{"id": "fans", "name": {"en": "Fans"}, "codes": [_code("a", 3), _code("b", 4)]}]}
    }
    assert system.apply(rules).status_code in (200, 201)
    assert _visit(system, _CRAWLER)[0] == 200
    own = system.app.test_client()
    first = own.get("/q/x.fans", headers=_BROWSER)
    assert first.status_code == 200
    assert "Press and hold" in first.text
    with ThreadPoolExecutor(8) as threads:
        visits = list(threads.map(lambda _: _visit(system, _BROWSER), range(9)))
    assert sorted(status for status, _ in visits) == [200] * 6 + [410] * 3
    pictures = [picture for status, picture in visits if status == 200]
    assert sorted(pictures.count(one) for one in set(pictures)) == [2, 4]
    again = own.get("/q/x.fans", headers=_BROWSER)
    assert (again.status_code, again.text) == (200, first.text)
    empty(redis)
    wait_until(lambda: _visit(system, _CRAWLER)[0] == 410)
    assert _visit(system, _BROWSER)[0] == 410, "counts of full codes are in the catalog"
    assert system.app.test_client().get("/q/x.others").status_code == 404


def test_one_network_cannot_fill_a_group(system: LinkIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit its visitors see the code and take no place; a visitor from elsewhere finds room."""
    monkeypatch.setattr("link_issuer.group_visit_limit.MAX_PER_NETWORK", 2)
    rules = RULES | {"wechat": {"groups": [{"id": "fans", "name": {"en": "Fans"}, "codes": [_code("a", 3)]}]}}
    assert system.apply(rules).status_code in (200, 201)
    assert [_visit(system, _BROWSER)[0] for _ in range(6)] == [200] * 6
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    found = [system.app.test_client().get("/q/x.fans", headers=_BROWSER, **elsewhere).status_code for _ in range(2)]
    assert found == [200, 410]
