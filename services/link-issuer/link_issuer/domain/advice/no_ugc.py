"""Finds programs without a reason for followers to post. People trust posts of friends more than those of a brand."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    if not program.challenges:
        yield (
            "/challenges",
            "is empty, so followers have no reason to post: add a challenge with a hashtag, prompts and a prize",
        )
    for index, challenge in enumerate(program.challenges):
        if not challenge.prizes:
            pointer = f"/challenges/{index}/prizes"
            yield pointer, f"participants of {challenge.id} get nothing: add a small prize for every_participant"


NO_UGC = AdviceRule(
    name="no_ugc",
    pitfall="No user-generated content: no challenge to post for, or one without prizes.",
    fix="Add a challenge with a hashtag, a prompt per day, and a prize for every participant.",
    find=_find,
)
