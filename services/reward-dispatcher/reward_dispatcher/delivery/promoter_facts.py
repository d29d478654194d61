"""Reads the state of a promoter for a message: rewards, grants, outbox. Blocks; use it in a thread."""

from collections.abc import Iterable
from typing import NamedTuple

from referral.entitlement.grants import ReferrerGrants
from referral.redis_client import RedisClient
from reward_dispatcher.delivery_store import DeliveryStore
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.outbox import Outbox
from reward_dispatcher.grant_store import GrantStore
from reward_dispatcher.store import RewardStore


class NotFoldedYet(Exception):
    """The state of a fold lacks what a message is about: the attempt is made later."""


class PromoterState(NamedTuple):
    """The rewards of a message, the grants of its recipient, and their outbox."""

    accounts: dict[str, Account]
    grants: ReferrerGrants
    outbox: Outbox


class PromoterFacts:
    """Thread-safe. Every method raises redis's errors."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._deliveries = DeliveryStore(redis, partitions)
        self._rewards = RewardStore(redis, partitions)
        self._grants = GrantStore(redis, partitions)

    def read(self, program: str, person: str, rewards: Iterable[str]) -> PromoterState:
        """Returns the state of a person, with these of their rewards."""
        wanted = sorted(set(rewards))
        accounts = self._rewards.accounts(wanted) if wanted else []
        return PromoterState(
            {one.id: one for one in accounts},
            self._grants.of_referrer(program, person),
            self._deliveries.outbox(program, person),
        )
