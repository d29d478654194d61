"""Finds content items that lack an element of shareable content.

Shareability = emotional trigger + practical value + easy share + social currency (a rule of thumb of the field, after Jonah
Berger, "Contagious", 2013). An item has an element if the file describes it in `elements` or names the matching mechanic.
"""

from collections.abc import Iterator
from typing import assert_never, get_args

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.content import ContentItem, Element, Mechanic
from referral.events.program import Program


def missing_elements(item: ContentItem) -> list[Element]:
    """The elements that an item lacks, in the order above; its score is four minus their number."""
    has = set(item.elements) | {_element_of(mechanic) for mechanic in item.mechanics}
    return [element for element in get_args(Element) if element not in has]


def _element_of(mechanic: Mechanic) -> Element | None:
    match mechanic:
        case "emotional_connection":
            return "emotional_trigger"
        case "practical_value":
            return "practical_value"
        case "ease_of_sharing":
            return "easy_share"
        case "social_currency":
            return "social_currency"
        case "share_trigger":
            return None
        case _:
            assert_never(mechanic)


def _description(element: Element) -> str:
    match element:
        case "emotional_trigger":
            return "what people feel when they see it"
        case "practical_value":
            return "what they can use it for today"
        case "easy_share":
            return "what they copy or tap"
        case "social_currency":
            return "how it makes them look good to their friends"
        case _:
            assert_never(element)


def _find(program: Program) -> Iterator[Remark]:
    for index, item in enumerate(program.content):
        missing = missing_elements(item)
        if missing:
            described = "; ".join(f"{element} ({_description(element)})" for element in missing)
            yield (
                f"/content/{index}/elements",
                f"{item.id} has {4 - len(missing)} of 4 elements, without {described}: add and describe them",
            )


MISSING_ELEMENT = AdviceRule(
    name="missing_element",
    pitfall="Content without an emotional trigger, practical value, an easy way to share, or social currency.",
    fix="Describe in the item's `elements` how it has each of the four; where it does not, change the content.",
    find=_find,
)
