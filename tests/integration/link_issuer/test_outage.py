"""The broker goes and comes back: people are still sent on, and nothing is promised that is not kept."""

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
    """Link-issuer over a broker and a Redis that may be killed, with a program in force."""
    settings = Settings(
        signing_key=SIGNING_KEY, kafka=mortal.kafka, redis=mortal.redis, partitions=2, topic_prefix=topic_prefix
    )
    ensure_topics(settings)
    with serve_link_issuer(settings) as system:
        assert system.apply(RULES).status_code == 201
        yield system


def _refused(answer: TestResponse, since: float) -> bool:
    return answer.status_code == 503 and "Retry-After" in answer.headers and is_within(2.5, since)


def test_redirects_go_on_while_the_broker_is_away(own: LinkIssuer, mortal: Stack) -> None:
    """Writes hear 503 with Retry-After in about two seconds; known links lead on at once; what was said after is kept."""
    amy = own.enrol_amy()
    assert own.open(f"/{amy['code']}").status_code == 302
    mortal.kafka_process.terminate()
    for write in (lambda: own.enrol({"external_id": "xhs:bo"}), lambda: own.apply(RULES | {"holding_days": 1})):
        began = time.monotonic()
        assert _refused(write(), began)
    began = time.monotonic()
    assert {own.open(f"/{amy['code']}").status_code for _ in range(50)} == {302}
    assert own.open("/N0SUCH").status_code == 404
    assert is_within(5, began)
    assert own.enrol({"external_id": "xhs:amy"}).get_json() == amy
    mortal.start_kafka()
    deadline = time.monotonic() + 30
    while (answer := own.enrol({"external_id": "xhs:bo"})).status_code == 503:
        assert time.monotonic() < deadline
    assert answer.status_code == 201


def test_enrolment_needs_redis_and_redirects_do_not(own: LinkIssuer, mortal: Stack) -> None:
    """Without Redis no code can be claimed: 503; known links lead on, and it heals by itself."""
    amy = own.enrol_amy()
    assert own.open(f"/{amy['code']}").status_code == 302
    mortal.redis_process.kill()
    began = time.monotonic()
    assert _refused(own.enrol({"external_id": "xhs:bo"}), began)
    assert own.open(f"/{amy['code']}").status_code == 302
    mortal.start_redis()
    assert own.enrol({"external_id": "xhs:bo"}).status_code == 201


def test_a_link_with_a_bound_waits_for_redis_with_a_friendly_page(own: LinkIssuer, mortal: Stack) -> None:
    """Nobody can say whether there is room: 503 and when to come again, within two seconds; then it goes on."""
    own.link(own.enrol_amy()["id"], code="few", max_uses=5)
    assert own.open("/FEW").status_code == 302
    mortal.redis_process.kill()
    began = time.monotonic()
    page = own.open("/FEW", Accept_Language="en")
    assert _refused(page, began)
    assert "One moment, please" in page.text
    mortal.start_redis()
    deadline = time.monotonic() + 30
    while own.open("/FEW").status_code == 503:
        assert time.monotonic() < deadline
    assert own.open("/FEW").status_code == 302
