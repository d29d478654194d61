"""Orders of referred people pass through screening: the reader of `conversions` decides by the conversion whether they pay."""

from collections.abc import Sequence
from typing import assert_never

from conversion_tracker.screening.handlers.line_handler import ScreenState, ScreenStates
from referral.catalog.view import Catalog
from referral.events.attributions import OrderLine, ReferralOrdered, ReferralOrderRefunded, ReferralOrderReinstated
from referral.events.conversions import (
    ConversionOrdered,
    ConversionOrderRefunded,
    ConversionOrderReinstated,
    OrderFact,
    conversion_key,
)
from referral.events.ids import conversion_id
from referral.fold.fold import Decision, Key, Output, Position
from referral.topics import CONVERSIONS


class OnOrder:
    """`referral.ordered`, `referral.order_refunded`, `referral.order_reinstated`: forwarded.

    Also those of a referral that is held, since it may be cleared later.
    """

    def keys(self, line: OrderLine) -> Sequence[Key]:
        """None."""
        return ()

    def decide(
        self, line: OrderLine, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Publishes the line under the id of the conversion."""
        forwarded = _forwarded(line)
        return Decision({}, [Output(CONVERSIONS, forwarded, conversion_key(forwarded))])


def _forwarded(line: OrderLine) -> OrderFact:
    shared = {
        "occurred_at": line.occurred_at,
        "program": line.program,
        "id": conversion_id(line.id),
        "referral": line.id,
        "person": line.person,
        "referrer": line.referrer,
        "evidence": line.evidence,
        "order": line.order,
        "referrer_kind": line.referrer_kind,
    }
    match line:
        case ReferralOrdered(followed_at=followed_at, amount=paid, currency=currency):
            return ConversionOrdered(**shared, followed_at=followed_at, amount=paid, currency=currency)  # type: ignore[arg-type] # a dict's values have one type
        case ReferralOrderRefunded(refund=refund, amount=amount):
            return ConversionOrderRefunded(**shared, refund=refund, amount=amount)  # type: ignore[arg-type]
        case ReferralOrderReinstated(reinstatement=reinstatement):
            return ConversionOrderReinstated(**shared, reinstatement=reinstatement)  # type: ignore[arg-type]
        case _:
            assert_never(line)
