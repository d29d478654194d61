"""Rules across the tiers of a reward: they begin with the first referral, rise, and are all of money or all of points."""

from collections.abc import Iterator

from referral.events.reward_rules import MAX_TIERS
from referral.program_file.raw_section import RawSection
from referral.validation.mistakes import Mistake


def tier_mistakes(reward: RawSection) -> Iterator[Mistake]:
    """The mistakes in the tiers of a credit."""
    tiers = list(reward.sections("tiers"))[:MAX_TIERS]
    if not reward.has("tiers") and reward.get("tier_period") is not None:
        yield reward.mistake("tier_period", "belongs to tiers: write them, or remove it")
    if tiers and reward.text("to") == "referee":
        yield reward.mistake("tiers", "count a referrer's referrals: write to: referrer, or amount in place of them")
    if tiers and reward.get("once") is True:
        yield reward.mistake("once", "must be left out: tiers are for more than the first referral")
    yield from _starts(tiers)
    yield from _values(tiers)


def _starts(tiers: list[RawSection]) -> Iterator[Mistake]:
    before = 0
    for index, tier in enumerate(tiers):
        start = tier.get("from")
        if not isinstance(start, int):
            continue
        if index == 0 and start != 1:
            yield tier.mistake("from", f"must be 1 in the first tier, so that every referral is in one; got {start}")
        elif start <= before:
            yield tier.mistake("from", f"must be above {before}, the beginning of the tier before it; got {start}")
        before = max(before, start)


def _values(tiers: list[RawSection]) -> Iterator[Mistake]:
    unit = next((name for tier in tiers for name in ("amount", "points") if tier.has(name)), "amount")
    other = "points" if unit == "amount" else "amount"
    for tier in tiers:
        if not tier.has(unit):
            yield tier.mistake(unit, f"is required: each tier needs {unit}, as the other tiers have")
        if tier.get(other) is not None:
            yield tier.mistake(other, f"must be left out: the tiers are worth {unit}")
