"""Finds programs that reward only the referrer or only the friend."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    rewarded = {reward.to for reward in program.rewards}
    if len(rewarded) == 1:
        only, other = ("referrer", "referee") if "referrer" in rewarded else ("referee", "referrer")
        yield (
            "/rewards",
            f"reward only the {only}: reward the {other} too, so that an invitation is a gift and not a favour",
        )


ONE_SIDED_REWARD = AdviceRule(
    name="one_sided_reward",
    pitfall="A reward for one side only: friends feel used, or referrers have no reason to invite.",
    fix="Reward the referrer and the friend.",
    find=_find,
)
