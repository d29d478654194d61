"""Response bodies about budgets."""

from typing import Annotated

from msgspec import Meta, Struct

from referral.http.paging import Page
from referral.http.responses import Timestamp

_MINOR = "in minor units of `currency`, e.g. fen"


class StoppedSummary(Struct):
    """The rewards that wait for a budget."""

    count: Annotated[int, Meta(description="how many rewards wait")]
    amount: Annotated[int, Meta(description=f"what they cost together, {_MINOR}")]


class BudgetResponse(Struct):
    """A budget: `spent` + `held` + `free` is `total`, unless the total was made smaller than what is spent."""

    id: Annotated[str, Meta(description="total, or the id of a reward rule", examples=["total"])]
    currency: Annotated[str, Meta(examples=["CNY"])]
    total: Annotated[int, Meta(description=f"the most that rewards may cost by the version in force, {_MINOR}")]
    spent: Annotated[int, Meta(description=f"what the granted rewards cost that are not revoked, {_MINOR}")]
    held: Annotated[int, Meta(description=f"lent to partitions and not spent yet, {_MINOR}")]
    free: Annotated[int, Meta(description=f"what is left, {_MINOR}")]
    stopped: StoppedSummary


class BudgetsResponse(Struct):
    """The budgets of a program, `total` first."""

    items: list[BudgetResponse]


class WaitingRewardResponse(Struct):
    """A reward that waits for a budget."""

    reward_id: Annotated[str, Meta(examples=["rwd_0123456789abcdef"])]
    beneficiary: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="the platform's own id of them; null after an erasure")]
    amount: Annotated[int, Meta(description=f"what it costs, {_MINOR}")]
    currency: str
    since: Annotated[Timestamp, Meta(description="since when it waits for this budget")]
    exceeds_budget: Annotated[
        bool, Meta(description="it costs more than the whole budget, and waits behind all others")
    ]


class WaitingRewardsResponse(Page[WaitingRewardResponse]):
    """A page of rewards that wait for a budget, oldest first."""
