"""The reward and cap sections of a program: who gets what and when, and the limits on it."""

import re
from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.rewards import RewardKind, Role
from referral.events.section import MAX_COUNT_OF_PEOPLE, CurrencyCode, Localized, Period, Section, ShortText, Slug
from referral.events.value_checks import not_paid_for_sharing

GENERATED = "generated"
"""The pool whose codes are generated instead of uploaded."""
Percent = Annotated[int, Meta(ge=1, le=100)]
MAX_REWARDS = 50
ExpiryDays = Annotated[int, Meta(ge=1, le=3650)]
MilestoneReferrals = Annotated[int, Meta(ge=1, le=MAX_COUNT_OF_PEOPLE)]
POOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
POOL_NAME_IN_WORDS = "1 to 128 letters, digits, . _ and -, beginning with a letter or digit"
PoolName = Annotated[str, Meta(pattern=f"^{POOL_NAME.pattern}$", extra={"must_be": POOL_NAME_IN_WORDS})]


class Reward(Section, frozen=True, kw_only=True):
    """A reward rule: who gets what, when. conversion.cleared rewards each referral (with `once` the first), milestone the N-th."""

    id: Annotated[Slug, Meta(description="your own name for this reward", examples=["guide"])]
    to: Annotated[Role, Meta(description="who gets it")]
    on: Annotated[
        Literal["conversion.cleared", "milestone"],
        Meta(description="when it is granted", extra={"check": not_paid_for_sharing}),
    ]
    kind: Annotated[RewardKind, Meta(description="what it is")]
    name: Annotated[
        Localized,
        Meta(
            description="what people read, such as 20% off your first order",
            examples=[{"en": "20% off your first order"}],
            extra={"left_out": "a text for its kind"},
        ),
    ] = field(default_factory=dict)
    referrals: Annotated[
        MilestoneReferrals | None, Meta(description="for a milestone, how many referrals it takes")
    ] = None
    once: Annotated[bool, Meta(description="true rewards the first referral only")] = False
    pool: Annotated[
        PoolName | None,
        Meta(
            description="for a guide its file name; for codes the uploaded pool, or generated",
            examples=["skincare-secrets.pdf"],
        ),
    ] = None
    percent: Annotated[Percent | None, Meta(description="the discount of a discount code in percent")] = None
    worth: Annotated[ShortText | None, Meta(description="its value as people read it", examples=["¥99"])] = None
    expires_days: Annotated[ExpiryDays | None, Meta(description="days after the grant in which it can be redeemed")] = (
        None
    )
    fulfilment: Annotated[Literal["automatic", "manual"], Meta(description="how it is handed out")] = "automatic"

    @property
    def milestone(self) -> int | None:
        """How many conversions a referrer's reward needs; None if it is not a milestone."""
        if self.to == "referee":
            return None
        return self.referrals if self.on == "milestone" else (1 if self.once else None)

    @property
    def pays_each(self) -> bool:
        """Whether each conversion earns it. A referee has one conversion, so `once` changes nothing for them."""
        return self.on == "conversion.cleared" and self.milestone is None


class Budget(Section, frozen=True, kw_only=True):
    """The most that all rewards together may cost, in the currency's main unit (ISO 4217)."""

    total: Annotated[
        int, Meta(ge=1, le=10**12, description="the most that all rewards may cost, in the currency's main unit")
    ]
    currency: Annotated[CurrencyCode, Meta(description="the currency (ISO 4217)")]


class Caps(Section, frozen=True, kw_only=True):
    """Limits: rewarded referrals of one referrer per period, and the program's budget."""

    per_referrer: Annotated[
        dict[Period, Annotated[int, Meta(ge=1, le=MAX_COUNT_OF_PEOPLE)]],
        Meta(
            description="for a period, how many referrals of one referrer are rewarded",
            examples=[{"month": 200}],
        ),
    ] = field(default_factory=dict)
    budget: Annotated[Budget | None, Meta(description="the most that all rewards together may cost")] = None
