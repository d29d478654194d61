"""The shapes of message bodies, as OpenAPI describes them under `webhooks`."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from referral.events.budgets import BudgetLevel
from referral.events.deliveries import DisabledReason, EndpointLimit, WarningPercent
from referral.events.money import Value
from referral.events.promoter_messages import MessageKind
from referral.events.rewards import RevocationReason, RewardKind

_WHEN = Annotated[datetime, Meta(tz=True, description="when it happened")]
_TEST = Annotated[bool | UnsetType, Meta(description="only of a test message: what it is about does not exist")]


class RewardData(Struct, kw_only=True):
    """The reward that a message is about, and whose it is."""

    program: str
    id: Annotated[str, Meta(description="the reward", examples=["rwd_0123456789abcdef"])]
    beneficiary: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[
        str | None,
        Meta(description="the platform's own id of the beneficiary; null after an erasure", examples=["xhs:amy"]),
    ]
    erased: Annotated[bool, Meta(description="whether the beneficiary was erased: nothing identifies them any more")]
    test: _TEST = UNSET


class FulfilledData(RewardData, kw_only=True):
    """A reward that its beneficiary has now."""

    kind: RewardKind
    code: Annotated[str | UnsetType, Meta(description="of a discount code: the code in clear")] = UNSET
    file: Annotated[str | UnsetType, Meta(description="of a guide: the name of its file")] = UNSET
    value: Annotated[Value | UnsetType, Meta(description="of a credit or a fixed amount: [minor units, unit]")] = UNSET


class RedeemedData(RewardData, kw_only=True):
    """A reward that was used for an order."""

    order: Annotated[str, Meta(description="the shop's own id of the order")]
    request: Annotated[str, Meta(description="the redemption", examples=["rdm_0123456789abcdef"])]
    value: Annotated[Value | UnsetType, Meta(description="how much of it, if it is used in parts")] = UNSET


class RevokedData(RewardData, kw_only=True):
    """A reward that was taken back."""

    reason: RevocationReason


class BudgetReachedData(Struct, kw_only=True):
    """A budget of the program, of which so much is used."""

    program: str
    budget: Annotated[str, Meta(description="total, or the id of a reward rule", examples=["total"])]
    currency: Annotated[str, Meta(examples=["CNY"])]
    percent: Annotated[BudgetLevel, Meta(description="100 also if what is left is too little for the next reward")]
    total: Annotated[int, Meta(description="in minor units of the currency, e.g. fen")]
    free: Annotated[int, Meta(description="what is left of it, in minor units")]
    test: _TEST = UNSET


class EndpointData(Struct, kw_only=True):
    """Another endpoint of the program."""

    program: str
    webhook: Annotated[str, Meta(description="the endpoint", examples=["whk_0123456789abcdef"])]
    test: _TEST = UNSET


class WarnedData(EndpointData, kw_only=True):
    """An endpoint that has only failed for a while."""

    percent: Annotated[WarningPercent, Meta(description="of the five days after which it is disabled")]
    failing_since: Annotated[datetime, Meta(tz=True, description="its first failure after its last success")]


class FullData(EndpointData, kw_only=True):
    """An endpoint that has reached a limit."""

    limit: Annotated[
        EndpointLimit,
        Meta(
            description="waiting: 10,000 messages wait, further ones are missed; undelivered: 50,000 have failed or were missed,"
            " further ones are not kept"
        ),
    ]


class DisabledData(EndpointData, kw_only=True):
    """An endpoint that gets no more messages."""

    reason: Annotated[DisabledReason, Meta(description="gone: it answered 410; failing: five days of only failures")]


class PromoterData(Struct, kw_only=True):
    """A message to a promoter, in their language. Send it to them once: its `webhook-id` is the same each time."""

    program: str
    person: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[
        str | None, Meta(description="the platform's own id of the person; null after an erasure", examples=["xhs:amy"])
    ]
    erased: Annotated[bool, Meta(description="whether the person was erased: send nothing")]
    kinds: Annotated[tuple[MessageKind, ...], Meta(description="what the message is about")]
    subject: str = ""
    text: Annotated[str, Meta(description="empty: nothing of it is true any more, send nothing")] = ""
    url: Annotated[str | UnsetType, Meta(description="a link to their wallet, for this person alone")] = UNSET
    test: _TEST = UNSET


class RewardFulfilledMessage(Struct, kw_only=True, tag_field="type", tag="reward.fulfilled"):
    """A reward was fulfilled: hand it to the beneficiary."""

    timestamp: _WHEN
    data: FulfilledData


class RewardRedeemedMessage(Struct, kw_only=True, tag_field="type", tag="reward.redeemed"):
    """A reward was used."""

    timestamp: _WHEN
    data: RedeemedData


class RewardRevokedMessage(Struct, kw_only=True, tag_field="type", tag="reward.revoked"):
    """A reward was taken back."""

    timestamp: _WHEN
    data: RevokedData


class BudgetReachedMessage(Struct, kw_only=True, tag_field="type", tag="budget.reached"):
    """50, 80 or 100% of a budget are used, for the first time since its total was last changed."""

    timestamp: _WHEN
    data: BudgetReachedData


class EndpointWarnedMessage(Struct, kw_only=True, tag_field="type", tag="endpoint.warned"):
    """Another endpoint of the program has only failed for 50, 70 or 90% of the time after which it is disabled."""

    timestamp: _WHEN
    data: WarnedData


class EndpointFullMessage(Struct, kw_only=True, tag_field="type", tag="endpoint.full"):
    """Another endpoint of the program has so many undelivered messages that further ones are missed."""

    timestamp: _WHEN
    data: FullData


class EndpointDisabledMessage(Struct, kw_only=True, tag_field="type", tag="endpoint.disabled"):
    """Another endpoint of the program was disabled, since it answered 410 or only failed."""

    timestamp: _WHEN
    data: DisabledData


class PromoterMessageMessage(Struct, kw_only=True, tag_field="type", tag="promoter.message"):
    """A message to a promoter: only for webhooks that name this type in their events."""

    timestamp: _WHEN
    data: PromoterData


WEBHOOK_MESSAGES = (
    RewardFulfilledMessage,
    RewardRedeemedMessage,
    RewardRevokedMessage,
    BudgetReachedMessage,
    EndpointWarnedMessage,
    EndpointFullMessage,
    EndpointDisabledMessage,
    PromoterMessageMessage,
)
