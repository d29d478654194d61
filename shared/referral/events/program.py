"""A program's rules as the folds read them: the program file after link-issuer has checked it."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.adapters import Adapter, WechatAccount
from referral.events.attributions import EvidenceKind, ReferrerKind
from referral.events.challenges import Challenge
from referral.events.content import CallToAction, ContentItem
from referral.events.facts import Amount, Channel, Currency
from referral.events.line import Id, Name, Text, Timestamp
from referral.events.rewards import RewardKind, Role
from referral.events.screening import (
    Action,
    Churn,
    DeadlineBurst,
    DisposableHandle,
    NetworkBurst,
    VelocityPerMinute,
)
from referral.events.section import Localized, Period, Section

AttributionModel = Literal["first_touch", "last_touch"]
QualifyingEvent = Literal["person.followed", "order.paid", "person.retained"]
BoardMetric = Literal["referrals"]
PartnerKind = Literal["influencer", "brand", "community", "cross_promotion", "seeding"]


class Attribution(Section, frozen=True, kw_only=True):
    """Who gets the credit: which evidence counts, in which order, for how long, and what makes a referral pay.

    `order.paid` needs `min_amount` and `currency`, `person.retained` needs `retained_days`: still following that long after.
    """

    window_days: Annotated[int, Meta(ge=1, le=365)] = 30
    model: AttributionModel = "last_touch"
    evidence: tuple[EvidenceKind, ...] = ("code", "click", "scan", "mention", "tag")
    qualifies_on: QualifyingEvent = "person.followed"
    min_amount: Amount | None = None
    currency: Currency | None = None
    retained_days: Annotated[int, Meta(ge=1, le=365)] | None = None
    refollow: Literal["restore", "never"] = "restore"


class Screening(Section, frozen=True, kw_only=True):
    """What is done about each suspicion."""

    self_referral: Action = "reject"
    same_device: Action = "hold"
    network_burst: NetworkBurst = NetworkBurst()
    velocity_per_minute: VelocityPerMinute = VelocityPerMinute()
    disposable_handle: DisposableHandle = DisposableHandle()
    churn: Churn = Churn()
    deadline_burst: DeadlineBurst = DeadlineBurst()
    ring: Action = "reject"


class Reward(Section, frozen=True, kw_only=True):
    """One promise: who gets what, when. `on` conversion.cleared pays each (or the first, with `once`); milestone pays the N-th."""

    id: Id
    to: Role
    on: Literal["conversion.cleared", "milestone"]
    kind: RewardKind
    referrals: Annotated[int, Meta(ge=1)] | None = None
    once: bool = False
    pool: Name | None = None
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    worth: Text | None = None
    expires_days: Annotated[int, Meta(ge=1)] | None = None
    fulfilment: Literal["automatic", "manual"] = "automatic"

    @property
    def milestone(self) -> int | None:
        """How many standing conversions a referrer's reward needs; None where it is no milestone."""
        if self.to == "referee":
            return None
        return self.referrals if self.on == "milestone" else (1 if self.once else None)

    @property
    def pays_each(self) -> bool:
        """Whether each conversion pays it. A referee has one conversion, so `once` changes nothing for them."""
        return self.on == "conversion.cleared" and self.milestone is None


class Board(Section, frozen=True, kw_only=True):
    """A ranking: what is counted, over which periods, and what the places earn (`1` or `2-10` → the prize's name)."""

    metric: BoardMetric
    periods: tuple[Period, ...] = ("day", "week", "month", "all")
    prizes: dict[Period, dict[str, str]] = field(default_factory=dict)


class CodeRules(Section, frozen=True, kw_only=True):
    """Which referral codes there may be; `blocklist` holds what no code may contain, in whatever case."""

    vanity: bool = True
    blocklist: tuple[Name, ...] = ()


class Budget(Section, frozen=True, kw_only=True):
    """What all rewards together may cost, in the currency's main unit (ISO 4217)."""

    total: Annotated[int, Meta(ge=1)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Caps(Section, frozen=True, kw_only=True):
    """The most that is given: rewarded referrals of one referrer in a period, and the program's budget."""

    per_referrer: dict[Period, Annotated[int, Meta(ge=1)]] = field(default_factory=dict)
    budget: Budget | None = None


class Partner(Section, frozen=True, kw_only=True):
    """Somebody who promotes the program beside its participants: who they are to it, and where they do it."""

    id: Id
    kind: PartnerKind
    channel: Channel
    name: Localized = field(default_factory=dict)


class Program(Section, frozen=True, kw_only=True):
    """Everything a growth team decides."""

    id: Id
    name: Localized
    timezone: Name
    target_url: Text
    fallback_url: Text | None = None
    channels: tuple[Channel, ...]
    attribution: Attribution = Attribution()
    screening: Screening = Screening()
    rewards: tuple[Reward, ...] = ()
    holding_days: Annotated[int, Meta(ge=0, le=365)] = 0
    caps: Caps = Caps()
    boards: tuple[Board, ...] = ()
    content: tuple[ContentItem, ...] = ()
    kits: dict[Channel, Localized] = field(default_factory=dict)
    codes: CodeRules = CodeRules()
    challenges: tuple[Challenge, ...] = ()
    partners: tuple[Partner, ...] = ()
    ends_at: Timestamp | None = None
    adapters: tuple[Adapter, ...] = ()
    wechat: WechatAccount = WechatAccount()

    def rewards_for(self, referrer: ReferrerKind) -> list[Reward]:
        """The rewards that a conversion of such a referrer can earn: what is promised to referrers is for followers."""
        return [rule for rule in self.rewards if rule.to == "referee" or referrer == "follower"]


__all__ = ["Action", "Adapter", "CallToAction", "ContentItem", "Localized", "Period", "Program", "Section"]
