"""What of a program bears on attribution, made ready for judging."""

from dataclasses import dataclass
from decimal import Decimal

from referral.events.entities import ProgramVersion
from referral.events.program import Attribution, AttributionModel
from referral.events.timestamps import to_ms

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Price:
    """What an order must come to, at least, to make a referral pay; in the currency's main unit."""

    least: Decimal
    currency: str

    def met_by(self, amount: Decimal, currency: str) -> bool:
        """Whether an order of this amount is enough; another currency never is."""
        return currency.upper() == self.currency.upper() and amount >= self.least


@dataclass(frozen=True, slots=True)
class Rules:
    """One version's rules. `ranks` gives a kind of evidence its place, 0 for the strongest; kinds not in it do not count."""

    version: int
    window_ms: int
    model: AttributionModel
    ranks: dict[str, int]
    restores: bool  # whether a second follow brings the referral back
    ends_ms: int | None
    price: Price | None = None  # the order that makes a referral pay; None: none is needed
    retained_ms: int = 0  # how long a person has to stay before it pays
    at_once: bool = True  # whether the follow itself is what pays


def rules_of(version: ProgramVersion) -> Rules:
    """The rules of a program version."""
    attribution, ends_at = version.program.attribution, version.program.ends_at
    return Rules(
        version=version.version,
        window_ms=attribution.window_days * DAY_MS,
        model=attribution.model,
        ranks={kind: rank for rank, kind in enumerate(attribution.evidence)},
        restores=attribution.refollow == "restore",
        ends_ms=to_ms(ends_at) if ends_at else None,
        price=_price(attribution),
        retained_ms=_retained_days(attribution) * DAY_MS,
        at_once=attribution.qualifies_on == "person.followed",
    )


def _price(attribution: Attribution) -> Price | None:
    if attribution.qualifies_on != "order.paid":
        return None
    return Price(attribution.min_amount or Decimal(0), attribution.currency or "")


def _retained_days(attribution: Attribution) -> int:
    return (attribution.retained_days or 0) if attribution.qualifies_on == "person.retained" else 0
