"""From an event to a conversion: both folds as processes, on a real log and a real Redis."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from referral.config import Settings
from referral.events.facts import ClickToken
from referral.events.ids import conversion_id, referral_id
from referral.events.timestamps import to_ms
from referral.redis_client import RedisClient
from referral.tokens import TokenSigner
from tests.support.builders.participants import AMY, BO, PROGRAM, person_id
from tests.support.processes import run_module
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.systems.conversion_tracker import ConversionTracker, event, serve_conversion_tracker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[ConversionTracker]:
    """The whole service."""
    with (
        serve_conversion_tracker(settings) as system,
        run_module(environ, "conversion_tracker", "fold", "attribute"),
        run_module(environ, "conversion_tracker", "fold", "screen"),
    ):
        yield system


def _token(settings: Settings, clicked_at: datetime) -> str:
    click = ClickToken(id="clk_1", program=PROGRAM, participant=BO.id, code=BO.code, clicked_at_ms=to_ms(clicked_at))
    return TokenSigner(settings.key_ring()).sign_click(click)


def _status(system: ConversionTracker, person: str, wanted: str) -> bool:
    found = system.person(person)
    return bool(found) and found["status"] == wanted


@on_both_kinds_of_redis
def test_a_follow_becomes_a_conversion_an_unfollow_takes_it_back_and_a_wipe_changes_nothing(
    system: ConversionTracker, redis: RedisClient
) -> None:
    """Code before click, one person once, reversal and restoration under the same ids; a refold gives the same bytes."""
    now = datetime.now(UTC)
    token = _token(system.settings, now - timedelta(hours=1))
    follow = event("xhs:u1", code="AMY88", click=token)
    answer = system.post(
        [follow, follow, event("xhs:u2", click=token), event("xhs:u3"), event("xhs:amy", code="AMY88")]
    )
    assert answer.get_json() == {"accepted": 5, "rejected": [], "warnings": []}
    wait_until(lambda: _status(system, "xhs:u1", "follower") and _status(system, "xhs:u2", "follower"))
    system.wait_until_folded()

    shown = system.person("xhs:u1")
    assert (shown["referrer"]["external_id"], shown["models"]["last_touch"]["id"]) == ("xhs:amy", AMY.id)
    assert [(one["kind"], one["won"], one["why"]) for one in shown["touches"]] == [
        ("click", False, "outranked"),
        ("code", True, "won"),
    ]
    assert system.person("xhs:u2")["referrer"]["id"] == BO.id
    assert (system.person("xhs:u3")["referrer"], system.person("xhs:u3")["reason"]) == (None, "no_evidence")
    assert system.person("xhs:amy")["reason"] == "self_referral"

    system.post(event("xhs:u1", "person.unfollowed", number=1))
    wait_until(lambda: _status(system, "xhs:u1", "unfollowed"))
    system.post(event("xhs:u1", number=2, code="BO88"))
    wait_until(lambda: _status(system, "xhs:u1", "follower"))
    system.wait_until_folded()
    conversion = conversion_id(referral_id(PROGRAM, person_id("xhs:u1"), AMY.id))
    told = [line["type"] for line in system.decoded("conversions") if line["id"] == conversion]
    assert told == ["conversion.cleared", "conversion.reversed", "conversion.cleared"]
    assert system.person("xhs:u1")["referrer"]["external_id"] == "xhs:amy"

    before, said = system.fold_states(), len(system.lines("attributions"))
    empty(redis)
    wait_until(lambda: system.fold_states() == before)
    assert len(system.lines("attributions")) == said


def test_a_person_known_only_from_before_the_program_is_answered_with_the_reason(system: ConversionTracker) -> None:
    """At once with a warning, and later with the person: a 404 would look as if the event had been lost."""
    answer = system.post(event("xhs:early", code="AMY88", occurred_at="2026-10-31T12:00:00Z"))
    assert [one["code"] for one in answer.get_json()["warnings"]] == ["before_program"]
    wait_until(lambda: system.person("xhs:early") is not None)
    found = system.person("xhs:early")
    assert (found["status"], found["referrer"], found["early"]) == ("none", None, 1)
    assert found["ignored"] == [
        "1 event from before the program was applied (2026-11-01 00:00:00 UTC) changed nothing."
    ]
