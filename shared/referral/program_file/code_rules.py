"""Generated codes of a reward: whose they are, and whether their code space is large enough for how many will be given."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from referral.events.code_formats import ALPHABET, DEFAULT_CODES, code_space, needed_space
from referral.events.reward_rules import GENERATED
from referral.program_file.raw_section import RawSection
from referral.validation.mistakes import Mistake


def codes_cannot_be_guessed(program: RawSection) -> Iterator[Mistake]:
    """The codes that a rule can give are at most a thousandth of its code space, and so few that hardly two are equal."""
    total = program.section("caps").section("budget")
    for reward in program.sections("rewards"):
        code = reward.section("code")
        pattern = code.text("pattern")
        if reward.get("code") is None or pattern is None:
            continue
        codes = _most_codes(reward, (total, reward.section("budget")))
        space, needed = code_space(pattern), needed_space(codes)
        if space < needed:
            yield code.mistake("pattern", _too_small(pattern, space, needed, codes))


def code_belongs(reward: RawSection) -> Iterator[Mistake]:
    """Only generated codes have a form."""
    if reward.get("code") is None or reward.text("kind") is None:
        return
    if reward.text("kind") != "discount_code":
        yield reward.mistake("code", "belongs to a discount_code: remove it, or change the kind")
    elif reward.text("pool") not in (None, GENERATED):
        yield reward.mistake("code", "belongs to generated codes: remove it, or write pool: generated")


def _most_codes(reward: RawSection, budgets: tuple[RawSection, ...]) -> int:
    """How many codes can be given: as many as the rule says, or as a budget pays for."""
    up_to = reward.section("code").get("up_to")
    most = up_to if isinstance(up_to, int) else DEFAULT_CODES
    cost = _number(reward.get("cost") if reward.has("cost") else reward.get("amount"))
    totals = [_number(budget.get("total")) for budget in budgets]
    return min([most, *(int(total / cost) for total in totals if total and cost)])


def _number(value: object) -> Decimal:
    """A valid amount; 0 for none."""
    try:
        return Decimal(str(value)) if isinstance(value, int | float | str | Decimal) else Decimal()
    except InvalidOperation:
        return Decimal()


def _too_small(pattern: str, space: int, needed: int, codes: int) -> str:
    more = 0
    while space * len(ALPHABET) ** more < needed:
        more += 1
    return (
        f"has {space:,} codes, too few for up to {codes:,}: they could be guessed, or be equal by chance. It needs {needed:,}:"
        f" add {more} more *, such as {pattern}{'*' * more}, or lower up_to"
    )
