"""Outages of Kafka and Redis: redirects continue, and nothing is acknowledged that is not durable."""

import time
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from referral.config import Settings
from referral.log.topic_admin import ensure_topics
from referral_tools.stack.stack import Stack
from tests.support.settings import SIGNING_KEY
from tests.support.systems.link_issuer import RULES, LinkIssuer, serve_link_issuer
from tests.support.waiting import is_within

pytestmark = pytest.mark.integration


@pytest.fixture
def own(mortal: Stack, topic_prefix: str) -> Iterator[LinkIssuer]:
    """Link-issuer on a broker and a Redis that the test may kill, with a program in force."""
    settings = Settings(
        signing_key=SIGNING_KEY,
        kafka=mortal.kafka,
        redis=mortal.redis,
        partitions=2,
        topic_prefix=topic_prefix,
        directory="memory",
    )
    ensure_topics(settings)
    with serve_link_issuer(settings) as system:
        assert system.apply(RULES).status_code == 201
        yield system


def _is_unavailable(answer: TestResponse, since: float) -> bool:
    return answer.status_code == 503 and "Retry-After" in answer.headers and is_within(2.5, since)


def test_redirects_continue_while_the_broker_is_down(own: LinkIssuer, mortal: Stack) -> None:
    """Writes get 503 with Retry-After in about two seconds; known links redirect at once; writes succeed after the outage."""
    amy = own.enrol_amy()
    assert own.open(f"/{amy['code']}").status_code == 302
    mortal.kafka_process.terminate()
    for write in (lambda: own.enrol({"external_id": "xhs:bo"}), lambda: own.apply(RULES | {"holding_days": 1})):
        began = time.monotonic()
        assert _is_unavailable(write(), began)
    began = time.monotonic()
    assert {own.open(f"/{amy['code']}").status_code for _ in range(50)} == {302}
    assert own.open("/N0SUCH").status_code == 404
    assert is_within(5, began)
    assert own.enrol({"external_id": "xhs:amy"}).get_json() == amy
    mortal.start_kafka()
    deadline = time.monotonic() + 150
    while (answer := own.enrol({"external_id": "xhs:bo"})).status_code == 503:
        assert time.monotonic() < deadline
    assert answer.status_code == 201


def test_enrolment_needs_redis_and_redirects_do_not(own: LinkIssuer, mortal: Stack) -> None:
    """Without Redis no code can be reserved: 503; known links redirect, and the service recovers without a restart."""
    amy = own.enrol_amy()
    assert own.open(f"/{amy['code']}").status_code == 302
    mortal.redis_process.kill()
    began = time.monotonic()
    assert _is_unavailable(own.enrol({"external_id": "xhs:bo"}), began)
    assert own.open(f"/{amy['code']}").status_code == 302
    mortal.start_redis()
    assert own.enrol({"external_id": "xhs:bo"}).status_code == 201


def test_a_link_with_max_uses_shows_a_friendly_page_while_redis_is_down(own: LinkIssuer, mortal: Stack) -> None:
    """Whether a use is left is unknown: 503 with Retry-After within two seconds; then it redirects again."""
    own.link(own.enrol_amy()["id"], code="few", max_uses=5)
    assert own.open("/FEW").status_code == 302
    mortal.redis_process.kill()
    began = time.monotonic()
    page = own.open("/FEW", Accept_Language="en")
    assert _is_unavailable(page, began)
    assert "One moment" in page.text
    mortal.start_redis()
    deadline = time.monotonic() + 150
    while own.open("/FEW").status_code == 503:
        assert time.monotonic() < deadline
    assert own.open("/FEW").status_code == 302
