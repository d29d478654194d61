"""Finds content without a call to action."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    if not program.content:
        yield "/content", "is empty, so there is nothing to share: add an item with a call to action"
    for index, item in enumerate(program.content):
        if not item.ctas:
            yield f"/content/{index}/ctas", f"{item.id} does not ask people to share it: add a call to action"


NO_CTA = AdviceRule(
    name="no_cta",
    pitfall="No explicit call to action: people like the content but do not share it.",
    fix="Give each content item a call to action that names the person to send it to.",
    find=_find,
)
