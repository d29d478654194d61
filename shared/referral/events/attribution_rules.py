"""The attribution section of a program: who gets the credit for a follow, and when a referral qualifies."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from referral.events.attributions import EvidenceKind
from referral.events.section import UNIQUE, CurrencyCode, Section

AttributionModel = Literal["first_touch", "last_touch"]
QualifyingEvent = Literal["person.followed", "order.paid", "person.retained"]
Days = Annotated[int, Meta(ge=1, le=365)]
# msgspec has no bounds for decimals; the schema of the program file reads these.
OrderAmount = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": 10**12})]


class Attribution(Section, frozen=True, kw_only=True):
    """Who gets the credit: which evidence counts, in which order, for how long, and when a referral qualifies.

    `order.paid` needs `min_amount` and `currency`; `person.retained` needs `retained_days`: still following that long after.
    """

    window_days: Annotated[Days, Meta(description="days within which a touch counts")] = 30
    model: Annotated[AttributionModel, Meta(description="which of several touches of one kind counts")] = "last_touch"
    evidence: Annotated[
        tuple[EvidenceKind, ...],
        Meta(min_length=1, description="which evidence counts, the strongest first", extra_json_schema=UNIQUE),
    ] = ("code", "click", "scan", "mention", "tag")
    qualifies_on: Annotated[QualifyingEvent, Meta(description="what makes a referral qualify")] = "person.followed"
    min_amount: Annotated[
        OrderAmount | None, Meta(description="the least amount of a qualifying order", examples=[99, "99.90"])
    ] = None
    currency: Annotated[CurrencyCode | None, Meta(description="the currency of min_amount (ISO 4217)")] = None
    retained_days: Annotated[Days | None, Meta(description="days that a new follower must stay")] = None
    refollow: Annotated[Literal["restore", "never"], Meta(description="what a second follow does to the referral")] = (
        "restore"
    )
