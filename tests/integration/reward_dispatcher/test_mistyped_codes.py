"""Generated codes in the form of their program, typed wrong: over HTTP, with the ledger."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.code_formats import GeneratedCodes
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person
from tests.support.builders.reward_dispatcher import FIRST20, grant, reward_terms
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
FRIEND = person("xhs:friend1")
RULES = GeneratedCodes(prefix="GLOW-", pattern="*****-*****", blocked_words=("VIP",))


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """A code in the form of the program; three wrong codes in a minute are guessing."""
    limited = {**environ, "REFERRAL_WRONG_CODE_LIMIT": "3/minute"}
    terms = reward_terms(replace(FIRST20, code=RULES))
    with (
        serve_reward_dispatcher(settings, limited, terms, AMY, PROFILES[0], FRIEND) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        system.write_rewards([replace(grant(), code_format=RULES.format, beneficiary=FRIEND.id)])
        wait_until(lambda: any(one["code"] for one in system.wallet("xhs:friend1")))
        yield system


def test_a_mistyped_code_is_named_as_such_and_is_no_guess(system: RewardDispatcher) -> None:
    """As often as someone mistypes; then the right code still works. Well-formed codes that no one has are guesses."""
    [code] = [str(one["code"]) for one in system.wallet("xhs:friend1")]
    assert code.startswith("GLOW-")
    wrong = code[:-1] + ("3" if code[-1] == "2" else "2")
    for _ in range(5):
        for answer in (
            system.client.get(f"/v1/codes/{wrong}"),
            system.client.post("/v1/redemptions", json={"code": wrong, "order_id": "order-1", "program": PROGRAM}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "mistyped_code"), answer.text
            assert "type it again" in answer.json()["detail"]
    found = system.client.get(f"/v1/codes/{code.lower()}")
    assert (found.status_code, found.json()["code"], found.json()["valid"]) == (200, code, True)
    answers = [system.client.get("/v1/codes/OTHER-CODE").status_code for _ in range(5)]
    assert (answers[0], answers[-1]) == (404, 429), "wrong codes without this form count as before"
