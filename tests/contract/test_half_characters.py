"""Half a character in a JSON body: refused with its place by every route of every service, never a server error."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from conversion_tracker.app import app as conversion_tracker
from leaderboard.http_api.app import app as leaderboard
from link_issuer.http_api.app import app as link_issuer
from referral.catalog.memory_follower import MemoryFollower
from referral.events.adapters import Adapter, AdapterPaths
from referral.validation.half_characters import HALF_CHARACTER
from reward_dispatcher.http_api.app import app as reward_dispatcher
from tests.support.builders.participants import AMY, PROFILES
from tests.support.operators import operator
from tests.support.settings import UNREACHABLE, api_key
from tests.support.tiny_service import GLOW, PROGRAM

KEY = {"Authorization": "Bearer admin"}
SHOP = Adapter(id="shop", where=AdapterPaths(id="/id", type="/name", person="/user", time="/at"), types={})
CATALOG = (
    api_key("admin", "admin", "events:write", secret="admin"),
    replace(PROGRAM, program=replace(GLOW, adapters=(SHOP,))),
    operator("lin"),
    AMY,
)
PARAMETERS = {
    "program": "prg_glow",
    "name": "shop",
    "action": "approve",
    "participant": AMY.id,
    "external_id": "xhs:amy",
    "code": AMY.code,
    "operator": "opr_lin",
}
BODY = rb'{"a\ud83d": 1, "b": [{"c": "\ude00d"}], "whole": "\ud83d\ude00"}'
PLACES = ["/a\ufffd", "/b/0/c"]
ROUTES = 25  # or more
POOL = "/v1/programs/{program}/pools/{pool}/codes"  # each code has a verdict: tests/unit/reward_dispatcher/test_code_lines.py
# Routes that read a body in another way: each event has a verdict of its own, and platforms cannot repair what they send.
# The webhooks of stores are read after their signature: tests/integration/conversion_tracker/test_store_webhooks.py.
OTHERS = {
    "/v1/events": (422, "events_refused"),
    "/v1/adapters/cloudevents": (400, "malformed_body"),
    "/v1/adapters/{name}/{program}": (200, None),
    "/v1/adapters/shopify/{program}": (401, "missing_signature"),
    "/v1/adapters/woocommerce/{program}": (401, "missing_signature"),
}


@pytest.fixture(scope="module")
def apps() -> Iterator[list[Flask]]:
    """Every service, without Kafka and Redis."""
    made = [
        make(UNREACHABLE, MemoryFollower(CATALOG, PROFILES))
        for make in (conversion_tracker, link_issuer, reward_dispatcher, leaderboard)
    ]
    yield made
    for one in made:
        one.extensions["referral"].close()


def _json_routes(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Method and path of each operation with a JSON body."""
    document: dict[str, Any] = client.get("/openapi.json").get_json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters" and "application/json" in operation.get("requestBody", {}).get("content", {}):
                yield method, path


def test_every_route_refuses_half_a_character_with_its_place(apps: list[Flask]) -> None:
    """In texts and names of fields, at any depth; a whole pair is no mistake."""
    seen = 0
    for app in apps:
        client = app.test_client()
        for method, path in _json_routes(client):
            if path == POOL:
                continue
            seen += 1
            url = path.format_map(dict.fromkeys(_names(path), "x") | PARAMETERS)
            answer = client.open(url, method=method.upper(), data=BODY, headers=KEY, content_type="application/json")
            found = answer.get_json()
            if path in OTHERS:
                assert (answer.status_code, found.get("code")) == OTHERS[path], path
                continue
            assert answer.status_code == 422, (method, path, found)
            assert [(one["pointer"], one["detail"]) for one in found["errors"]] == [
                (place, HALF_CHARACTER) for place in PLACES
            ], path
    assert seen >= ROUTES


def _names(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]
