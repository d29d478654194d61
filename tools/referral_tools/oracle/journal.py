"""What a client knows for certain: everything that the system accepted, in any order, duplicates welcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from referral.events.facts import Channel, Fact
from referral.events.money import Value
from referral_tools.oracle.experiment_bounds import PairTotals

PersonIdOf = Callable[[str], str]
"""The person id (psn_…) of an external id, as the API answers."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A participant as the enrolment answered; `enrolled_at` is not after the first moment their code counts."""

    id: str
    external_id: str
    code: str
    mention: str | None
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class Click:
    """A redirect that was answered: by which participant's code, and when, and what the link was for.

    `id`, if known, decides between clicks of one moment. `root` is the person id of who began the chain of sharers that the link
    continues; None if its owner did.
    """

    code: str
    clicked_at: datetime
    id: str = ""
    channel: Channel | None = None
    content: str | None = None
    partner: str | None = None
    cta: str | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on Xiaohongshu: who wrote it when, and the code or mention in it, if there is one."""

    id: str
    person: str
    at: datetime
    code: str | None = None
    mention: str | None = None


@dataclass(frozen=True, slots=True)
class RedemptionAnswer:
    """The final answer to a request to use a reward: `used` where it succeeded, for this order."""

    reward: str
    rule: str
    beneficiary: str
    order: str
    used: bool


@dataclass(frozen=True, slots=True)
class WalletCode:
    """The code of a reward that a wallet showed before it was used; `value` is that of a code of a fixed amount."""

    code: str
    reward: str
    rule: str
    beneficiary: str
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class CreditUse:
    """A use of a person's credit for an order that was answered, in minor units: how much, and how much of it came back."""

    person: str
    unit: str
    order: str
    amount: int
    returned: int
    partial: bool

    @property
    def kept(self) -> int:
        """What stays used."""
        return self.amount - self.returned


@dataclass(frozen=True, slots=True)
class ConversionStep:
    """A referral was cleared (`at` is when it qualified) or reversed (None), with its referrer's person id and its evidence."""

    conversion: str
    referrer: str
    at: datetime | None
    channel: Channel | None = None
    partner: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class ExperimentLook:
    """The sums of an experiment in one partition, at which the system looked: those of its metric by variant.

    `multiple` people saw several variants; `roots` of each variant were brought by no friend; `since` is the earliest impression
    in the sums.
    """

    experiment: str
    partition: int
    at: datetime
    since: datetime
    totals: Mapping[str, PairTotals]
    multiple: int
    roots: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BoardStep:
    """A line of the log that adds a referral to boards or takes it away, by its position; `at` is when the referral qualified."""

    partition: int
    offset: int
    referrer: str
    at: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class HeldDraw:
    """A draw that was held, as the oracle drew it: the rule of the prize, what was won, and the person ids in order."""

    rule: str
    draw: str
    period: str
    winners: int
    drawn: Sequence[str]

    @property
    def trigger(self) -> str:
        """What the reward's id is derived from."""
        return f"draw:{self.draw}:{self.period}"


@dataclass(slots=True)
class Journal:
    """Accepted facts, enrolments, redirects by the token they gave, and answers to redemptions; `clock` is the last tick.

    The order of `facts` matters only for orders with the codes of rewards, which `codes` has: the first payment wins.

    `conversions` is the order in which the system cleared and reversed the referrals of each referrer; only caps, tiers and streaks
    need it. `received` is when a fact arrived first, by its id: late posts are no submissions. `looks` are the sums at which the
    system decided about experiments, `draws` the draws that were held.
    """

    facts: list[Fact] = field(default_factory=list)
    participants: list[Enrolled] = field(default_factory=list)
    clicks: dict[str, Click] = field(default_factory=dict)
    received: dict[str, datetime] = field(default_factory=dict)
    redemptions: list[RedemptionAnswer] = field(default_factory=list)
    codes: list[WalletCode] = field(default_factory=list)
    credit_uses: list[CreditUse] = field(default_factory=list)
    conversions: list[ConversionStep] = field(default_factory=list)
    looks: list[ExperimentLook] = field(default_factory=list)
    draws: list[HeldDraw] = field(default_factory=list)
    clock: datetime | None = None
