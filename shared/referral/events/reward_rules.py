"""The reward and cap sections of a program: who gets what and when, and the limits on it."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.code_formats import GeneratedCodes
from referral.events.facts import Channel
from referral.events.rewards import GiftHandover, RewardKind, Role
from referral.events.section import (
    MAX_COUNT_OF_PEOPLE,
    UNIQUE,
    CurrencyCode,
    Localized,
    Period,
    Section,
    ShortText,
    Slug,
)
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


RewardTrigger = Literal[
    "conversion.cleared",
    "milestone",
    "order.qualified",
    "streak",
    "board.prize",
    "draw.won",
    "challenge.participant",
    "challenge.weekly",
    "challenge.final",
]
"""What a reward rule waits for. A further one is an entry here, in `trigger_rules.py`, and in `entitlement/earnable_rewards.py`."""
PrizeTrigger = Literal["board.prize", "draw.won", "challenge.participant", "challenge.weekly", "challenge.final"]
"""The triggers of prizes: they reward no referral and no order."""
StreakUnit = Literal["day", "week"]
TierPeriod = Literal["all", "month"]
MAX_TIERS = 20
MAX_STREAK = 366
MAX_POINTS = 1_000_000_000
MAX_MAIN_UNITS = 10**9
# msgspec has no bounds for decimals; the schema of the program file reads these.
MoneyAmount = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": MAX_MAIN_UNITS})]
Points = Annotated[int, Meta(ge=1, le=MAX_POINTS)]
MinorUnits = Annotated[int, Meta(ge=1, le=10**12)]


class Budget(Section, frozen=True, kw_only=True):
    """The most that rewards together may cost, in the currency's main unit (ISO 4217)."""

    total: Annotated[
        int, Meta(ge=1, le=10**12, description="the most that the rewards may cost, in the currency's main unit")
    ]
    currency: Annotated[CurrencyCode, Meta(description="the currency (ISO 4217)")]


class Tier(Section, frozen=True, kw_only=True, rename={"start": "from"}):
    """What a referrer earns from their N-th referral on."""

    start: Annotated[int, Meta(ge=1, le=MAX_COUNT_OF_PEOPLE, description="from which referral on, counted from 1")]
    amount: Annotated[MoneyAmount | None, Meta(description="the amount of each, in the currency's main unit")] = None
    points: Annotated[Points | None, Meta(description="the points of each")] = None


class Conditions(Section, frozen=True, kw_only=True):
    """What a referral, or its order, has to be for a reward. Every condition that is given must hold."""

    channels: Annotated[
        tuple[Channel, ...],
        Meta(description="the channel that the referral came through is one of these", extra_json_schema=UNIQUE),
    ] = ()
    partners: Annotated[
        tuple[Slug, ...],
        Meta(
            max_length=100,
            description="the partner through whom the referral came is one of these",
            extra_json_schema=UNIQUE,
        ),
    ] = ()
    content: Annotated[
        tuple[Slug, ...],
        Meta(
            max_length=100,
            description="the content that brought the referral is one of these",
            extra_json_schema=UNIQUE,
        ),
    ] = ()
    first_order: Annotated[bool, Meta(description="true: only the first qualified order of the person counts")] = False


class Reward(Section, frozen=True, kw_only=True):
    """A reward rule: who gets what, when.

    `conversion.cleared` rewards each referral (with `once` the first), `milestone` the N-th, `order.qualified` each paid order of a
    referred person, `streak` referrals on so many days or in so many weeks in a row. `board.prize` rewards the ranks of a closed
    board with the rule as their prize, `draw.won` the winners of a draw. `challenge.participant`, `challenge.weekly` and
    `challenge.final` pay the prizes of a challenge.
    """

    id: Annotated[Slug, Meta(description="your own name for this reward", examples=["guide"])]
    to: Annotated[Role, Meta(description="who gets it")]
    on: Annotated[
        RewardTrigger,
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
    streak: Annotated[
        Annotated[int, Meta(ge=2, le=MAX_STREAK)] | None,
        Meta(description="for a streak, how many days or weeks in a row have a referral"),
    ] = None
    streak_unit: Annotated[
        StreakUnit | None,
        Meta(description="what a streak counts, in the program's time zone", extra={"left_out": "day"}),
    ] = None
    where: Annotated[Conditions, Meta(description="which referrals or orders count; left out: all")] = Conditions()
    pool: Annotated[
        PoolName | None,
        Meta(
            description="for a guide its file name; for codes the uploaded pool, or generated",
            examples=["skincare-secrets.pdf"],
        ),
    ] = None
    code: Annotated[
        GeneratedCodes | None,
        Meta(
            description="what generated codes look like",
            extra={"left_out": "ten letters and digits"},
        ),
    ] = None
    percent: Annotated[
        Percent | None,
        Meta(description="the discount of a discount code in percent; for a credit, the percentage of the order"),
    ] = None
    amount: Annotated[
        MoneyAmount | None,
        Meta(
            description="what a credit adds or a discount code takes off, in the currency's main unit",
            examples=[5, "9.90"],
        ),
    ] = None
    points: Annotated[Points | None, Meta(description="the points that a credit adds")] = None
    currency: Annotated[CurrencyCode | None, Meta(description="the currency of the rule's amounts (ISO 4217)")] = None
    min_order: Annotated[
        MoneyAmount | None, Meta(description="for order.qualified, the least amount of an order", examples=[99])
    ] = None
    within_days: Annotated[
        Annotated[int, Meta(ge=1, le=3650)] | None,
        Meta(
            description="for order.qualified, how many days after the first follow orders count",
            extra={"left_out": "window_days of the attribution"},
        ),
    ] = None
    max_amount: Annotated[
        MoneyAmount | None, Meta(description="with percent of an order, the most that one order earns", examples=[50])
    ] = None
    tiers: Annotated[
        tuple[Tier, ...],
        Meta(
            max_length=MAX_TIERS,
            description="in place of amount or points: what each is worth from the N-th referral on",
            examples=[[{"from": 1, "amount": 5}, {"from": 10, "amount": 8}]],
        ),
    ] = ()
    tier_period: Annotated[
        TierPeriod | None,
        Meta(description="over what tiers count referrals: all, or each month from 1 again", extra={"left_out": "all"}),
    ] = None
    cost: Annotated[
        MoneyAmount | None,
        Meta(
            description="what a budget is charged for one reward, in the budget's currency; an estimate for codes and gifts",
            examples=[15],
            extra={"left_out": "its amount"},
        ),
    ] = None
    budget: Annotated[Budget | None, Meta(description="the most that all rewards of this rule may cost")] = None
    smallest_use: Annotated[
        MinorUnits | None,
        Meta(description="in minor units or points: a remainder below it closes with the last use"),
    ] = None
    draw: Annotated[
        Slug | None,
        Meta(
            description="for a giveaway entry, the draw in which it is a ticket: one for each referral on the draw's board",
            examples=["spring"],
        ),
    ] = None
    handover: Annotated[
        GiftHandover | None, Meta(description="how a gift is handed over: sent by post, or in the store")
    ] = None
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
        return (
            self.referrals if self.on == "milestone" else (1 if self.once and self.on == "conversion.cleared" else None)
        )

    @property
    def pays_each(self) -> bool:
        """Whether each conversion earns it. A referee has one conversion, so `once` changes nothing for them."""
        return self.on == "conversion.cleared" and self.milestone is None


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
