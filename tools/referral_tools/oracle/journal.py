"""What a client knows for certain: everything that the system accepted, in any order, duplicates welcome."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from referral.events.facts import Channel, Fact
from referral.events.money import Value

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
    """A redirect that was answered: by which code, and when, and what the link was for.

    `id`, if known, decides between clicks of one moment.
    """

    code: str
    clicked_at: datetime
    id: str = ""
    channel: Channel | None = None
    content: str | None = None
    partner: str | None = None


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


@dataclass(slots=True)
class Journal:
    """Accepted facts, enrolments, redirects by the token they gave, and answers to redemptions; `clock` is the last tick.

    The order of `facts` matters only for orders with the codes of rewards, which `codes` has: the first payment wins.

    `conversions` is the order in which the system cleared and reversed the referrals of each referrer; only caps, tiers and streaks
    need it.
    """

    facts: list[Fact] = field(default_factory=list)
    participants: list[Enrolled] = field(default_factory=list)
    clicks: dict[str, Click] = field(default_factory=dict)
    redemptions: list[RedemptionAnswer] = field(default_factory=list)
    codes: list[WalletCode] = field(default_factory=list)
    credit_uses: list[CreditUse] = field(default_factory=list)
    conversions: list[ConversionStep] = field(default_factory=list)
    clock: datetime | None = None
