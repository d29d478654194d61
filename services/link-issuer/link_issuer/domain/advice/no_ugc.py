"""Followers who post bring followers who trust them; a program that gives them nothing to post about leaves that out."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    if not program.challenges:
        yield "/challenges", "followers have nothing to post about: add a challenge with a hashtag, prompts and a prize"
    for index, challenge in enumerate(program.challenges):
        if not challenge.prizes:
            place = f"/challenges/{index}/prizes"
            yield place, f"who posts for {challenge.id} gets nothing: add every_participant, however small"


NO_UGC = Rule(
    name="no_ugc",
    mistake="Nothing for user-generated content: no challenge to post for, or one in which nobody gets anything.",
    fix="Add a challenge with a hashtag, a prompt a day, and something for every participant.",
    find=_find,
)
