"""The OpenAPI document of conversion-tracker: valid, complete, and true of every response."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from msgspec.structs import replace
from openapi_spec_validator import validate

from conversion_tracker.app import app as make_app
from conversion_tracker.ingest.adapters.wechat.callback import signature
from conversion_tracker.ingest.adapters.wechat.wechat_openapi import POST_CALLBACK
from conversion_tracker.ingest.event_errors import REMEDIES
from conversion_tracker.replay.replay_openapi import RULES_BODY
from referral.config import Settings
from referral.encryption import seal
from referral.events.adapters import Adapter, AdapterPaths
from referral.events.entities import AdapterSecret, CatalogEntity
from referral.events.facts import Fact
from referral.events.schemas import types_by_tag
from referral_tools.stack.ports import free_ports
from tests.support.api_probe import probe
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM, START
from tests.support.processes import run_module
from tests.support.settings import UNREACHABLE
from tests.support.systems.conversion_tracker import CATALOG, event, serve_conversion_tracker
from tests.support.waiting import is_ready, wait_until

DECISIONS = ("/conversions", "/bans")
FRIEND, HELD = "xhs:friend", "xhs:odd"
TOKEN = "glowtoken2026"
SHOP = Adapter(
    id="shop",
    where=AdapterPaths(id="/id", type="/name", person="/user", time="/at"),
    types={"subscribed": "person.followed"},
)
WEBHOOK = [{"id": 1, "name": "subscribed", "user": "xhs:u42", "at": "2026-11-03T08:00:00Z"}, {}]
CALLBACK: str = POST_CALLBACK["requestBody"]["content"]["text/xml"]["example"]


@pytest.fixture(scope="module")
def document() -> Iterator[dict[str, Any]]:
    """/openapi.json, which needs neither Kafka nor Redis."""
    app = make_app(UNREACHABLE)
    yield app.test_client().get("/openapi.json").get_json()
    app.extensions["referral"].follower.stop()


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Every reference can be resolved."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_event_type_has_a_schema_and_a_valid_example(document: dict[str, Any]) -> None:
    """On its own and in an array."""
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["examples"]) == set(types_by_tag(Fact))
    schema = {**body["schema"], "components": document["components"]}
    for one in body["examples"].values():
        jsonschema.validate(one["value"], schema)
        jsonschema.validate([one["value"]] * 2, schema)


def test_the_codes_of_rejected_events_are_documented(document: dict[str, Any]) -> None:
    """They are stable, so that programs can depend on them."""
    schemas = document["components"]["schemas"]
    response = document["paths"]["/v1/events"]["post"]["responses"]["202"]["content"]["application/json"]["schema"]
    assert response == {"$ref": "#/components/schemas/IngestResponse"}
    assert schemas["IngestResponse"]["properties"]["rejected"]["items"] == {"$ref": "#/components/schemas/EventError"}
    assert schemas["EventError"]["properties"]["code"]["enum"] == sorted(REMEDIES)


def test_every_decision_has_its_scope_and_accepts_an_idempotency_key(document: dict[str, Any]) -> None:
    """Reading requires `read`, deciding `admin`."""
    found = {path: one for path, one in document["paths"].items() if any(part in path for part in DECISIONS)}
    operations = [(method, one[method]) for one in found.values() for method in one if method != "parameters"]
    assert sorted(method for method, _ in operations) == ["delete", "get", "get", "post", "post", "post"]
    for method, operation in operations:
        assert operation["summary"]
        assert operation["x-scope"] == ("read" if method == "get" else "admin")
        names = [one.get("name") for one in operation.get("parameters", [])]
        assert names.count("Idempotency-Key") == (method != "get")


@dataclass(frozen=True)
class Resources:
    """The existing resources that generated requests refer to, alternating with generated names."""

    conversion: str
    replay: str
    turns: Iterator[bool]

    def prepare(self, case: schemathesis.Case) -> schemathesis.Case:
        """Returns the request with existing resources; every second one keeps its generated ids, signature and webhook."""
        existing = {"program": PROGRAM}
        if next(self.turns):
            existing |= {"external_id": FRIEND, "conversion": self.conversion, "replay": self.replay, "name": SHOP.id}
            if "wechat" in case.path:
                return _signed_callback(case)
            if "name" in case.path_parameters:
                return _valid_webhook(case)
        case.path_parameters.update({name: value for name, value in existing.items() if name in case.path_parameters})
        return case


def _signed_callback(case: schemathesis.Case) -> schemathesis.Case:
    now = str(int(time.time()))
    query = {"signature": signature(TOKEN, now, case.method), "timestamp": now, "nonce": case.method}
    content = {"body": CALLBACK.encode(), "media_type": "text/xml"} if case.method == "POST" else {}
    return case.operation.Case(path_parameters={"program": PROGRAM}, query=query, **content)


def _valid_webhook(case: schemathesis.Case) -> schemathesis.Case:
    path = {"program": PROGRAM, "name": SHOP.id}
    return case.operation.Case(path_parameters=path, body=WEBHOOK, media_type="application/json")


def _catalog(settings: Settings) -> tuple[CatalogEntity, ...]:
    glow = program_version()
    with_adapter = replace(glow, program=replace(glow.program, adapters=(SHOP,)))
    sealed = seal(settings.key_ring(), PROGRAM, "wechat", TOKEN)
    token = AdapterSecret(recorded_at=START, program=PROGRAM, name="wechat", sealed=(sealed,))
    return with_adapter, *CATALOG[1:], token


@pytest.fixture
def api(settings: Settings, environ: dict[str, str]) -> Iterator[httpx.Client]:
    """The service with its folds; a friend was referred by Amy, and another referral is held for review."""
    [port] = free_ports(1)
    http = {**environ, "REFERRAL_HTTP_PORT": str(port), "REFERRAL_LOG_LEVEL": "error"}
    with ExitStack() as stack:
        system = stack.enter_context(serve_conversion_tracker(settings, *_catalog(settings)))
        stack.enter_context(run_module(environ, "conversion_tracker", "fold", "attribute"))
        stack.enter_context(run_module(environ, "tests.support.systems.screen_with_failing_rule"))
        stack.enter_context(run_module(http, "conversion_tracker", "http"))
        client = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer rk_all"}, timeout=150)
        )
        wait_until(lambda: is_ready(client))
        assert system.post([event(FRIEND, code="AMY88"), event(HELD, code="AMY88", device="d1")]).status_code == 202
        yield client


def _items(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(path).json()["items"]
    return items


@pytest.mark.timeout(900)  # some forty operations, each with dozens of generated requests
@pytest.mark.integration
def test_every_response_is_as_documented(api: httpx.Client) -> None:
    """Generated requests to all resources: no server error, and every response matches the document."""
    [conversion] = wait_until(lambda: _items(api, f"/v1/programs/{PROGRAM}/conversions"))
    schema = schemathesis.openapi.from_url(f"{api.base_url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 26
    rules = RULES_BODY["content"]["application/json"]["example"]
    replay = api.post(f"/v1/programs/{PROGRAM}/replays", json=rules)
    resources = Resources(conversion["id"], replay.json()["id"], cycle((True, False)))
    for operation in operations:
        probe(operation, {"Authorization": "Bearer rk_all"}, resources.prepare)
