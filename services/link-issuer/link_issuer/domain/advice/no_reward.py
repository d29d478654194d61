"""Finds programs without rewards: without one, few people refer friends."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    if not program.rewards:
        yield "/rewards", "is empty, so referrals are not rewarded: add a small reward for both sides, such as a guide"


NO_REWARD = AdviceRule(
    name="no_reward",
    pitfall="No reward: people get nothing for referring a friend.",
    fix="Reward both sides with something small that costs little and that people want, such as a guide.",
    find=_find,
)
