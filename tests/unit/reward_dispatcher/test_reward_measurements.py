"""What the ledger measures: each step of a reward once, with its amount, and how long it took."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from referral.events.money import Value
from referral.events.rewards import reward_key
from referral.fold.fold import Measurement
from referral.fold.memory_state_store import MemoryStateStore
from referral.key_ring import KeyRing
from reward_dispatcher.domain.account import Account, Use, new_account
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.reward_measurements import measure_transition
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.builders.conversion_tracker import catalog
from tests.support.builders.reward_dispatcher import grant
from tests.support.folds import LogFold

CODES = CodeSealer(KeyRing.parse("", "k" * 32))
CREDIT = new_account(replace(grant("rwd_1"), kind="credit", value=Value(500, "CNY")))
FULFILLED = replace(CREDIT, status="fulfilled", hold_reason=None, changed_ms=CREDIT.granted_ms + 90_000)
PARTLY_USED = replace(FULFILLED, uses=(Use("rdm_1", "order_1", 200, FULFILLED.changed_ms),))
REDEEMED = replace(PARTLY_USED, status="redeemed", uses=(*PARTLY_USED.uses, Use("rdm_2", "order_2", 300, 0)))
REFUNDED = replace(REDEEMED, uses=(replace(REDEEMED.uses[0], returned=50), REDEEMED.uses[1]))
CLAWED_BACK = replace(REDEEMED, clawback=True)
REVOKED = replace(CREDIT, status="revoked", hold_reason=None)
STEPS: Sequence[tuple[Account | None, Account, list[str]]] = [
    (None, CREDIT, ["granted"]),
    (None, FULFILLED, ["granted", "fulfilled"]),
    (CREDIT, replace(CREDIT, hold_reason="manual"), ["held"]),
    (CREDIT, FULFILLED, ["fulfilled"]),
    (FULFILLED, replace(FULFILLED, status="delivered"), ["delivered"]),
    (FULFILLED, REDEEMED, ["redeemed"]),
    (REDEEMED, CLAWED_BACK, ["clawed_back"]),
    (CLAWED_BACK, REDEEMED, ["restored"]),
    (CREDIT, REVOKED, ["revoked"]),
    (REVOKED, CREDIT, ["restored"]),
    (REVOKED, FULFILLED, ["restored", "fulfilled"]),
    (FULFILLED, replace(FULFILLED, status="expired"), ["expired"]),
    (REVOKED, replace(REVOKED, code="A1"), []),
    (CREDIT, replace(CREDIT, status="approved", hold_reason=None), []),
]


@pytest.mark.parametrize(("before", "after", "steps"), STEPS)
def test_each_step_is_measured_once(before: Account | None, after: Account, steps: list[str]) -> None:
    """A line that changes no status is no step."""
    measured = measure_transition(before, after)
    assert [one.labels[0] for one in measured if one.metric == "rewards"] == steps


@pytest.mark.parametrize(
    ("before", "after", "amounts"),
    [
        (None, CREDIT, {"granted": 500}),
        (CREDIT, FULFILLED, {"fulfilled": 500}),
        (FULFILLED, PARTLY_USED, {"redeemed": 200}),
        (PARTLY_USED, REDEEMED, {"redeemed": 300}),
        (REDEEMED, REFUNDED, {"returned": 50}),
        (REDEEMED, CLAWED_BACK, {"clawed_back": 500}),
        (PARTLY_USED, replace(PARTLY_USED, status="expired"), {"expired": 300}),
        (FULFILLED, REVOKED, {"revoked": 500}),
        (FULFILLED, replace(FULFILLED, value=Value(200, "CNY")), {"lowered": 300}),
        (FULFILLED, replace(FULFILLED, value=Value(700, "CNY")), {"raised": 200}),
        (REVOKED, replace(CREDIT, value=Value(700, "CNY")), {"restored": 700}),
    ],
)
def test_amounts_are_what_was_granted_used_given_back_and_left(
    before: Account | None, after: Account, amounts: dict[str, int]
) -> None:
    """In minor units of the currency; a part of a reward is an amount, but no step."""
    measured = [one for one in measure_transition(before, after) if one.metric == "reward_amount"]
    assert measured == [Measurement("reward_amount", (step, "CNY"), float(amount)) for step, amount in amounts.items()]


def test_the_time_since_the_grant_is_measured_in_seconds() -> None:
    """For the steps that a person waits for."""
    timed = [one for one in measure_transition(CREDIT, FULFILLED) if one.metric == "reward_seconds"]
    assert timed == [Measurement("reward_seconds", ("fulfilled", "credit"), 90.0)]


def test_the_time_after_the_holding_period_is_measured_apart() -> None:
    """A reward that is held for a minute, and fulfilled half a minute later, waited for half a minute."""
    held = replace(CREDIT, due_ms=CREDIT.granted_ms + 60_000)
    measured = measure_transition(held, replace(FULFILLED, due_ms=held.due_ms))
    waited = [one for one in measured if one.metric == "reward_wait_seconds"]
    assert waited == [Measurement("reward_wait_seconds", ("fulfilled",), 30.0)]


def test_a_reward_without_an_amount_has_no_amount() -> None:
    """A guide is worth what people read, which is no sum."""
    measured = measure_transition(None, replace(CREDIT, value=None))
    assert [one.metric for one in measured] == ["rewards"]


def test_the_ledger_measures_once_also_if_its_state_is_folded_again() -> None:
    """A wiped Redis is no new grant."""
    ledger, before = LogFold(LedgerFold(CODES.generate, CODES), catalog()), _granted()
    line = grant("rwd_1")
    ledger.append([(reward_key(line), line)])
    ledger.restart_and_drain()
    assert _granted() == before + 1
    ledger.states = MemoryStateStore()
    ledger.restart_and_drain()
    assert ledger.values("reward:rwd_1"), "nothing was folded again"
    assert _granted() == before + 1


def _granted() -> float:
    labels = {"step": "granted", "kind": "discount_code"}
    return REGISTRY.get_sample_value("referral_rewards_total", labels) or 0
