"""A reward for one side makes an invitation a favour; for both, a gift."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    rewarded = {reward.to for reward in program.rewards}
    if len(rewarded) == 1:
        only, other = ("referrer", "referee") if "referrer" in rewarded else ("referee", "referrer")
        yield (
            "/rewards",
            f"only the {only} gets something: reward the {other} too, so that an invitation is a gift and not a favour",
        )


ONE_SIDED_REWARD = Rule(
    name="one_sided_reward",
    mistake="A reward for one side only: an invitation becomes a favour, or nobody has a reason to invite.",
    fix="Reward the referrer and the friend they bring.",
    find=_find,
)
