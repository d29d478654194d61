"""The fields of a reward that belong to its trigger: one case of `_fields_of` for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never, cast, get_args

from referral.events.reward_rules import PrizeTrigger, RewardTrigger
from referral.program_file.raw_section import RawSection
from referral.validation.mistakes import Mistake


@dataclass(frozen=True, slots=True)
class TriggerFields:
    """The fields that a trigger needs, with what to write, and those that it may have; no other trigger has them.

    `referrer_only`: why only a referrer can get its rewards.
    """

    needs: Mapping[str, str] = field(default_factory=dict)
    allows: frozenset[str] = frozenset()
    referrer_only: str | None = None

    def has(self, name: str) -> bool:
        """Whether a field belongs to the trigger."""
        return name in self.needs or name in self.allows


_WHO_WINS: Mapping[PrizeTrigger, str] = {
    "board.prize": "the ranks of a board are referrers",
    "draw.won": "the entries of a draw are the referrers on a board",
    "challenge.participant": "whoever posts in a challenge gets it",
    "challenge.weekly": "the author of the post of the week gets it",
    "challenge.final": "the winner of a challenge gets it",
}


def fields_of_trigger(trigger: RewardTrigger) -> TriggerFields:
    """The fields that belong to a trigger."""
    match trigger:
        case "conversion.cleared":
            return TriggerFields(allows=frozenset({"once", "tiers", "tier_period"}))
        case "milestone":
            needs = {"referrals": "a milestone needs the number of referrals it takes"}
            return TriggerFields(needs, referrer_only="a milestone counts a referrer's referrals")
        case "order.qualified":
            return TriggerFields(allows=frozenset({"min_order", "max_amount", "within_days"}))
        case "streak":
            needs = {"streak": "a streak needs the number of days or weeks in a row, such as streak: 7"}
            allows = frozenset({"streak_unit"})
            return TriggerFields(needs, allows, referrer_only="a streak counts a referrer's referrals")
        case "board.prize" | "draw.won" | "challenge.participant" | "challenge.weekly" | "challenge.final":
            return TriggerFields(referrer_only=_WHO_WINS[trigger])
        case _:
            assert_never(trigger)


_ALL: Mapping[RewardTrigger, TriggerFields] = {name: fields_of_trigger(name) for name in get_args(RewardTrigger)}
_OWNED = list(dict.fromkeys(name for one in _ALL.values() for name in (*one.needs, *sorted(one.allows))))


def trigger_mistakes(reward: RawSection) -> Iterator[Mistake]:
    """A reward has the fields that its trigger needs, and none of another one."""
    if reward.text("on") is None:
        return
    trigger = cast("RewardTrigger", reward.text("on"))
    own = _ALL[trigger]
    for name, remedy in own.needs.items():
        if not reward.has(name):
            yield reward.mistake(name, f"is required: {remedy}")
    for name in _OWNED:
        if not own.has(name) and is_given(reward, name):
            owner = next(other for other, fields in _ALL.items() if fields.has(name))
            yield reward.mistake(name, f"belongs to on: {owner}: write that, or remove it")
    if own.referrer_only and reward.text("to") == "referee":
        yield reward.mistake("to", f"must be referrer: {own.referrer_only}")
    yield from _where(reward, trigger)


def is_given(section: RawSection, name: str) -> bool:
    """Whether a field has a valid value other than false and an empty list."""
    value = section.get(name)
    return value is not None and value is not False and value != []


def _where(reward: RawSection, trigger: RewardTrigger) -> Iterator[Mistake]:
    where = reward.section("where")
    if trigger in _WHO_WINS:
        for name in ("channels", "partners", "content", "first_order"):
            if is_given(where, name):
                yield where.mistake(name, f"belongs to rewards for referrals and orders: remove it from on: {trigger}")
        return
    if trigger != "order.qualified" and is_given(where, "first_order"):
        yield where.mistake("first_order", "belongs to on: order.qualified: write that, or remove it")
