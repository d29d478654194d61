"""Orders with the code of a reward, passed on to the ledger with the other programs that the code may be of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.facts import Order, OrderPaid
from referral.events.order_codes import OrderReported
from referral.events.reward_rules import Reward
from tests.support.builders.conversion_tracker import CODE_CIPHER, FRIEND, program_version
from tests.support.builders.participants import PROGRAM, START, day
from tests.support.scenarios.attribution import AttributionRun

CODE = Reward(id="welcome", to="friend", on="referral.qualified", kind="discount_code", percent=10)
ORDERED_AFTER_DAYS = 2


def program(id: str, recorded_at: datetime = START, *rewards: Reward) -> ProgramVersion:
    """Returns the first version of a program, which takes effect at once."""
    version = program_version()
    terms = replace(version.program, id=id, rewards=rewards or (CODE,))
    return replace(version, program=terms, recorded_at=recorded_at, effective_from=recorded_at)


def programs_of_order(*known: ProgramVersion) -> Sequence[str]:
    """Returns the other programs of an order that was paid with a code and recorded two days after the start."""
    order = Order(
        order="o1",
        amount=Decimal(100),
        currency="CNY",
        sealed_reward_code=CODE_CIPHER.seal_for_order(PROGRAM, "o1", "7F3KQ2M4"),
    )
    fact = OrderPaid(id="evt_1", program=PROGRAM, person=FRIEND, occurred_at=day(ORDERED_AFTER_DAYS), data=order)
    run = AttributionRun(Catalog([program_version(), *known])).take([fact], recorded_on=ORDERED_AFTER_DAYS)
    [line] = [one for one in run.outputs if isinstance(one, OrderReported)]
    return line.programs


def test_the_other_programs_with_codes_are_named_in_the_order_of_their_ids() -> None:
    """A program without codes is left out."""
    credit = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")
    assert programs_of_order(program("prg_b"), program("prg_a"), program("prg_c", START, credit)) == ("prg_a", "prg_b")


@given(st.integers(-10_000, 10_000))
def test_a_program_counts_only_when_every_fold_knows_it(recorded_before_ms: int) -> None:
    """A fold may read the catalog a second late: what it decides then, and after a restart, is the same."""
    recorded_at = day(ORDERED_AFTER_DAYS) - timedelta(milliseconds=recorded_before_ms)
    found = programs_of_order(program("prg_new", recorded_at))
    if recorded_at > day(ORDERED_AFTER_DAYS) - RULE_CHANGE_DELAY + timedelta(seconds=1):
        assert found == programs_of_order() == ()
    if recorded_at <= day(ORDERED_AFTER_DAYS) - RULE_CHANGE_DELAY:
        assert found == ("prg_new",)
