"""What every service does around its views: request ids, headers, limits, health, metrics, documentation."""

import dataclasses
import re

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from referral import __version__
from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A client of the tiny service; neither broker nor Redis answers it."""
    return tiny_service().test_client()


def sample(exposition: str, name: str, **labels: str) -> float:
    """The value of one sample of Prometheus' text format; 0 where there is none."""
    for line in exposition.splitlines():
        if line.startswith(name + "{") and all(f'{label}="{value}"' in line for label, value in labels.items()):
            return float(line.rpartition(" ")[2])
    return 0.0


def test_a_plain_request_id_comes_back(client: FlaskClient) -> None:
    """A caller finds its own id again, in the answer and in our logs."""
    assert client.get("/v1/hot", headers={"X-Request-Id": "order-42.a_b:c"}).headers["X-Request-Id"] == "order-42.a_b:c"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a;b", "é", '{"a"}'])
def test_an_odd_request_id_is_replaced(client: FlaskClient, sent: str) -> None:
    """What goes into logs must not be anything a caller likes."""
    answer = client.get("/v1/hot", headers={"X-Request-Id": sent})
    assert re.fullmatch(r"req_[0-9a-f]{16}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/v1/hot", "/nowhere", "/v1/things", "/docs", "/healthz"])
def test_every_answer_carries_security_headers(client: FlaskClient, path: str) -> None:
    """Pages and errors, hot or not."""
    found = client.get(path).headers
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["X-Frame-Options"] == "DENY"
    assert "default-src" in found["Content-Security-Policy"]
    assert len(found.getlist("Content-Security-Policy")) == 1


def test_too_many_requests_of_a_caller_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with when to come back; others, health and the hot path go on."""
    monkeypatch.setattr("referral.http.rate_limit.time.time", lambda: 1_790_000_010.0)  # in the middle of a window
    client = tiny_service(dataclasses.replace(SMALL_BODIES, rate_limit="3/minute")).test_client()
    answers = [client.get("/v1/things", headers=headers("reader")) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0", "0"]
    assert answers[3].get_json()["code"] == "rate_limited"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
    assert client.get("/v1/things", headers=headers("admin")).status_code == 200
    assert client.get("/v1/hot").status_code == 200
    assert client.get("/healthz").status_code == 200


def test_made_up_keys_share_one_allowance() -> None:
    """Guessing keys brings no fresh allowance for each guess."""
    client = tiny_service(dataclasses.replace(SMALL_BODIES, rate_limit="3/day")).test_client()
    answers = [client.get("/v1/things", headers=headers(f"guess{number}")).status_code for number in range(5)]
    assert answers == [401, 401, 401, 429, 429]


def test_made_up_keys_are_counted_where_known_ones_are_not() -> None:
    """On the hot path each guess would hold a thread while the catalog is read; whoever has a key is not bounded."""
    client = tiny_service(dataclasses.replace(SMALL_BODIES, rate_limit="3/day")).test_client()
    guesses = [client.get("/v1/hot/mine", headers=headers(f"guess{number}")) for number in range(5)]
    assert [answer.status_code for answer in guesses] == [401, 401, 401, 429, 429]
    assert guesses[4].headers["Retry-After"] == guesses[4].headers["X-RateLimit-Reset"]
    assert {client.get("/v1/hot/mine", headers=headers("reader")).status_code for _ in range(10)} == {200}


def test_behind_a_proxy_callers_are_told_apart_by_what_it_says() -> None:
    """Only so many proxies as are configured are believed: a caller's own header is not."""
    settings = dataclasses.replace(SMALL_BODIES, rate_limit="1/day", proxies=1)
    client = tiny_service(settings).test_client()

    def ask(forwarded: str) -> int:
        return client.get("/docs", headers={"X-Forwarded-For": forwarded}).status_code

    assert [ask("1.1.1.1"), ask("2.2.2.2"), ask("9.9.9.9, 1.1.1.1")] == [200, 200, 429]


def test_readiness_says_which_part_is_not_ready_and_why(client: FlaskClient) -> None:
    """An operator reads the reason off the probe."""
    answer = client.get("/readyz")
    body = answer.get_json()
    assert (answer.status_code, body["ready"]) == (503, False)
    assert body["checks"]["catalog"] == "ok"
    assert "does not answer" in body["checks"]["log"]
    assert "does not answer" in body["checks"]["redis"]


def test_alive_is_not_ready(client: FlaskClient) -> None:
    """A process whose broker is away must not be restarted for it."""
    assert client.get("/healthz").status_code == 200


def test_answers_are_counted_by_route_and_never_by_address(client: FlaskClient) -> None:
    """An id in an address, an unknown address, an invented method: none makes a new time series."""
    labels = {"service": "tiny", "method": "GET", "status": "418"}
    before = sample(client.get("/metrics").text, "referral_http_requests_total", route="/v1/broken/<how>", **labels)
    client.get("/v1/broken/teapot")
    client.get("/nowhere/at/all")
    client.open("/v1/hot", method="BREW")
    shown = client.get("/metrics").text
    assert sample(shown, "referral_http_requests_total", route="/v1/broken/<how>", **labels) == before + 1
    assert 'route="unknown"' in shown
    assert 'method="other"' in shown
    assert "teapot" not in shown
    assert "BREW" not in shown


def test_metrics_tell_what_runs_and_what_it_knows(client: FlaskClient) -> None:
    """The version, and the size and age of the catalog, read when asked."""
    shown = client.get("/metrics").text
    assert sample(shown, "referral_build_info", service="tiny", version=__version__) == 1
    assert "referral_catalog_entities 6.0" in shown
    assert "referral_catalog_age_seconds 0.0" in shown


def test_the_document_says_scopes_problems_and_idempotency_keys(client: FlaskClient) -> None:
    """A client generator has all it needs."""
    document = client.get("/openapi.json").get_json()
    validate(document)
    make = document["paths"]["/v1/programs/{program}/things"]["post"]
    assert make["x-scope"] == "links:write"
    assert "key" in make["security"][0]
    assert "Idempotency-Key" in {one.get("name") for one in make["parameters"]}
    assert document["paths"]["/v1/hot"]["get"]["security"] == []
    problem = document["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert problem == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_the_page_of_the_api_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    """No script, no outside host, and small."""
    page = client.get("/docs")
    assert page.status_code == 200
    assert len(page.data) < 100_000
    assert "/v1/programs/{program}/things" in page.text
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="https?://', page.text)


def test_a_head_request_has_headers_and_no_body(client: FlaskClient) -> None:
    """What answers GET answers HEAD."""
    answer = client.head("/v1/hot")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "2")


def test_idempotent_above_requires_is_a_mistake_seen_at_start() -> None:
    """Else an answer would be replayed to whoever asks, key or not."""
    from referral.http.api_keys import requires
    from referral.http.idempotency import idempotent

    with pytest.raises(TypeError, match="below @requires"):
        idempotent(requires("read")(lambda: "secret"))
