"""Without a reward only the most devoted bring friends."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    if not program.rewards:
        yield "/rewards", "nobody gets anything: promise both sides something small, such as a guide"


NO_REWARD = Rule(
    name="no_reward",
    mistake="No reward: nobody gets anything for a friend brought.",
    fix="Promise both sides something small that costs little and is wanted, such as a guide.",
    find=_find,
)
