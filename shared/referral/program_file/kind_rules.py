"""The fields of a reward that belong to what it is: a code, a file, a balance, a gift, or none of these."""

from collections.abc import Iterator
from typing import assert_never, cast

from referral.events.reward_rules import GENERATED
from referral.events.rewards import RewardKind, handover_of
from referral.program_file.raw_section import RawSection
from referral.program_file.tier_rules import tier_mistakes
from referral.program_file.trigger_rules import is_given
from referral.validation.mistakes import Mistake


def kind_mistakes(reward: RawSection) -> Iterator[Mistake]:  # noqa: C901 - a table
    """A reward has the fields that its kind needs, and none of another one."""
    if reward.text("kind") is None:
        return
    kind = cast("RewardKind", reward.text("kind"))
    handover = handover_of(kind)
    match handover:
        case "code":
            yield from _code(reward)
        case "file":
            yield from _refuse(reward, _NO_VALUE)
            if not reward.has("pool") or reward.text("pool") == GENERATED:
                yield reward.mistake("pool", f"is required: {kind} needs its file name, such as skincare-secrets.pdf")
        case "balance":
            yield from _balance(reward)
        case "entitlement" | "task" | "draw_entry":
            yield from _refuse(reward, {**_NO_VALUE, **_NO_POOL})
        case "shipment" | "counter":
            yield from _refuse(reward, {**_NO_VALUE, **_NO_POOL})
            if not reward.has("handover"):
                yield reward.mistake("handover", "is required: write handover: post, or handover: in_store")
        case _:
            assert_never(handover)
    if kind != "gift" and is_given(reward, "handover"):
        yield reward.mistake("handover", "belongs to a gift: remove it, or change the kind")


_NO_POOL = {"pool": "belongs to a guide or a discount_code: remove it, or change the kind"}
_NO_POINTS = {"points": "belongs to a credit: remove it, or change the kind"}
_NO_TIERS = dict.fromkeys(("tiers", "tier_period"), "belongs to a credit: remove it, or change the kind")
_NO_VALUE = {
    "percent": "belongs to a discount_code or a credit: remove it, or change the kind",
    "amount": "belongs to a credit or a discount_code: remove it, or change the kind",
    **_NO_POINTS,
    **_NO_TIERS,
    "max_amount": "belongs to a credit with percent of an order: remove it, or change the kind",
    "smallest_use": "belongs to a credit or a discount_code with an amount: remove it, or change the kind",
}


def _refuse(reward: RawSection, fields: dict[str, str]) -> Iterator[Mistake]:
    for name, detail in fields.items():
        if is_given(reward, name):
            yield reward.mistake(name, detail)


def _code(reward: RawSection) -> Iterator[Mistake]:
    """A generated code takes off a percentage or an amount; what an uploaded one takes off may be known to the shop alone."""
    has_invalid_pool = reward.has("pool") and reward.get("pool") is None
    is_generated = reward.text("pool") in (None, GENERATED)
    if is_generated and not has_invalid_pool and not reward.has("percent") and not reward.has("amount"):
        detail = "is required: a discount code needs percent, an amount, or the pool of its uploaded codes"
        yield reward.mistake("percent", detail)
    if is_given(reward, "percent") and is_given(reward, "amount"):
        yield reward.mistake("amount", "must be left out: a discount code takes off percent or amount, not both")
    if is_given(reward, "smallest_use") and not reward.has("amount"):
        yield reward.mistake("smallest_use", "belongs to an amount: a code with percent is used as a whole")
    yield from _refuse(reward, {**_NO_POINTS, **_NO_TIERS, "max_amount": _NO_VALUE["max_amount"]})


def _balance(reward: RawSection) -> Iterator[Mistake]:
    """A credit is worth an amount, points, tiers of these, or a percentage of an order: one of them."""
    of_order = reward.text("on") == "order.qualified"
    given = [name for name in ("amount", "points", "percent", "tiers") if reward.values.get(name) not in (None, [])]
    if not given:
        further = ", or percent of the order" if of_order else ""
        yield reward.mistake("amount", f"is required: a credit needs amount with currency, or points{further}")
    for name in given[1:]:
        yield reward.mistake(name, f"must be left out: the credit is worth its {given[0]}")
    if is_given(reward, "percent") and reward.text("on") and not of_order:
        yield reward.mistake("percent", "needs an order: write on: order.qualified, or amount in place of it")
    if is_given(reward, "max_amount") and not reward.has("percent"):
        yield reward.mistake("max_amount", "belongs to percent of an order: remove it")
    yield from _refuse(reward, _NO_POOL)
    yield from tier_mistakes(reward)
