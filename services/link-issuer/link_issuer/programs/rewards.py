"""The reward section of a program file: one promise each. It mirrors `referral.events.program.Reward`."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from marshmallow import ValidationError, fields, validate, validates_schema

from link_issuer.programs.report import report
from referral.events.rewards import RewardKind, Role
from referral.validation.fields import StrictSchema, choice, identifier, integer, text

GENERATED = "generated"
"""The pool whose codes are made from a pattern."""

_OCCASIONS = ("conversion.cleared", "milestone")


def _for_friends(occasion: str) -> None:
    """Refuses a reward for anything but friends who came; for sharing itself with its own words, as platforms forbid it."""
    if "shar" in occasion:
        raise ValidationError(
            "would pay for sharing itself (forced_sharing), which platforms forbid: write conversion.cleared, which pays"
            " for the friend who comes"
        )
    validate.OneOf(_OCCASIONS)(occasion)


class RewardSection(StrictSchema):
    """One promise."""

    id = identifier("a name of your own for this reward, such as guide")
    to = choice(get_args(Role), "who gets it")
    on = fields.String(
        required=True,
        validate=_for_friends,
        metadata={"description": f"when it is given: {', '.join(_OCCASIONS)}", "enum": _OCCASIONS},
    )
    kind = choice(get_args(RewardKind), "what it is")
    referrals = integer("how many friends it takes, 1 or more", 1)
    once = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "true pays the first friend only"})
    pool = fields.String(
        validate=validate.Regexp(
            r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z", error="is no name: letters, digits, . _ and - only"
        ),
        metadata={"description": "the file of a guide; for codes the uploaded pool, or generated"},
    )
    percent = integer("how much a discount code takes off, 1 to 100", 1, 100)
    worth = text("what it would cost, as people read it, such as ¥99")
    expires_days = integer("days it can be used, counted from when it is given", 1)
    fulfilment = choice(("automatic", "manual"), "who gives it out", required=False)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _fits_together(self, reward: dict[str, Any], original: object, **_: object) -> None:
        """A field that is wrong by itself is not called missing or misplaced as well."""
        wrong = set(original) - set(reward) if isinstance(original, Mapping) else set()
        report({name: [detail] for name, detail in _reward_mistakes(reward) if name not in wrong})


def _reward_mistakes(reward: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no single field of a reward shows; by field, at most one each."""
    if reward.get("on") == "milestone":
        if "referrals" not in reward:
            yield "referrals", "is missing: a milestone needs the number of friends it takes"
        if reward.get("to") == "referee":
            yield "to", "a milestone counts friends brought, so it is the referrer's: write to: referrer"
        if reward.get("once"):
            yield "once", "a milestone is reached once anyway: remove it"
    elif reward.get("on") and "referrals" in reward:
        yield "referrals", "belongs to a milestone: write on: milestone, or remove it"
    yield from _kind_mistakes(reward)


def _kind_mistakes(reward: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind, pool = reward.get("kind"), reward.get("pool")
    if kind == "discount_code":
        if pool is None and "percent" not in reward:
            yield "percent", "is missing: a discount code needs percent, or the pool its codes come from"
    elif kind and "percent" in reward:
        yield "percent", "belongs to a discount_code: remove it, or change the kind"
    if kind == "guide" and pool in (None, GENERATED):
        yield "pool", "is missing: a guide needs the name of its file, such as skincare-secrets.pdf"
