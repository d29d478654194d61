"""The attribution rules of a program version, prepared for deciding verdicts."""

from dataclasses import dataclass
from decimal import Decimal

from referral.events.attribution_rules import Attribution, AttributionModel
from referral.events.entities import ProgramVersion
from referral.events.timestamps import DAY_MS, to_ms


@dataclass(frozen=True, slots=True)
class OrderThreshold:
    """The minimum of an order that makes a referral pay. `min_amount` is in the main unit of the currency."""

    min_amount: Decimal
    currency: str

    def is_met_by(self, amount: Decimal, currency: str) -> bool:
        """Returns whether an order of this amount is enough. An order in another currency never is."""
        return currency.upper() == self.currency.upper() and amount >= self.min_amount


@dataclass(frozen=True, slots=True)
class AttributionRules:
    """The attribution rules of one program version.

    `evidence_ranks` maps each kind of evidence that counts to its rank, 0 for the strongest.
    """

    version: int
    window_ms: int
    model: AttributionModel
    evidence_ranks: dict[str, int]
    restores_on_refollow: bool  # whether a second follow restores the referral
    ends_ms: int | None
    order_threshold: OrderThreshold | None = None  # the order that makes a referral pay; None if none is needed
    retention_ms: int = 0  # how long a person has to keep following before the referral pays
    qualifies_on_follow: bool = True


def attribution_rules(version: ProgramVersion) -> AttributionRules:
    """Returns the attribution rules of a program version."""
    attribution, ends_at = version.program.attribution, version.program.ends_at
    return AttributionRules(
        version=version.version,
        window_ms=attribution.window_days * DAY_MS,
        model=attribution.model,
        evidence_ranks={kind: rank for rank, kind in enumerate(attribution.evidence)},
        restores_on_refollow=attribution.refollow == "restore",
        ends_ms=to_ms(ends_at) if ends_at else None,
        order_threshold=_order_threshold(attribution),
        retention_ms=_retention_days(attribution) * DAY_MS,
        qualifies_on_follow=attribution.qualifies_on == "person.followed",
    )


def _order_threshold(attribution: Attribution) -> OrderThreshold | None:
    if attribution.qualifies_on != "order.paid":
        return None
    return OrderThreshold(attribution.min_amount or Decimal(0), attribution.currency or "")


def _retention_days(attribution: Attribution) -> int:
    return (attribution.retained_days or 0) if attribution.qualifies_on == "person.retained" else 0
