"""A piece is shared for a feeling, a use, a good look and little effort; what lacks one of them is shared less.

Shareability = emotional trigger + practical value + easy share + social currency (the field's rule of thumb, after Jonah
Berger, "Contagious", 2013). An element counts where the file says how the piece has it, or names the mechanic that is the same.
"""

from collections.abc import Iterator
from typing import get_args

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.content import ContentItem, Element, Mechanic
from referral.events.program import Program

_OF_MECHANIC: dict[Mechanic, Element] = {
    "emotional_connection": "emotional_trigger",
    "practical_value": "practical_value",
    "ease_of_sharing": "easy_share",
    "social_currency": "social_currency",
}
_HOW: dict[Element, str] = {
    "emotional_trigger": "what people feel when they see it",
    "practical_value": "what they can use it for today",
    "easy_share": "what they copy or tap",
    "social_currency": "how it makes them look good to their friends",
}


def missing(item: ContentItem) -> list[Element]:
    """Which of the four an item lacks, in the order of the rule of thumb; its score is four less their number."""
    has = set(item.elements) | {_OF_MECHANIC[one] for one in item.mechanics if one in _OF_MECHANIC}
    return [element for element in get_args(Element) if element not in has]


def _find(program: Program) -> Iterator[Remark]:
    for index, item in enumerate(program.content):
        lacking = missing(item)
        if lacking:
            hows = "; ".join(f"{element} ({_HOW[element]})" for element in lacking)
            yield (
                f"/content/{index}/elements",
                f"{item.id} has {4 - len(lacking)} of 4, without {hows}: add it and say how",
            )


MISSING_ELEMENT = Rule(
    name="missing_element",
    mistake="A piece without an emotional trigger, practical value, an easy way to share, or social currency.",
    fix="Say in the item's `elements` how it has each of the four; where it has not, change the piece.",
    find=_find,
)
