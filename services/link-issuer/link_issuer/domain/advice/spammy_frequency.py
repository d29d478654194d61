"""Finds programs that ask too often: many calls to action in one item, overlapping challenges, "share every day"."""

from collections.abc import Iterator
from datetime import timedelta

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.challenges import Challenge
from referral.events.content import ContentItem
from referral.events.program import Program

MAX_CALLS_TO_ACTION = 2


def _find(program: Program) -> Iterator[Remark]:
    for index, item in enumerate(program.content):
        yield from _in_one_item(f"/content/{index}/ctas", item)
    for pointer, text in program_texts.all_texts(program):
        if found := text_patterns.REPEATED_SHARING.search(text):
            yield pointer, f"{found[0]!r} asks people to spam: ask once, and for one friend who would benefit"
    yield from _overlapping_challenges(program.challenges)


def _in_one_item(pointer: str, item: ContentItem) -> Iterator[Remark]:
    """Calls to action that a reader sees together: of an experiment's variants only one."""
    variants = item.experiment.variants if item.experiment else ()
    visible = [(number, cta) for number, cta in enumerate(item.ctas) if cta.id not in variants[1:]]
    if len(visible) > MAX_CALLS_TO_ACTION:
        remedy = f"use at most {MAX_CALLS_TO_ACTION}, or compare them in an experiment"
        yield pointer, f"{item.id} has {len(visible)} calls to action: {remedy}"
    for nth, (number, cta) in enumerate(visible):
        if cta.placement in {other.placement for _, other in visible[:nth]}:
            remedy = "remove one, or compare the two in an experiment"
            yield f"{pointer}/{number}/placement", f"is a second call to action in the {cta.placement}: {remedy}"


def _overlapping_challenges(challenges: tuple[Challenge, ...]) -> Iterator[Remark]:
    for index, one in enumerate(challenges):
        for other in challenges[:index]:
            if one.starts < other.starts + timedelta(other.days) and other.starts < one.starts + timedelta(one.days):
                yield (
                    f"/challenges/{index}/starts",
                    f"{one.id} overlaps {other.id}: start it after the other has ended",
                )
                break


SPAMMY_FREQUENCY = AdviceRule(
    name="spammy_frequency",
    pitfall=(
        "Spammy frequency: more than two calls to action in one item or two in one placement, overlapping challenges, or texts"
        " that ask for sharing every day or to many groups."
    ),
    fix="Ask once or twice per item, in different placements; compare further texts in an experiment.",
    find=_find,
)
