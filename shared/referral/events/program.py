"""A program's rules as the folds read them: the program file after link-issuer has checked it."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.adapters import Adapter
from referral.events.attributions import EvidenceKind
from referral.events.facts import Amount, Channel, Currency
from referral.events.line import Id, Moment, Name, Text
from referral.events.part import Localized, Part, Period
from referral.events.rewards import RewardKind, Role

Model = Literal["first_touch", "last_touch"]
Qualifying = Literal["person.followed", "order.paid", "person.retained"]
Metric = Literal["referrals"]
Action = Literal["reject", "hold", "ignore"]
Mechanic = Literal["share_trigger", "social_currency", "practical_value", "emotional_connection", "ease_of_sharing"]


class Attribution(Part, frozen=True, kw_only=True):
    """Who gets the credit: which evidence counts, in which order, for how long, and what makes a referral pay.

    `order.paid` needs `min_amount` and `currency`, `person.retained` needs `retained_days`: still following that long after.
    """

    window_days: Annotated[int, Meta(ge=1, le=365)] = 30
    model: Model = "last_touch"
    evidence: tuple[EvidenceKind, ...] = ("code", "click", "scan", "mention", "tag")
    qualifies_on: Qualifying = "person.followed"
    min_amount: Amount | None = None
    currency: Currency | None = None
    retained_days: Annotated[int, Meta(ge=1, le=365)] | None = None
    refollow: Literal["restore", "never"] = "restore"


class Screening(Part, frozen=True, kw_only=True):
    """What is done about each suspicion."""

    self_referral: Action = "reject"


class Reward(Part, frozen=True, kw_only=True):
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


class Board(Part, frozen=True, kw_only=True):
    """A ranking: what is counted, over which periods, and what the places earn (`1` or `2-10` → the prize's name)."""

    metric: Metric
    periods: tuple[Period, ...] = ("day", "week", "month", "all")
    prizes: dict[Period, dict[str, str]] = field(default_factory=dict)


class CallToAction(Part, frozen=True, kw_only=True):
    """What asks a reader to pass it on, and where it stands."""

    id: Id
    placement: Literal["caption", "first_slide", "last_slide", "comment", "voice_over"]
    text: Localized


class ContentItem(Part, frozen=True, kw_only=True):
    """A piece of content that is made to be shared."""

    id: Id
    format: Literal["tag_a_friend", "results", "helpful", "relatable", "conversation"]
    mechanics: tuple[Mechanic, ...]
    hook: Localized = field(default_factory=dict)
    ctas: tuple[CallToAction, ...] = ()


class Program(Part, frozen=True, kw_only=True):
    """Everything a growth team decides."""

    id: Id
    name: Localized
    timezone: Name
    target_url: Text
    channels: tuple[Channel, ...]
    attribution: Attribution = Attribution()
    screening: Screening = Screening()
    rewards: tuple[Reward, ...] = ()
    holding_days: Annotated[int, Meta(ge=0, le=365)] = 0
    boards: tuple[Board, ...] = ()
    content: tuple[ContentItem, ...] = ()
    ends_at: Moment | None = None
    adapters: tuple[Adapter, ...] = ()


__all__ = ["Adapter", "Localized", "Part", "Period", "Program"]
