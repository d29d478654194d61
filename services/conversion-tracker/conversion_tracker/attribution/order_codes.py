"""Orders that are paid with the code of a reward, and what happens to them afterwards, passed on to the ledger.

Nothing is decided here, and no state is kept: the ledger counts each event once, by its id. An order without such a code is not
passed on, but its refunds are if the program hands out codes: a refund may arrive before its order.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from conversion_tracker.attribution.compiled_rules import CompiledRules
from referral.catalog.view import Catalog
from referral.events.currencies import currency_of_event
from referral.events.entities import RULE_CHANGE_DELAY
from referral.events.facts import Fact, OrderCancelled, OrderPaid, OrderRefunded, OrderReinstated
from referral.events.order_codes import OrderReported
from referral.events.rewards import reward_key
from referral.events.timestamps import to_datetime
from referral.fold.fold import Output, Position
from referral.topics import REWARDS

OrderFact = OrderPaid | OrderRefunded | OrderCancelled | OrderReinstated
_MAX_OTHER_PROGRAMS = 32


def order_code_lines(line: Fact, rules: CompiledRules, catalog: Catalog, position: Position) -> Sequence[Output]:
    """Returns the line to the ledger; mostly none. Its time is when the event was recorded: codes are valid or not at that time."""
    if not isinstance(line, OrderFact):
        return ()
    if isinstance(line, OrderPaid) and line.data.sealed_reward_code is None:
        return ()
    moment = to_datetime(position.recorded_at_ms)
    if not isinstance(line, OrderPaid) and not _hands_out_codes(rules, line.program, catalog, moment):
        return ()
    reported = _reported(line, moment, rules, catalog)
    return [Output(REWARDS, reported, reward_key(reported))]


def _reported(line: OrderFact, moment: datetime, rules: CompiledRules, catalog: Catalog) -> OrderReported:
    shared = {
        "occurred_at": moment,
        "program": line.program,
        "person": line.person,
        "order": line.data.order,
        "event": line.id,
        "happened_at": line.occurred_at,
    }
    match line:
        case OrderPaid(data=data):
            return OrderReported(
                **shared,  # type: ignore[arg-type] # a dict's values have one type
                change="paid",
                amount=data.amount,
                unit=currency_of_event(data.currency),
                used=data.reward_amount,
                sealed_code=data.sealed_reward_code,
                programs=_other_programs(rules, line.program, catalog, moment),
            )
        case OrderRefunded(data=data):
            return OrderReported(**shared, change="refunded", amount=data.amount)  # type: ignore[arg-type]
        case OrderCancelled():
            return OrderReported(**shared, change="cancelled")  # type: ignore[arg-type]
        case OrderReinstated():
            return OrderReported(**shared, change="reinstated")  # type: ignore[arg-type]
        case _:
            assert_never(line)


def _other_programs(rules: CompiledRules, program: str, catalog: Catalog, moment: datetime) -> tuple[str, ...]:
    """The other programs with codes, the first by their ids; none that was recorded so lately that a fold may not know it yet.

    A first version takes effect at once, so its time alone would let the line differ when it is decided again.
    """
    recorded_by = moment - RULE_CHANGE_DELAY
    others = (one for one in catalog.programs() if one != program)
    return tuple(
        [
            one
            for one in others
            if (known := rules.of_program(one, catalog)) is not None
            and known.known_from <= recorded_by
            and known.hands_out_codes_by(moment)
        ][:_MAX_OTHER_PROGRAMS]
    )


def _hands_out_codes(rules: CompiledRules, program: str, catalog: Catalog, moment: datetime) -> bool:
    known = rules.of_program(program, catalog)
    return known is not None and known.hands_out_codes_by(moment)
