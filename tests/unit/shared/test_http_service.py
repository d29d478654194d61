"""What every service adds to its views: request ids, headers, rate limits, health, metrics, documentation."""

import dataclasses
import re
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from prometheus_client import REGISTRY

from referral import __version__
from referral.http import docs_page
from tests.support.tiny_service import KEYS, SMALL_BODIES, headers, tiny_service


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A client of the tiny service, without Kafka and Redis."""
    return tiny_service().test_client()


def sample(exposition: str, name: str, **labels: str) -> float:
    """Returns the value of a sample in Prometheus' text format; 0 if it is missing."""
    for line in exposition.splitlines():
        if line.startswith(name + "{") and all(f'{label}="{value}"' in line for label, value in labels.items()):
            return float(line.rpartition(" ")[2])
    return 0.0


def test_a_valid_request_id_is_returned(client: FlaskClient) -> None:
    """A client finds its own id in the response and in the log."""
    assert client.get("/v1/hot", headers={"X-Request-Id": "order-42.a_b:c"}).headers["X-Request-Id"] == "order-42.a_b:c"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a;b", "é", '{"a"}'])
def test_an_invalid_request_id_is_replaced(client: FlaskClient, sent: str) -> None:
    """A client must not write arbitrary text into the log."""
    response = client.get("/v1/hot", headers={"X-Request-Id": sent})
    assert re.fullmatch(r"req_[0-9a-f]{16}", response.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/v1/hot", "/nowhere", "/v1/things", "/docs", "/healthz"])
def test_every_response_has_security_headers(client: FlaskClient, path: str) -> None:
    """Pages, errors and fast paths."""
    found = client.get(path).headers
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["X-Frame-Options"] == "DENY"
    assert "default-src" in found["Content-Security-Policy"]
    assert len(found.getlist("Content-Security-Policy")) == 1


def test_requests_above_the_rate_limit_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After; other callers, health and fast paths are not affected."""
    monkeypatch.setattr("referral.http.rate_limit.time.time", lambda: 1_790_000_010.0)  # in the middle of a window
    client = tiny_service(dataclasses.replace(SMALL_BODIES, rate_limit="3/minute")).test_client()
    responses = [client.get("/v1/things", headers=headers("reader")) for _ in range(5)]
    assert [one.status_code for one in responses] == [200, 200, 200, 429, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in responses] == ["2", "1", "0", "0", "0"]
    assert responses[3].get_json()["code"] == "rate_limited"
    assert 0 < int(responses[3].headers["Retry-After"]) <= 60
    assert client.get("/v1/things", headers=headers("admin")).status_code == 200
    assert client.get("/v1/hot").status_code == 200
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("proxies", "counted"), [(0, 2), (1, 0)])
def test_a_proxy_that_the_settings_do_not_name_is_counted(
    proxies: int, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request with X-Forwarded-For is counted while no proxy is trusted; one warning is logged."""
    warnings: list[str] = []
    recorder = SimpleNamespace(warning=lambda event, **_: warnings.append(event))
    monkeypatch.setattr("referral.http.ignored_proxies.log", recorder)
    client = tiny_service(dataclasses.replace(SMALL_BODIES, proxies=proxies)).test_client()
    before = REGISTRY.get_sample_value("referral_http_ignored_forwarded_for_total") or 0
    for _ in range(2):
        client.get("/v1/hot", headers={"X-Forwarded-For": "192.0.2.7"})
    client.get("/v1/hot")
    assert (REGISTRY.get_sample_value("referral_http_ignored_forwarded_for_total") or 0) - before == counted
    assert warnings == ["proxy not trusted"][:counted]


def test_unknown_keys_share_one_rate_limit() -> None:
    """A guessed key is counted for its address, not as a caller of its own."""
    client = tiny_service(dataclasses.replace(SMALL_BODIES, rate_limit="3/day")).test_client()
    responses = [client.get("/v1/things", headers=headers(f"guess{number}")).status_code for number in range(5)]
    assert responses == [401, 401, 401, 429, 429]


def test_unknown_keys_are_counted_on_fast_paths() -> None:
    """Each guess would block a thread while the catalog is read; valid keys are not limited there."""
    client = tiny_service(dataclasses.replace(SMALL_BODIES, miss_limit="3/day")).test_client()
    guesses = [client.get("/v1/hot/mine", headers=headers(f"guess{number}")) for number in range(5)]
    assert [response.status_code for response in guesses] == [401, 401, 401, 429, 429]
    assert guesses[4].headers["Retry-After"] == guesses[4].headers["X-RateLimit-Reset"]
    assert {client.get("/v1/hot/mine", headers=headers("reader")).status_code for _ in range(10)} == {200}


def test_behind_a_proxy_callers_are_identified_by_its_header() -> None:
    """Only the configured number of proxies is trusted, not the header of a client."""
    settings = dataclasses.replace(SMALL_BODIES, rate_limit="1/day", proxies=1)
    client = tiny_service(settings).test_client()

    def status_for(forwarded: str) -> int:
        return client.get("/docs", headers={"X-Forwarded-For": forwarded}).status_code

    assert [status_for("1.1.1.1"), status_for("2.2.2.2"), status_for("9.9.9.9, 1.1.1.1")] == [200, 200, 429]


def test_readiness_names_the_failed_checks_and_their_reasons(client: FlaskClient) -> None:
    """An operator finds the reason in the response of the probe."""
    response = client.get("/readyz")
    body = response.get_json()
    assert (response.status_code, body["ready"]) == (503, False)
    assert body["checks"]["catalog"] == "ok"
    assert "does not respond" in body["checks"]["log"]
    assert "does not respond" in body["checks"]["redis"]


def test_a_process_is_alive_although_it_is_not_ready(client: FlaskClient) -> None:
    """A process must not be restarted because Kafka is unavailable."""
    assert client.get("/healthz").status_code == 200


def test_requests_are_counted_by_route_and_not_by_path(client: FlaskClient) -> None:
    """An id in the path, an unknown path, an invented method: none creates a time series."""
    labels = {"service": "tiny", "method": "GET", "status": "418"}
    before = sample(client.get("/metrics").text, "referral_http_requests_total", route="/v1/broken/<how>", **labels)
    client.get("/v1/broken/teapot")
    client.get("/nowhere/at/all")
    client.open("/v1/hot", method="BREW")
    exposition = client.get("/metrics").text
    assert sample(exposition, "referral_http_requests_total", route="/v1/broken/<how>", **labels) == before + 1
    assert 'route="unknown"' in exposition
    assert 'method="other"' in exposition
    assert "teapot" not in exposition
    assert "BREW" not in exposition


def test_metrics_have_the_version_and_the_state_of_the_catalog(client: FlaskClient) -> None:
    """Size and age of the catalog are read for each scrape."""
    exposition = client.get("/metrics").text
    assert sample(exposition, "referral_build_info", service="tiny", version=__version__) == 1
    assert f"referral_catalog_entities {len(KEYS) + 1}.0" in exposition  # and the program
    assert "referral_catalog_age_seconds 0.0" in exposition


def test_the_document_has_scopes_problems_and_idempotency_keys(client: FlaskClient) -> None:
    """A client can be generated from it."""
    document = client.get("/openapi.json").get_json()
    validate(document)
    make = document["paths"]["/v1/programs/{program}/things"]["post"]
    assert make["x-scope"] == "links:write"
    assert "key" in make["security"][0]
    assert "Idempotency-Key" in {parameter.get("name") for parameter in make["parameters"]}
    assert document["paths"]["/v1/hot"]["get"]["security"] == []
    problem = document["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert problem == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_the_documentation_links_to_the_document_where_the_front_door_has_it_too(client: FlaskClient) -> None:
    """The front door has `/openapi/{service}.json`, because `/openapi.json` would be ambiguous there."""
    [link] = re.findall(r'href="([^"]+)">openapi\.json<', client.get("/docs").text)
    assert link == "/openapi/tiny.json"
    assert client.get(link).get_json() == client.get("/openapi.json").get_json()


def test_the_api_reference_is_self_contained(client: FlaskClient) -> None:
    """No script, no other host, and small."""
    page = client.get("/docs")
    assert page.status_code == 200
    assert len(page.data) < 100_000
    assert "/v1/programs/{program}/things" in page.text
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="https?://', page.text)


def test_the_api_reference_has_landmarks_and_groups(client: FlaskClient) -> None:
    """One main part, a list of contents that leads to each group, and code in place of backticks; HTML in texts is escaped."""
    page = client.get("/docs").text
    assert page.count("<main") == page.count("<nav") == page.count("<header") == page.count("<h1>") == 1
    targets = re.findall(r'<li><a href="#([^"]+)"', page)
    assert len(targets) >= 2
    assert all(f'id="{target}"' in page for target in targets)
    assert "`" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.S)
    assert "<code>application/problem+json</code>" in page
    assert docs_page.prose("`a<b` & c") == "<code>a&lt;b</code> &amp; c"


def test_a_head_request_has_headers_and_no_body(client: FlaskClient) -> None:
    """Every GET route supports HEAD."""
    response = client.head("/v1/hot")
    assert (response.status_code, response.data, response.headers["Content-Length"]) == (200, b"", "2")


def test_idempotent_above_requires_raises_on_import() -> None:
    """Otherwise a response would be replayed to clients without a key."""
    from referral.http.api_keys import requires
    from referral.http.idempotency import idempotent

    with pytest.raises(TypeError, match="below @requires"):
        idempotent(requires("read")(lambda: "secret"))
