"""Content that asks nobody to pass it on is passed on by nobody."""

from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    if not program.content:
        yield "/content", "there is no content to share: add an item with a call to action"
    for index, item in enumerate(program.content):
        if not item.ctas:
            yield f"/content/{index}/ctas", f"{item.id} asks nobody to pass it on: add a call to action"


NO_CTA = Rule(
    name="no_cta",
    mistake="No explicit call to action: people like a piece, and go on without passing it on.",
    fix="Give each content item a call to action that says whom to send it to.",
    find=_find,
)
