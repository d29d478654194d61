"""The example shops and the Python client beside the whole system: from a click to a rewarded referral and a code that is used."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from referral_client import ApiProblem, ReferralClient
from referral_tools.system import free_base
from tests.support.systems.command import run_command
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
PROGRAM = "prg_glow"


class RunningSystem(NamedTuple):
    """The address and an API key of a system that `referral run` started."""

    url: str
    key: str


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """The whole system."""
    home, base = tmp_path_factory.mktemp("system"), free_base()
    with run_command(home, base):
        running = json.loads((home / "run.json").read_text("utf-8"))
        yield RunningSystem(running["front"], running["api_key"])


@pytest.fixture
def client(system: RunningSystem) -> Iterator[ReferralClient]:
    """The client of the system."""
    with ReferralClient(*system) as client:
        yield client


def _click(link: str) -> str:
    """The click token of a friend who opens a link."""
    answer = httpx.get(link, follow_redirects=False)
    assert answer.status_code == 302, answer
    return parse_qs(urlsplit(answer.headers["location"]).query)["rt"][0]


def _referrer(client: ReferralClient, person: str) -> object:
    """The external id of a person's referrer; None while there is none."""
    try:
        found = client.person(PROGRAM, person).referrer
    except ApiProblem:
        return None
    return (found or {}).get("external_id")


def test_the_shop_in_flask_reports_who_came_by_whom(
    system: RunningSystem, client: ReferralClient, tmp_path: Path
) -> None:
    """Click, cookie, sign-up, attribution, code of the friend, hold, capture, refund; each step repeated changes nothing."""
    amy = client.enrol(PROGRAM, "shop:amy", display_name="Amy")
    assert client.enrol(PROGRAM, "shop:amy", display_name="Amy").code == amy.code
    shop = _shop().create_app(system.url, system.key, PROGRAM, tmp_path / "events.db")
    visitor = shop.test_client()
    assert visitor.post("/referral", json={"rt": _click(amy.link)}).status_code == 204
    signed_up = visitor.post("/sign-up", data={"name": "Bo"}).get_json()
    bo = signed_up["customer"]
    assert client.enrol(PROGRAM, bo).link == signed_up["share"]
    wait_until(lambda: _referrer(client, bo) == "shop:amy")
    ordered = visitor.post("/orders", data={"customer": bo, "amount": "120.00"}).get_json()["order"]
    assert visitor.post(f"/orders/{ordered}/refund").get_json() == {"refunded": "120.00"}
    sender, queue, _ = shop.extensions["referral"]
    assert sender.flush(30)
    assert queue.refused() == []
    _use_the_friends_reward(client, bo)
    sender.close()


def _use_the_friends_reward(client: ReferralClient, person: str) -> None:
    """Holds, captures and gives back what the friend got."""
    wait_until(lambda: _fulfilled_code(client, person) is not None)
    reward = _fulfilled_code(client, person) or ""
    held = client.hold("o-1", reward_id=reward, idempotency_key="hold-o-1")
    assert client.hold("o-1", reward_id=reward, idempotency_key="hold-o-1").id == held.id
    captured = client.capture(held.id)
    assert captured.redemption_id
    with pytest.raises(ApiProblem) as refused:
        client.redeem("o-2", reward_id=reward)
    assert refused.value.status == 409
    assert client.reverse(captured.redemption_id).redemption_id == captured.redemption_id
    assert client.wallet_link(PROGRAM, person).url.startswith("http")
    assert client.balances(PROGRAM, person).program == PROGRAM


def _fulfilled_code(client: ReferralClient, person: str) -> str | None:
    """The id of the person's reward that is a code to use; None before there is one."""
    rewards = client.rewards(PROGRAM, person).items
    ready = (one for one in rewards if one["kind"] == "discount_code" and one["status"] == "fulfilled")
    return next((str(one["id"]) for one in ready), None)


def test_the_shop_in_django_does_the_same(system: RunningSystem, client: ReferralClient, tmp_path: Path) -> None:
    """As a process of its own, with its CSRF token; the referral is by code."""
    amy = client.enrol(PROGRAM, "shop:amy", display_name="Amy")
    link = client.create_link(amy.id, channel="wechat")
    with _django_shop(system, tmp_path) as url, httpx.Client(base_url=url) as visitor:
        wait_until(lambda: _is_up(visitor))
        page = visitor.get("/")
        assert f'{system.url}/referral.js" data-route="/referral"' in page.text
        assert visitor.post("/referral", json={"code": link.code}).status_code == 204
        token = {"X-CSRFToken": visitor.cookies["csrftoken"]}
        assert visitor.post("/sign-up").status_code == 403
        cai = visitor.post("/sign-up", headers=token).json()["customer"]
        order = visitor.post("/orders", data={"customer": cai, "amount": "99.00"}, headers=token)
        assert re.fullmatch(r"o-[0-9a-f]{12}", order.json()["order"])
        wait_until(lambda: _referrer(client, cai) == "shop:amy")


def test_frames_are_served_at_the_front_door(system: RunningSystem, client: ReferralClient) -> None:
    """Each by the service that has the page."""
    client.enrol(PROGRAM, "shop:amy", display_name="Amy")
    where, headers = f"{system.url}/v1/programs/{PROGRAM}/embed-tokens", {"Authorization": f"Bearer {system.key}"}
    for scope, text in (("wallet", "Hi Amy"), ("board", "Glow Together"), ("share", "Share with a friend")):
        made = httpx.post(where, headers=headers, json={"scope": scope, "person": "shop:amy"}).json()
        frame = httpx.get(made["url"], params={"lang": "en"})
        assert (frame.status_code, text in frame.text) == (200, True), scope
        assert "frame-ancestors https://app.example.com" in frame.headers["Content-Security-Policy"]


def _is_up(visitor: httpx.Client) -> bool:
    try:
        return visitor.get("/").status_code == 200
    except httpx.TransportError:
        return False


def _shop() -> ModuleType:
    spec = importlib.util.spec_from_file_location("flask_shop", "examples/flask-shop/shop.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _django_shop(system: RunningSystem, home: Path) -> Iterator[str]:
    """Yields the address of the shop, which ends with the block."""
    environ = os.environ | {
        "REFERRAL_URL": system.url,
        "REFERRAL_KEY": system.key,
        "REFERRAL_PROGRAM": PROGRAM,
        "SHOP_QUEUE": str(home / "events.db"),
        "PYTHONPATH": "clients/python",
    }
    port = free_base()
    command = [sys.executable, "examples/django-shop/shop.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
