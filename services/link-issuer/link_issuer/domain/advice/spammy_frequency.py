"""Who is asked too often stops listening: three asks in one piece, two in one place, challenges side by side, "every day"."""

from collections.abc import Iterator
from datetime import timedelta

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.challenges import Challenge
from referral.events.content import ContentItem
from referral.events.program import Program

MOST_ASKS = 2


def _find(program: Program) -> Iterator[Remark]:
    for index, item in enumerate(program.content):
        yield from _in_one_piece(f"/content/{index}/ctas", item)
    for place, text in program_texts.everything(program):
        if found := text_patterns.OVER_AND_OVER.search(text):
            yield place, f"{found[0]!r} asks for spam: ask once, and for one friend whom it would help"
    yield from _side_by_side(program.challenges)


def _in_one_piece(place: str, item: ContentItem) -> Iterator[Remark]:
    """Asks that stand together. Of an experiment's variants, a reader sees one."""
    compared = item.experiment.variants if item.experiment else ()
    shown = [(number, cta) for number, cta in enumerate(item.ctas) if cta.id not in compared[1:]]
    if len(shown) > MOST_ASKS:
        yield place, f"{item.id} asks {len(shown)} times: keep {MOST_ASKS}, or compare them in an experiment"
    for nth, (number, cta) in enumerate(shown):
        if cta.placement in {other.placement for _, other in shown[:nth]}:
            yield f"{place}/{number}/placement", f"a second ask in the {cta.placement}: keep one, or compare the two"


def _side_by_side(challenges: tuple[Challenge, ...]) -> Iterator[Remark]:
    for index, one in enumerate(challenges):
        for other in challenges[:index]:
            if one.starts < other.starts + timedelta(other.days) and other.starts < one.starts + timedelta(one.days):
                yield (
                    f"/challenges/{index}/starts",
                    f"{one.id} runs beside {other.id}: let one end before the next begins",
                )
                break


SPAMMY_FREQUENCY = Rule(
    name="spammy_frequency",
    mistake=(
        "Spammy frequency: more than two asks in one piece or two in one place, challenges side by side, or texts that want"
        " sharing every day or to many groups."
    ),
    fix="Ask once or twice in a piece, in different places; compare further texts in an experiment.",
    find=_find,
)
