"""The body of the list of stopped rewards."""

from typing import Annotated

from msgspec import Meta, Struct

from referral.events.money import Value
from referral.events.rewards import RewardKind, StopReason
from referral.events.timestamps import to_datetime
from referral.http.paging import Page
from referral.http.responses import Timestamp
from referral.people.known_people import KnownPerson
from reward_dispatcher.folds.stop_keys import StoppedReward


class ValueResponse(Struct):
    """An amount of money in minor units, or points."""

    amount: Annotated[int, Meta(description="in the smallest part of the unit, such as fen", examples=[500])]
    unit: Annotated[str, Meta(description="an ISO 4217 code, or points", examples=["CNY"])]


class StoppedRewardResponse(Struct):
    """A reward that a limit stopped: it was not granted."""

    id: Annotated[str, Meta(description="the id that the reward would have had", examples=["rwd_0123456789abcdef"])]
    beneficiary: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[
        str | None,
        Meta(description="the platform's own id of the beneficiary; null after an erasure", examples=["xhs:amy"]),
    ]
    rule: Annotated[str, Meta(description="the program's reward rule")]
    kind: RewardKind
    trigger: Annotated[str, Meta(description="what would have earned it, as in a reward's `trigger`")]
    reason: Annotated[StopReason, Meta(description="the limit that stopped it")]
    stopped_at: Annotated[Timestamp, Meta(description="when it was earned")]
    value: Annotated[ValueResponse | None, Meta(description="what it would have been worth; null without an amount")]


class StoppedRewardsResponse(Page[StoppedRewardResponse]):
    """A page of stopped rewards, the oldest first."""


def value_response(value: Value | None) -> ValueResponse | None:
    """The body that describes an amount."""
    return None if value is None else ValueResponse(value.amount, value.unit)


def stopped_reward_response(stopped: StoppedReward, beneficiary: KnownPerson | None) -> StoppedRewardResponse:
    """The body that describes a stopped reward."""
    return StoppedRewardResponse(
        id=stopped.id,
        beneficiary=stopped.beneficiary,
        external_id=beneficiary.external_id if beneficiary else None,
        rule=stopped.rule,
        kind=stopped.kind,
        trigger=stopped.trigger,
        reason=stopped.reason,
        stopped_at=to_datetime(stopped.stopped_ms),
        value=value_response(stopped.value),
    )
