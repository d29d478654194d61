"""A friend with the code of a reward: the chain from their follow to the grant, the id of the reward, and its code."""

from decimal import Decimal

from msgspec.structs import replace

from referral.events.ids import conversion_id, referral_id, reward_id
from referral.events.reward_rules import Reward
from tests.support.builders.conversion_tracker import FRIEND, follow, program_version
from tests.support.builders.participants import AMY, PROGRAM
from tests.support.scenarios.reward_chain import RewardChain

THIRTY = Reward(
    id="thirty",
    to="referee",
    on="conversion.cleared",
    kind="discount_code",
    amount=Decimal(30),
    currency="CNY",
    pool="generated",
)


def chain_with(*rules: Reward) -> RewardChain:
    """Returns a chain in which the friend has the codes of these rules, by default of ¥30."""
    version = program_version()
    chain = RewardChain(replace(version, program=replace(version.program, rewards=rules or (THIRTY,))))
    return chain.append(follow(1, 1, code="AMY88")).drain()


def reward_of(rule: Reward = THIRTY) -> str:
    """Returns the id of the friend's reward by a rule."""
    return reward_id(PROGRAM, rule.id, FRIEND, conversion_id(referral_id(PROGRAM, FRIEND, AMY.id)))


def code_of(rule: Reward = THIRTY) -> str:
    """Returns the friend's code by a rule, as the chain generates it."""
    return reward_of(rule)[-8:].upper()
