"""Rules about the money of rewards: each amount has its currency, and each budget is charged in its own."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from referral.events.budgets import TOTAL_BUDGET
from referral.events.currencies import CURRENCY_CODES, minor_unit_digits
from referral.program_file.raw_section import RawSection
from referral.program_file.trigger_rules import is_given
from referral.validation.mistakes import Mistake

_AMOUNTS = ("amount", "min_order", "max_amount")
_COSTLESS_KINDS = ("guide", "exclusive_content", "early_access", "shoutout", "giveaway_entry")


def money_of_rewards(program: RawSection) -> Iterator[Mistake]:
    """The mistakes about currencies, amounts and costs of all rewards."""
    total = _currency(program.section("caps").section("budget"))
    for reward in program.sections("rewards"):
        yield from _currency_field(reward)
        yield from _amounts(reward, reward.text("currency"))
        yield from _budget_fields(reward, total)
        if total or _currency(reward.section("budget")):
            yield from _charged(reward, _currency(reward.section("budget")) or total or "")


def _currency(section: RawSection) -> str | None:
    code = section.text("currency")
    return code if code in CURRENCY_CODES else None


def _needs_currency(reward: RawSection) -> bool:
    """Whether the rule has an amount of money, or pays a percentage of one."""
    tiers = any(tier.has("amount") for tier in reward.sections("tiers"))
    share = reward.text("kind") == "credit" and reward.has("percent")
    return tiers or share or any(reward.has(name) for name in _AMOUNTS)


def _currency_field(reward: RawSection) -> Iterator[Mistake]:
    if _needs_currency(reward) and not reward.has("currency"):
        yield reward.mistake("currency", "is required: write the currency of the amounts, such as currency: CNY")
    elif not _needs_currency(reward) and is_given(reward, "currency"):
        yield reward.mistake("currency", "belongs to an amount: remove it, or write an amount")


def _amounts(reward: RawSection, currency: str | None) -> Iterator[Mistake]:
    """Amounts that are paid are above 0, and none is finer than the currency."""
    for section, name in [(reward, name) for name in _AMOUNTS] + [(one, "amount") for one in reward.sections("tiers")]:
        value = section.get(name)
        if value is None:
            continue
        if name != "min_order" and _decimal(value) == 0:
            yield section.mistake(name, "must be more than 0")
        elif currency in CURRENCY_CODES:
            yield from _digits(section, name, currency or "")


def _digits(section: RawSection, name: str, currency: str) -> Iterator[Mistake]:
    digits, amount = minor_unit_digits(currency), _decimal(section.get(name))
    if amount is not None and amount != round(amount, digits):
        yield section.mistake(name, f"must have at most {digits} decimal places in {currency}; got {amount}")


def _decimal(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _budget_fields(reward: RawSection, total: str | None) -> Iterator[Mistake]:
    own = _currency(reward.section("budget"))
    if own and total and own != total:
        detail = f"must be {total}, as of caps.budget: a reward is charged to both in one currency; got {own}"
        yield reward.section("budget").mistake("currency", detail)
    if is_given(reward, "budget") and reward.text("id") == TOTAL_BUDGET:
        yield reward.mistake("id", f"must not be {TOTAL_BUDGET}, the name of the program's budget: choose another id")
    if is_given(reward, "cost") and not own and not total and not reward.has("budget"):
        yield reward.mistake("cost", "belongs to a budget: add caps.budget, or budget here, or remove it")


def _charged(reward: RawSection, budget: str) -> Iterator[Mistake]:
    """What the budget is charged for each reward is known: its cost, or its amount in the budget's currency."""
    if reward.has("cost") or reward.text("kind") in (None, *_COSTLESS_KINDS):
        if is_given(reward, "budget") and not reward.has("cost") and reward.text("kind") is not None:
            yield _cost_required(reward, budget)
        return
    currency = reward.text("currency")
    if not _has_price(reward):
        yield _cost_required(reward, budget)
    elif currency in CURRENCY_CODES and currency != budget:
        detail = f"must be {budget}, the currency of the budget; or write cost, what each reward costs in {budget}"
        yield reward.mistake("currency", f"{detail}; got {currency}")


def _has_price(reward: RawSection) -> bool:
    """Whether the rule is worth money by itself; points, percentages off and gifts are not."""
    tiers = any(tier.has("amount") for tier in reward.sections("tiers"))
    share = reward.text("kind") == "credit" and reward.has("percent")
    return tiers or share or reward.has("amount")


def _cost_required(reward: RawSection, budget: str) -> Mistake:
    detail = f"is required: a budget is charged for each reward; write what one costs in {budget}, or 0"
    return reward.mistake("cost", detail)
