"""The bodies of messages, and what they have of a person: built when a message is sent, from what is known at that time.

What is stored of a message (the log, the state of the fold) has the person id alone. So a message that is sent after an erasure
does not identify the person, although it has the same id as an earlier attempt that did.
"""

from collections.abc import Awaitable, Callable
from typing import TypedDict, assert_never

import msgspec
from msgspec import UNSET, UnsetType

from referral.events.budgets import BudgetReached
from referral.events.deliveries import (
    EndpointDisabled,
    EndpointFull,
    EndpointWarned,
    GrowthDigest,
    MessageContent,
    PromoterMessage,
    WechatReplyPromised,
)
from referral.events.redemptions import RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardRevoked
from referral.people.known_people import KnownPerson, known_people
from referral.people.people_view import People
from reward_dispatcher.delivery.message_shapes import (
    BudgetReachedData,
    BudgetReachedMessage,
    DisabledData,
    EndpointDisabledMessage,
    EndpointFullMessage,
    EndpointWarnedMessage,
    FulfilledData,
    FullData,
    RedeemedData,
    RevokedData,
    RewardFulfilledMessage,
    RewardRedeemedMessage,
    RewardRevokedMessage,
    WarnedData,
)
from reward_dispatcher.delivery.promoter_bodies import PromoterBodies, example_promoter_body
from reward_dispatcher.sealed_codes import CodeSealer

NotifiableReward = RewardFulfilled | RewardRedeemed | RewardRevoked
EndpointNotice = EndpointWarned | EndpointFull | EndpointDisabled
EXAMPLE_PERSON = KnownPerson("example:amy")
EXAMPLE_CODE = "EXAMPLE-CODE"
_MOST_UNKNOWN = 10_000
_encode = msgspec.json.Encoder().encode


class _RewardFields(TypedDict):
    """The fields of RewardData."""

    program: str
    id: str
    beneficiary: str
    external_id: str | None
    erased: bool
    test: bool | UnsetType


class MessageBodies:
    """Builds bodies with the codes and people of now; belongs to one event loop.

    `refresh` returns once `people` has everyone who was recorded before the call. It raises LogUnavailable.
    """

    def __init__(
        self,
        people: People,
        codes: CodeSealer,
        refresh: Callable[[], Awaitable[None]],
        promoters: PromoterBodies | None = None,
    ) -> None:
        self._promoters = promoters
        self._people = people.snapshot()
        self._codes = codes
        self._refresh = refresh
        self._unknown: dict[str, None] = {}  # ids that the log did not have when it was read for them

    async def build(self, content: MessageContent, *, test: bool = False) -> bytes:
        """Returns the body of an attempt. Raises DecryptionFailed if its code cannot be read, and LogUnavailable.

        A test message is about a reward and a person that do not exist.
        """
        if isinstance(content, EndpointNotice):
            return endpoint_body(content, test=test)
        if isinstance(content, BudgetReached):
            return budget_body(content, test=test)
        if isinstance(content, PromoterMessage):
            if test or self._promoters is None:
                return example_promoter_body(content)
            return await self._promoters.build(content)
        if isinstance(content, WechatReplyPromised | GrowthDigest):
            raise TypeError("replies of WeChat accounts and digests have no body for webhooks")
        if test:
            return reward_body(content, EXAMPLE_PERSON, test=True)
        return reward_body(self._codes.open_line(content), await self._find(content.beneficiary))

    async def _find(self, id: str) -> KnownPerson | None:
        """The person; None if they are erased, or not on the log.

        The log is read to its end only for an id that is not known here, and once: people are written before their rewards.
        """
        known = known_people([id], self._people)[id]
        if known is None and id not in self._unknown and not self._people.is_erased(id):
            await self._refresh()
            known = known_people([id], self._people)[id]
            if known is None:
                self._remember_unknown(id)
        return known

    def _remember_unknown(self, id: str) -> None:
        if len(self._unknown) >= _MOST_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[id] = None


def reward_body(line: NotifiableReward, beneficiary: KnownPerson | None, *, test: bool = False) -> bytes:
    """Returns the body for a line with its code in clear; `beneficiary` is None after their erasure."""
    whose = _whose(line, beneficiary, test=test)
    match line:
        case RewardFulfilled():
            code = EXAMPLE_CODE if test else line.code or UNSET
            fulfilled = FulfilledData(
                **whose, kind=line.kind, code=code, file=line.file or UNSET, value=line.value or UNSET
            )
            return _encode(RewardFulfilledMessage(timestamp=line.occurred_at, data=fulfilled))
        case RewardRedeemed():
            redeemed = RedeemedData(**whose, order=line.order, request=line.request, value=line.value or UNSET)
            return _encode(RewardRedeemedMessage(timestamp=line.occurred_at, data=redeemed))
        case RewardRevoked():
            revoked = RevokedData(**whose, reason=line.reason)
            return _encode(RewardRevokedMessage(timestamp=line.occurred_at, data=revoked))
        case _:
            assert_never(line)


def budget_body(line: BudgetReached, *, test: bool = False) -> bytes:
    """Returns the body for a line about a budget of the program."""
    reached = BudgetReachedData(
        program=line.program,
        budget=line.budget,
        currency=line.unit,
        percent=line.percent,
        total=line.limit,
        free=max(0, line.limit - line.lent),
        test=True if test else UNSET,
    )
    return _encode(BudgetReachedMessage(timestamp=line.occurred_at, data=reached))


def endpoint_body(line: EndpointNotice, *, test: bool = False) -> bytes:
    """Returns the body for a line about another endpoint of the program."""
    marked = True if test else UNSET
    match line:
        case EndpointWarned():
            warned = WarnedData(
                program=line.program,
                webhook=line.webhook,
                percent=line.percent,
                failing_since=line.failing_since,
                test=marked,
            )
            return _encode(EndpointWarnedMessage(timestamp=line.occurred_at, data=warned))
        case EndpointFull():
            full = FullData(program=line.program, webhook=line.webhook, limit=line.limit, test=marked)
            return _encode(EndpointFullMessage(timestamp=line.occurred_at, data=full))
        case EndpointDisabled():
            disabled = DisabledData(program=line.program, webhook=line.webhook, reason=line.reason, test=marked)
            return _encode(EndpointDisabledMessage(timestamp=line.occurred_at, data=disabled))
        case _:
            assert_never(line)


def _whose(line: NotifiableReward, beneficiary: KnownPerson | None, *, test: bool) -> _RewardFields:
    return {
        "program": line.program,
        "id": line.id,
        "beneficiary": line.beneficiary,
        "external_id": beneficiary.external_id if beneficiary else None,
        "erased": beneficiary is None,
        "test": True if test else UNSET,
    }
