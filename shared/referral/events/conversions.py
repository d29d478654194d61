"""Referrals after screening, in `referral.conversions`, keyed by program and referrer."""

from typing import Literal

from referral.events.attributions import Evidence, ReferrerKind, ReversalReason
from referral.events.facts import Amount, Currency
from referral.events.keys import referrer_key
from referral.events.line import ClockTicked, Derived, Id, PersonId, Timestamp
from referral.events.screening import ScreeningReason

# Why a conversion no longer counts: its referral was reversed, or an operator decided so.
ConversionReversalReason = ReversalReason | Literal["review", "ban", "ring"]


class Conversion(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A screened referral. `occurred_at` is when it qualified; periods and windows go by it."""

    id: Id
    referral: Id
    person: PersonId
    referrer: Id
    version: int
    evidence: Evidence
    referrer_kind: ReferrerKind = "follower"


class ConversionCleared(Conversion, frozen=True, kw_only=True, tag="conversion.cleared"):
    """It counts and it pays."""


class ConversionHeld(Conversion, frozen=True, kw_only=True, tag="conversion.held"):
    """It waits for a review."""

    reasons: tuple[ScreeningReason, ...]


class ConversionRejected(Conversion, frozen=True, kw_only=True, tag="conversion.rejected"):
    """It neither counts nor pays."""

    reasons: tuple[ScreeningReason, ...]


class ConversionReversed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.reversed"):
    """A cleared conversion is no longer valid; `cleared_at` is the `occurred_at` it was cleared with, so that periods match."""

    id: Id
    referral: Id
    person: PersonId
    referrer: Id
    version: int
    cleared_at: Timestamp
    reason: ConversionReversalReason
    referrer_kind: ReferrerKind = "follower"


class ConversionOrder(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What happened to an order of a referred person, whether the conversion `id` is cleared or not."""

    id: Id
    referral: Id
    person: PersonId
    referrer: Id
    evidence: Evidence
    order: Id
    referrer_kind: ReferrerKind = "follower"


class ConversionOrdered(ConversionOrder, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.ordered"):
    """The order was paid. `followed_at` is the person's first follow, `amount` in the main unit of the currency."""

    followed_at: Timestamp
    amount: Amount
    currency: Currency


class ConversionOrderRefunded(
    ConversionOrder, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.order_refunded"
):
    """The order was refunded: all of it, or (with `amount`) a part. `refund` identifies it: its event's id."""

    refund: Id
    amount: Amount | None = None


class ConversionOrderReinstated(
    ConversionOrder, frozen=True, kw_only=True, omit_defaults=True, tag="conversion.order_reinstated"
):
    """The order is valid after all: what was refunded before is void. `reinstatement` is the id of its event."""

    reinstatement: Id


OrderFact = ConversionOrdered | ConversionOrderRefunded | ConversionOrderReinstated
"""A line about an order; it decides nothing about the conversion itself."""
ConversionFact = ConversionCleared | ConversionHeld | ConversionRejected | ConversionReversed
ConversionLine = ConversionFact | OrderFact | ClockTicked


def conversion_key(line: ConversionFact | OrderFact) -> str:
    """The key of the referrer."""
    return referrer_key(line.program, line.referrer)
